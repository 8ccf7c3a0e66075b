/// A task that will never run, because one before it failed.
public struct FailedStep: Sendable, Hashable {
    /// The task's id, or that of a group.
    public var taskID: String
    /// The group that the task is a part of.
    public var groupID: String?
    /// The task that sent this one, where the signature says.
    public var parentID: String?
    /// The part of a chord that it would have returned, and so returns as failed.
    public var part: ChordPart?

    /// The document that tells whoever waits for the task of the failure. Throws ``BodyError`` as
    /// ``ResultDocument/failure(_:_:traceback:at:)`` does.
    public func document(
        _ failure: TaskFailure, traceback: String? = nil, at date: WallTime
    ) throws(BodyError) -> ResultDocument {
        var document = try ResultDocument.failure(self.taskID, failure, traceback: traceback, at: date)
        document.groupID = self.groupID
        document.parentID = self.parentID
        return document
    }
}

extension FailedStep {
    /// The tasks of signatures as far as their ids are known, each id once.
    ///
    /// Celery fails a group by the group's id alone; here its members fail too, because somebody may wait for them.
    /// `makeID` makes the delivery tags of messages that ask for joins, which are in the trace of the sender.
    static func steps(
        of signatures: [Signature], rootID: String?, sender: TaskHeaders?, makeID: @escaping () -> String
    ) -> [FailedStep] {
        var walk = Walk(rootID: rootID, sender: sender, makeID: makeID)
        for signature in signatures { walk.add(signature, inGroup: nil, returns: true) }
        return walk.steps
    }

    private struct Walk {
        let rootID: String?
        let sender: TaskHeaders?
        let makeID: () -> String
        var steps: [FailedStep] = []
        private var places: [String: Int] = [:]

        init(rootID: String?, sender: TaskHeaders?, makeID: @escaping () -> String) {
            (self.rootID, self.sender, self.makeID) = (rootID, sender, makeID)
        }

        /// `returns` for what has a part of the signature's result, and so the part of a chord.
        mutating func add(_ signature: Signature, inGroup group: String?, returns: Bool) {
            switch signature.kind {
            case .task, .other:
                self.addStep(signature, inGroup: group, part: returns ? self.part(of: signature) : nil)
            case .group:
                self.addStep(signature, inGroup: group, part: nil)
                let placed = returns ? signature.placed : signature
                for member in placed.tasks ?? [] { self.add(member, inGroup: signature.taskID, returns: returns) }
            case .chain:
                let steps = (returns ? signature.placed : signature).steps
                for (index, step) in steps.enumerated() {
                    self.add(step, inGroup: nil, returns: returns && index == steps.count - 1)
                }
            case .chord:
                self.addStep(signature, inGroup: group, part: nil)
                for member in signature.header { self.add(member, inGroup: signature.taskID, returns: false) }
                if let body = signature.placed.body { self.add(body, inGroup: nil, returns: returns) }
            }
            for step in signature.chain.reversed() { self.add(step, inGroup: nil, returns: true) }
        }

        private func part(of signature: Signature) -> ChordPart? {
            guard let id = signature.taskID else { return nil }
            // A body that was read from JSON has a JSON form.
            return try? ChordPart(
                id, group: signature.option("group_id")?.asString, index: signature.option("group_index")?.asInt,
                chord: signature.chord, rootID: self.rootID, sender: self.sender, deliveryTag: self.makeID())
        }

        private mutating func addStep(_ signature: Signature, inGroup group: String?, part: ChordPart?) {
            guard let id = signature.taskID else { return }
            if let place = self.places[id] {
                // A chord that has its body's id.
                self.steps[place].part = self.steps[place].part ?? part
                return
            }
            self.places[id] = self.steps.count
            self.steps.append(
                FailedStep(
                    taskID: id, groupID: signature.option("group_id")?.asString ?? group,
                    parentID: signature.option("parent_id")?.asString, part: part))
        }
    }
}

extension Signature {
    /// The signature with its options about results where its tasks have them.
    fileprivate var placed: Signature {
        var placed = self
        placed.place(self.options.only(["group_id", "group_index", "chord"]))
        return placed
    }
}
