/// What follows a task: its callbacks, the next step of its chain, its errbacks. Sends nothing, reads no clock.
///
/// Chords are not started: a callback or step that is one is an error. Neither is a chord that the task itself is a
/// part of (``Embed/chord``) told of the outcome; it stays in the body of retries.
public struct Continuation: Sendable {
    /// The headers of the task's message.
    public var headers: TaskHeaders
    /// What the message carries for the time after the task.
    public var embed: Embed
    /// The queue of signatures that name none. Default `celery`. Celery setting: `task_default_queue`.
    public var defaultQueue = "celery"
    /// Who sends; the `origin` of messages whose signature names none.
    public var origin: String?
    /// Where results of the `rpc` backend go when the signature does not say.
    public var replyTo: String?

    /// What follows the task of a message.
    public init(of headers: TaskHeaders, _ embed: Embed) {
        self.headers = headers
        self.embed = embed
    }

    /// What follows when the task returned.
    public struct Success: Sendable, Hashable {
        /// The messages to be sent, in this order, before the result is stored.
        public var publications: [Publication] = []
        /// What the result document names as children, in order of sending.
        public var children: [ResultNode] = []
    }

    /// What follows when the task failed.
    public struct Failure: Sendable, Hashable {
        /// The messages of the errbacks, to be sent when the result is stored.
        public var publications: [Publication] = []
        /// Tasks that will never run. Each gets the same failure, in this order.
        public var failedSteps: [FailedStep] = []
        /// Why errbacks are missing from ``publications``: one error for each. The failure is stored nevertheless.
        public var unsent: [BodyError] = []
    }

    /// What follows when the task returned `value`: callbacks, then the next step of the chain.
    ///
    /// `now` is in seconds since 1970; `makeID` makes task ids, group ids and delivery tags. Throws ``BodyError`` when
    /// a part cannot be sent: then nothing is, and the task has failed.
    public func succeeded(
        with value: CeleryValue, now: Double, makeID: @escaping () -> String
    ) throws(BodyError) -> Success {
        var sender = SignatureSender(self, now: now, makeID: makeID)
        let call = self.call([value])
        var sent = try self.sendCallbacks(call, by: &sender)
        if let next = try sender.sendNext(of: self.embed.chain, call) { sent.append(next) }
        return Success(publications: sender.publications, children: sent.map(\.first))
    }

    /// What follows when the task failed for good: not when it is retried or was revoked.
    ///
    /// All errbacks are of the old style: each gets the failed task's id. `now` and `makeID` are as in
    /// ``succeeded(with:now:makeID:)``.
    public func failed(now: Double, makeID: @escaping () -> String) -> Failure {
        var failure = Failure(failedSteps: FailedStep.steps(of: self.embed.chain))
        if self.embed.errbacks.isEmpty { return failure }
        var sender = SignatureSender(self, now: now, makeID: makeID)
        let group = makeID()
        for (index, errback) in SignatureSender.flattened(self.embed.errbacks).enumerated() {
            do throws(BodyError) {
                let call = self.call([.string(self.headers.id)]).inGroup(group, index: index)
                _ = try sender.send(errback, call)
            } catch {
                failure.unsent.append(error)
            }
        }
        failure.publications = sender.publications
        return failure
    }

    private func sendCallbacks(
        _ call: SignatureSender.Call, by sender: inout SignatureSender
    ) throws(BodyError) -> [SignatureSender.Sent] {
        let callbacks = self.embed.callbacks
        if callbacks.count == 1 { return try sender.send(callbacks[0], call).map { [$0] } ?? [] }
        var sent: [SignatureSender.Sent] = []
        for group in callbacks where group.kind == .group {
            if let group = try sender.send(group, call) { sent.append(group) }
        }
        let others = callbacks.filter { $0.kind != .group }
        if !others.isEmpty { sent.append(try sender.sendGroup(of: others, call)) }
        return sent
    }

    private func call(_ args: [CeleryValue]) -> SignatureSender.Call {
        SignatureSender.Call(
            args: args,
            options: [
                "root_id": .string(self.headers.rootID ?? self.headers.id), "parent_id": .string(self.headers.id),
            ]
        )
    }
}
