import Broker
import Celery
import JSON
import Supervision
import Syscalls
import Wire
import WorkerStatus

/// Duty 2: each message that was taken to where it belongs.
extension RedisBroker {
    func arrived(_ bytes: ArraySlice<UInt8>, number: UInt64, queue: String, deliveriesBefore: Int, now: Instant) {
        do {
            let (head, bytes) = try self.readable(bytes)
            self.sort(bytes, head, number, queue, deliveriesBefore, now)
        } catch {
            let known = error as? EnvelopeError
            self.refuse(bytes, number, queue, .malformed, "\(error)", id: known?.taskID, task: known?.task)
        }
    }

    /// A message of protocol 1 says everything in its body: it is written again in protocol 2.
    private func readable(_ bytes: ArraySlice<UInt8>) throws -> (MessageHead, ArraySlice<UInt8>) {
        let head = try MessageHead(scanning: bytes)
        guard head.isProtocolOne else { return (head, bytes) }
        let envelope = try Envelope(parsing: bytes).inProtocolTwo()
        return (try MessageHead(envelope), envelope.serialized()[...])
    }

    private func sort(
        _ bytes: ArraySlice<UInt8>, _ head: MessageHead, _ number: UInt64, _ queue: String, _ deliveriesBefore: Int,
        _ now: Instant
    ) {
        guard let task = self.directory.index(of: head.task) else {
            return self.refuseUnknown(bytes, head, number, queue, deliveriesBefore, now)
        }
        let claim: SignatureClaim?
        do throws(SignatureRefusal) {
            claim = try self.checkSignatures(bytes, head, task)
        } catch {
            return self.refuse(bytes, number, queue, error.reason, error.text, head)
        }
        let profile = self.profiles.profile(task)
        self.held[number] = HeldMessage(
            tag: self.tag(number), bytes: bytes, head: head, queue: queue, task: task, epoch: self.epoch,
            arrivedAt: now, deliveriesBefore: deliveriesBefore, place: .waiting(since: now), losses: head.losses,
            ownLimits: self.ownLimits(head, profile.limits), claim: claim)
        guard let claim else { return self.judge(number, now: now) }
        if let eta = head.eta, eta > self.serverSeconds { return self.putAside(number, until: eta, now: now) }
        self.askForClaim(number, claim)
    }

    /// A message that is known to be none's copy: over, not due, or to be started.
    func judge(_ number: UInt64, now: Instant) {
        guard let message = self.held[number] else { return }
        let (head, profile) = (message.head, self.profiles.profile(message.task))
        if message.deliveriesBefore >= self.options.maxDeliveries {
            return self.bury(
                number, .tooManyDeliveries, "it was handed out \(message.deliveriesBefore) times before")
        }
        if self.isJoin(message) { return self.askForParts(number) }
        if head.losses >= profile.retry.maxLosses { return self.failLost(number, profile.pool) }
        if !self.revocations.isEmpty, self.isRevoked(message) { return self.endRevoked(number) }
        if let eta = head.eta, eta > self.serverSeconds { return self.putAside(number, until: eta, now: now) }
        if let expires = head.expires, expires <= self.serverSeconds { return self.expire(number) }
        let admission = self.profiles.delivery(message.task).admission
        if admission.isLimited { return self.askForAdmission(number, admission) }
        self.begin(number, now: now)
    }

    /// The message may start: as soon as a child has a place for it.
    func begin(_ number: UInt64, now: Instant) {
        guard let message = self.held[number] else { return }
        let pool = self.profiles.profile(message.task).pool
        self.tellReceived(message)
        self.held[number]!.place = .waiting(since: now)
        if self.profiles.delivery(message.task).acknowledgement == .early {
            return self.acknowledgeEarly(number, pool)
        }
        self.enqueue(number, pool: pool)
    }

    /// Limits that the message itself sets.
    private func ownLimits(_ head: MessageHead, _ limits: TaskLimits) -> SharedLimits? {
        guard head.hardLimit != nil || head.softLimit != nil else { return nil }
        var limits = limits
        if let hard = head.hardLimit { limits.hardTime = Self.duration(hard) }
        if let soft = head.softLimit { limits.softTime = Self.duration(soft) }
        // A soft limit that the hard one cuts off never comes.
        if let soft = limits.softTime, let hard = limits.hardTime, soft >= hard { limits.softTime = nil }
        return SharedLimits(limits)
    }

    private static func duration(_ seconds: Double) -> Duration {
        .nanoseconds(Int64(min(seconds, 9e9) * 1e9))
    }

    private func enqueue(_ number: UInt64, pool: Int) {
        // A message may come while the worker stops: it goes back at once.
        if self.isStopping { return self.putBack(number, front: true) }
        self.waiting[pool].append(number)
    }

    /// A message that is not due waits at the server, in no worker's memory.
    func putAside(_ number: UInt64, until eta: Double, now: Instant) {
        guard let message = self.held[number] else { return }
        self.tellReceived(message)
        var settlement = message.settlement
        settlement.effects = [.schedule(at: eta, member: self.scheduledMember(message, message.bytes))]
        self.taking.scheduled(for: now + Self.duration(eta - self.serverSeconds))
        FaultPoint.reached(.putAside)
        self.settle(number, settlement)
    }

    func scheduledMember(_ message: HeldMessage, _ bytes: ArraySlice<UInt8>) -> [UInt8] {
        ScheduledMember.encode(bytes, list: self.keys.queue(message.queue, priority: message.head.priority))
    }

    /// The server forgets the message before its task runs, and confirms that it has.
    private func acknowledgeEarly(_ number: UInt64, _ pool: Int) {
        guard let message = self.held[number] else { return }
        self.held[number]!.place = .settling
        var settlement = message.settlement
        settlement.effects += self.countsForgotten(message)
        if let claim = message.claim { settlement.effects.append(claim.ended) }
        settlement.then = { [unowned self] outcome in
            FaultPoint.reached(.earlyAnswered)
            // Losing is worse than repeating: what was most likely acknowledged by us runs.
            guard outcome == .done || outcome == .unclear else { return self.forget(number, outcome) }
            self.held[number]?.isAcknowledged = true
            self.held[number]?.place = .waiting(since: self.loop.now)
            self.enqueue(number, pool: pool)
        }
        self.queue(settlement)
        FaultPoint.reached(.earlyQueued)
    }

    /// A message that has cost as many children as it may, in workers that could not end it.
    private func failLost(_ number: UInt64, _ pool: Int) {
        guard let message = self.held[number] else { return }
        var outcome = TaskOutcome(.failure, attempts: message.attemptsMade)
        outcome.failure = TaskOutcome.Failure(
            type: "WorkerLostError", message: "it has cost \(message.losses) children", cause: "signal")
        self.held[number]!.failure = outcome
        self.meters[message.task].ended(.failure, cause: outcome.failure?.cause)
        self.enqueue(number, pool: pool)
    }

    func expire(_ number: UInt64) {
        guard let message = self.held[number] else { return }
        var outcome = TaskOutcome(.revoked, attempts: message.head.retries)
        outcome.failure = TaskOutcome.Failure(type: "TaskRevokedError", message: "expired")
        self.endUnrun(number, outcome)
    }

    // MARK: Dead letters

    /// How often a message that was handed out too often is given to a child that tells what follows its end.
    private static let mostOpenings = 3

    /// No task of ours. When something follows it, a child opens it to tell what.
    private func refuseUnknown(
        _ bytes: ArraySlice<UInt8>, _ head: MessageHead, _ number: UInt64, _ queue: String, _ deliveriesBefore: Int,
        _ now: Instant
    ) {
        let name = String(decoding: head.task, as: UTF8.self)
        let text = "no task is called \(name)"
        let opener = self.directory.index(of: Array(ChordPart.joinTask.utf8)[...])
        guard let opener, !FollowedMessage.carriesNothing(head) else {
            return self.refuse(
                bytes, number, queue, .notRegistered, text, id: String(decoding: head.id, as: UTF8.self), task: name)
        }
        self.held[number] = HeldMessage(
            tag: self.tag(number), bytes: bytes, head: head, queue: queue, task: opener, epoch: self.epoch,
            arrivedAt: now, deliveriesBefore: deliveriesBefore, place: .waiting(since: now), losses: head.losses)
        var outcome = TaskOutcome(.failure, attempts: 0)
        outcome.failure = TaskOutcome.Failure(type: "NotRegistered", message: name)
        self.endUnrun(number, outcome, dead: .notRegistered)
    }

    /// A message that was too large to be handed out: the server has put it to the dead letters as it came.
    func tooLarge(size: Int, id: String, queue: String) {
        let text = "the message has \(size) bytes, the limit is \(self.options.maxMessage)"
        var letter = DeadLetter(reason: .tooLarge, text: text, queue: queue, message: [])
        letter.taskID = id.isEmpty ? nil : id
        self.logDeath(letter)
        guard let documents, !id.isEmpty else { return }
        var settlement = Settlement(tag: "", epoch: self.epoch)
        settlement.effects = [documents.failure(id: id, .undecodable(text), at: self.loop.wallSeconds)]
        self.queue(settlement)
    }

    /// A message that cannot be run and of which nothing is held: kept as it came, and its sender is told if known.
    private func refuse(
        _ bytes: ArraySlice<UInt8>, _ number: UInt64, _ queue: String, _ reason: DeadLetter.Reason, _ text: String,
        id: String? = nil, task: String? = nil
    ) {
        var letter = DeadLetter(reason: reason, text: text, queue: queue, message: bytes)
        letter.taskID = id
        letter.task = task
        var settlement = Settlement(tag: self.tag(number), epoch: self.epoch)
        settlement.effects = [self.effect(letter, number)]
        if let id {
            settlement.effects.append(.forget(key: self.keys.deliveries + id))
            settlement.effects.append(.forget(key: self.keys.scheduledTask(id)))
        }
        if let id, let documents {
            let failure = reason == .notRegistered ? TaskFailure.notRegistered(task ?? "") : .undecodable(text)
            settlement.effects.append(documents.failure(id: id, failure, at: self.loop.wallSeconds))
        }
        self.logDeath(letter)
        if reason == .notRegistered, let id { self.tellNotRegistered(id: id, task: task ?? "") }
        self.settle(number, settlement)
    }

    /// A message that may not run for its signature's sake. No result is stored: whoever sent it may not speak for the task
    /// whose id it has.
    private func refuse(
        _ bytes: ArraySlice<UInt8>, _ number: UInt64, _ queue: String, _ reason: DeadLetter.Reason, _ text: String,
        _ head: MessageHead
    ) {
        var letter = DeadLetter(reason: reason, text: text, queue: queue, message: bytes)
        letter.taskID = String(decoding: head.id, as: UTF8.self)
        letter.task = String(decoding: head.task, as: UTF8.self)
        letter.priority = head.priority
        var settlement = Settlement(tag: self.tag(number), epoch: self.epoch)
        settlement.effects = [self.effect(letter, number)]
        self.logDeath(letter)
        self.settle(number, settlement)
    }

    /// A message that is held is dead: no attempt will be made any more.
    private func bury(_ number: UInt64, _ reason: DeadLetter.Reason, _ text: String) {
        guard let message = self.held[number] else { return }
        var outcome = TaskOutcome(.failure, attempts: message.attemptsMade)
        outcome.failure = TaskOutcome.Failure(type: "WorkerLostError", message: text, cause: reason.rawValue)
        // One that ends whole workers may do so when it is opened, too.
        let isHopeless = message.deliveriesBefore >= self.options.maxDeliveries + Self.mostOpenings
        if isHopeless { return self.settle(number, message, outcome, dead: reason) }
        self.endUnrun(number, outcome, dead: reason)
    }

    func effect(_ letter: DeadLetter, _ number: UInt64) -> Settlement.Effect {
        let now = self.loop.wallSeconds
        return .dead(id: self.tag(number), record: letter.encoded(by: self.options.nodeName, at: now), at: now)
    }

    func logDeath(_ letter: DeadLetter) {
        self.counts.dead += 1
        self.deadByReason[letter.reason, default: 0] += 1
        if letter.reason == .notRegistered { self.meters.unknown.ended(.failure, cause: letter.reason.rawValue) }
        self.logger.error(
            "message.dead",
            metadata: [
                "task.id": "\(letter.taskID ?? "")", "task.name": "\(letter.task ?? "")", "queue": "\(letter.queue)",
                "reason": "\(letter.reason.rawValue)", "text": "\(letter.text)",
            ])
    }
}
