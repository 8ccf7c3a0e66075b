/// A task that has another one, or a whole workflow, do its work and have its result.
extension Continuation {
    /// What is sent in place of the task: under its id, with its callbacks, errbacks, chord and all that follows it.
    ///
    /// A group returns the list of its results. Throws ``BodyError`` when it cannot be sent, or has nothing in it.
    public func replaced(
        by signature: Signature, now: Double, makeID: @escaping () -> String
    ) throws(BodyError) -> Success {
        var chain = Signature.chain([signature])
        if case .group? = chain.steps.last?.kind { chain = .chain([signature, Self.first]) }
        if chain.steps.isEmpty { throw BodyError(.notATask, "A task cannot be replaced by nothing.") }
        chain.addLinks(self.embed.callbacks)
        chain.addErrorLinks(self.embed.errbacks)
        chain.place(self.place)
        chain.freeze(makeID: makeID)
        let nesting: CeleryObject = ["replaced_task_nesting": .integer(self.headers.replacedTaskNesting + 1)]
        let steps = (self.embed.chain + chain.steps.reversed()).map { step in
            var step = step
            step.options = step.options.merging(nesting)
            return step
        }
        var sender = self.sender(now, makeID)
        let sent = try sender.sendNext(of: steps, self.call([]))
        return Success(
            publications: sender.publications, children: sent.map { [$0.first] } ?? [], chords: sender.chords)
    }

    /// Where the task's result belongs.
    private var place: CeleryObject {
        var place: CeleryObject = ["task_id": .string(self.headers.id)]
        place["group_id"] = self.headers.group.map { .string($0) }
        place["group_index"] = self.headers.groupIndex.map { .integer($0) }
        place["chord"] = self.embed.chord?.value
        return place
    }

    /// The results of a group's tasks are the one argument of what follows it.
    private static let first = Signature(task: "celery.accumulate", kwargs: ["index": 0])
}
