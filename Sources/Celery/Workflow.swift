/// A workflow that is ready to be sent by a program: the messages of the tasks that begin it, and the ids of all.
public struct Workflow: Sendable {
    /// The messages, in the order in which to send them, after the chords are known to the result backend.
    public let publications: [Publication]
    /// The chords that begin with them.
    public let chords: [ChordStart]
    /// What has the result; its parents come before it. `nil` when there is nothing to be run.
    public let result: ResultNode?
    /// The ids of all tasks and groups.
    public let ids: [String]

    /// The messages of a signature.
    ///
    /// `queue` is for tasks that name none, `now` in seconds since 1970, `makeID` makes ids and delivery tags. Throws
    /// ``BodyError`` for what cannot be sent.
    public init(
        _ signature: Signature, queue: String, origin: String?, now: Double, makeID: @escaping () -> String
    ) throws(BodyError) {
        let source = SignatureSender.Source(defaultQueue: queue, origin: origin)
        var sender = SignatureSender(source, now: now, makeID: makeID)
        let frozen = signature.frozen(makeID)
        let sent = try sender.send(frozen, SignatureSender.Call())
        self.result = sent?.last
        self.publications = sender.publications
        self.chords = sender.chords
        self.ids = FailedStep.steps(of: [frozen], rootID: nil, sender: nil, makeID: makeID).map(\.taskID)
    }
}

extension ResultNode {
    /// Every task and group in it, its parents included.
    public var ids: [String] {
        switch self {
        case .task(let id, let parent): (parent?.ids ?? []) + [id]
        case .group(let id, let parent, let members): (parent?.ids ?? []) + members.flatMap(\.ids) + [id]
        }
    }
}
