/// What follows a task: its callbacks, the next step of its chain, its errbacks, its part of a chord. Sends nothing, reads
/// no clock.
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
        /// The chords that begin with the messages.
        public var chords: [ChordStart] = []
        /// The part of a chord that the task returns.
        public var part: ChordPart?

        /// Nothing.
        public init() {}

        init(publications: [Publication], children: [ResultNode], chords: [ChordStart]) {
            (self.publications, self.children, self.chords) = (publications, children, chords)
        }
    }

    /// What follows when the task failed.
    public struct Failure: Sendable, Hashable {
        /// The messages of the errbacks, to be sent when the result is stored.
        public var publications: [Publication] = []
        /// The chords that begin with the messages.
        public var chords: [ChordStart] = []
        /// Tasks that will never run. Each gets the same failure, in this order.
        public var failedSteps: [FailedStep] = []
        /// The part of a chord that the task returns.
        public var part: ChordPart?
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
        var sender = self.sender(now, makeID)
        let call = self.call([value])
        var sent = try self.sendCallbacks(call, by: &sender)
        if let next = try sender.sendNext(of: self.embed.chain, call) { sent.append(next) }
        var success = Success(publications: sender.publications, children: sent.map(\.first), chords: sender.chords)
        success.part = try self.part(makeID)
        return success
    }

    /// What is sent when the task asks for a workflow. Throws ``BodyError`` when it cannot be sent.
    public func sent(
        _ signature: Signature, now: Double, makeID: @escaping () -> String
    ) throws(BodyError) -> Success {
        var sender = self.sender(now, makeID)
        let sent = try sender.send(signature, self.call([]))
        return Success(
            publications: sender.publications, children: sent.map { [$0.first] } ?? [], chords: sender.chords)
    }

    /// What follows when the task failed for good: not when it is retried. When it was called off, its errbacks are not
    /// sent.
    ///
    /// All errbacks are of the old style: each gets the failed task's id. `now` and `makeID` are as in
    /// ``succeeded(with:now:makeID:)``.
    public func failed(now: Double, makeID: @escaping () -> String) -> Failure {
        var failure = self.failure(of: [(self.headers.id, self.embed.errbacks)], now, makeID)
        failure.failedSteps = FailedStep.steps(
            of: self.embed.chain, rootID: self.headers.rootID, sender: self.headers, makeID: makeID)
        do throws(BodyError) { failure.part = try self.part(makeID) } catch { failure.unsent.append(error) }
        return failure
    }

    /// The messages of errbacks, each with the id of the task whose they are.
    func failure(
        of tasks: [(id: String, errbacks: [Signature])], _ now: Double, _ makeID: @escaping () -> String
    ) -> Failure {
        var failure = Failure()
        var sender = self.sender(now, makeID)
        for (id, errbacks) in tasks where !errbacks.isEmpty {
            let group = makeID()
            for (index, errback) in Signature.flattened(errbacks).enumerated() {
                do throws(BodyError) {
                    _ = try sender.send(errback, self.call([.string(id)], by: id).inGroup(group, index: index))
                } catch {
                    failure.unsent.append(error)
                }
            }
        }
        failure.publications = sender.publications
        failure.chords = sender.chords
        return failure
    }

    private func part(_ makeID: () -> String) throws(BodyError) -> ChordPart? {
        if self.embed.chord == nil { return nil }
        return try ChordPart(
            self.headers.id, group: self.headers.group, index: self.headers.groupIndex, chord: self.embed.chord,
            rootID: self.headers.rootID, sender: self.headers, deliveryTag: makeID())
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

    func sender(_ now: Double, _ makeID: @escaping () -> String) -> SignatureSender {
        let source = SignatureSender.Source(
            headers: self.headers, defaultQueue: self.defaultQueue, origin: self.origin, replyTo: self.replyTo)
        return SignatureSender(source, now: now, makeID: makeID)
    }

    func call(_ args: [CeleryValue], by id: String? = nil) -> SignatureSender.Call {
        SignatureSender.Call(
            args: args,
            options: [
                "root_id": .string(self.headers.rootID ?? self.headers.id), "parent_id": .string(id ?? self.headers.id),
            ]
        )
    }
}
