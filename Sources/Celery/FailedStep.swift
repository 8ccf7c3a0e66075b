/// A task of a chain that will never run, because one before it failed.
public struct FailedStep: Sendable, Hashable {
    /// The task's id, or that of a group.
    public var taskID: String
    /// The group that the task is a part of.
    public var groupID: String?
    /// The task that sent this one, where the signature says.
    public var parentID: String?

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
    static func steps(of signatures: [Signature]) -> [FailedStep] {
        var steps: [FailedStep] = []
        for signature in signatures { self.add(signature, inGroup: nil, to: &steps) }
        var ids: Set<String> = []
        return steps.filter { ids.insert($0.taskID).inserted }
    }

    private static func add(_ signature: Signature, inGroup group: String?, to steps: inout [FailedStep]) {
        let group = signature.option("group_id")?.asString ?? group
        let id = signature.taskID
        if let id {
            let parent = signature.option("parent_id")?.asString
            steps.append(FailedStep(taskID: id, groupID: group, parentID: parent))
        }
        switch signature.kind {
        case .group: for member in signature.tasks ?? [] { self.add(member, inGroup: id, to: &steps) }
        case .chain: for task in signature.tasks ?? [] { self.add(task, inGroup: nil, to: &steps) }
        case .chord: for part in signature.chordParts { self.add(part, inGroup: nil, to: &steps) }
        case .task, .other: break
        }
    }
}
