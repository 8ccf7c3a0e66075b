/// What follows the message of ``ChordPart/join``: its headers name the part that returned last, it carries the body.
extension Continuation {
    /// What follows when all parts have succeeded: the body, with the list of their results. Throws ``BodyError`` when it
    /// cannot be sent.
    public func joined(
        _ values: [CeleryValue], now: Double, makeID: @escaping () -> String
    ) throws(BodyError) -> Success {
        guard let body = self.embed.chord else { throw BodyError(.notATask, "The message carries no body of a chord.") }
        var sender = self.sender(now, makeID)
        let sent = try sender.send(body, self.call([.array(values)], by: self.headers.parentID))
        return Success(
            publications: sender.publications, children: sent.map { [$0.first] } ?? [], chords: sender.chords)
    }

    /// What follows when the body will not run: its errbacks, the end of all that would have followed it, and its part of
    /// the chord around it.
    public func notJoined(now: Double, makeID: @escaping () -> String) -> Failure {
        guard let body = self.embed.chord?.frozen(makeID) else { return Failure() }
        let tasks = Self.errbacks(of: body)
        var failure = self.failure(of: tasks, now, makeID)
        failure.failedSteps = FailedStep.steps(
            of: [body], rootID: self.headers.rootID, sender: self.headers, makeID: makeID)
        return failure
    }

    /// The tasks that would have run first, with their errbacks. Those of a compound are its tasks' too.
    private static func errbacks(of signature: Signature) -> [(id: String, errbacks: [Signature])] {
        var own = signature
        own.addErrorLinks(signature.kind == .task ? [] : signature.errorLinks)
        switch own.kind {
        case .task, .other: return [(own.taskID ?? "", own.errorLinks)]
        case .group: return (own.tasks ?? []).flatMap { self.errbacks(of: $0) }
        case .chain: return own.steps.first.map { self.errbacks(of: $0) } ?? []
        case .chord: return own.body.map { self.errbacks(of: $0) } ?? []
        }
    }
}
