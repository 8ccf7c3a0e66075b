import Broker
import Celery
import Supervision
import Syscalls
import Wire
import WorkerStatus

/// Duty 3: what an ending is made of.
extension RedisBroker {
    public func started(_ tag: DeliveryTag, pid: Int32?, now: Instant) {
        FaultPoint.reached(.accepted)
        self.began(tag, pid: pid, now: now)
        guard let message = self.held[tag.number], message.failure == nil, let documents,
            self.storesResults(of: message), self.profiles.delivery(message.task).tracksStart
        else { return }
        var settlement = message.settlement
        settlement.ends = false
        settlement.effects = [documents.started(message, pid: pid)]
        self.queue(settlement)
    }

    private func began(_ tag: DeliveryTag, pid: Int32?, now: Instant) {
        guard let message = self.held[tag.number] else { return }
        self.held[tag.number]!.hasStarted = true
        // One that has failed is not run: a child only tells what follows.
        guard message.failure == nil else { return }
        self.held[tag.number]!.started = (self.loop.wallSeconds, pid)
        self.startedByTask[message.task] += 1
        if !message.hasStarted { self.meters[message.task].started(after: (now - message.arrivedAt).wholeNanoseconds) }
        self.tellStarted(message)
        if message.isToEnd { self.endAttempt(tag, true) }
    }

    public func complete(_ delivery: Delivery, _ outcome: TaskOutcome, now: Instant) {
        FaultPoint.reached(.outcomeSeen)
        let number = delivery.tag.number
        guard let message = self.held[number] else { return }
        let outcome = Self.readBack(outcome)
        if var first = message.failure {
            first.aftermath = outcome.aftermath
            return self.settleFailed(number, message, first)
        }
        if outcome.failure?.type == "WorkerLostError" { self.held[number]!.losses = delivery.losses + 1 }
        if self.needsAftermath(outcome, message) { return self.askWhatFollows(number, outcome, now: now) }
        self.settle(number, message, outcome, dead: self.deathReason(outcome))
    }

    /// A document is made in memory, and a large result therefore read back from its file.
    private static func readBack(_ outcome: TaskOutcome) -> TaskOutcome {
        var outcome = outcome
        do {
            outcome.result = .memory(try outcome.result.bytes())
        } catch {
            outcome.state = .failure
            outcome.result = .empty
            outcome.aftermath = nil
            let message = "the result cannot be read back: \(error)"
            outcome.failure = TaskOutcome.Failure(type: "ResultTooLarge", message: message)
        }
        return outcome
    }

    /// A message that costs children is kept for people to look at, and so is one that nobody can open.
    func deathReason(_ outcome: TaskOutcome) -> DeadLetter.Reason? {
        switch (outcome.failure?.type, outcome.failure?.cause) {
        case ("WorkerLostError", _): .crashes
        case ("DecodeError", nil): .undecodable
        default: nil
        }
    }

    func settle(
        _ number: UInt64, _ message: HeldMessage, _ outcome: TaskOutcome, dead reason: DeadLetter.Reason? = nil
    ) {
        var settlement = message.settlement
        for publication in self.isSent(outcome, message) ? outcome.aftermath?.publications ?? [] : [] {
            let list = self.keys.queue(
                String(decoding: publication.queue, as: UTF8.self), priority: Int(publication.priority))
            settlement.effects.append(.push(list: list, message: self.signed(publication.message, for: message)))
        }
        self.addChords(to: &settlement, message, outcome)
        if let reason { settlement.effects.append(self.deathEffect(number, message, outcome, reason)) }
        settlement.effects += self.countsForgotten(message) + self.scheduleTold(message)
        if let claim = message.claim { settlement.effects.append(claim.ended) }
        self.held[number]?.toldEnd = self.end(.outcome(outcome, self.limits(of: message)))
        self.addDocuments(to: &settlement, message, outcome)
        self.addJoin(to: &settlement, message)
        self.settle(number, settlement)
    }

    private func deathEffect(
        _ number: UInt64, _ message: HeldMessage, _ outcome: TaskOutcome, _ reason: DeadLetter.Reason
    ) -> Settlement.Effect {
        let text = outcome.failure?.message ?? ""
        var letter = DeadLetter(
            reason: reason, text: reason == .notRegistered ? "no task is called \(text)" : text, queue: message.queue,
            message: message.bytes)
        letter.taskID = String(decoding: message.head.id, as: UTF8.self)
        letter.task = String(decoding: message.head.task, as: UTF8.self)
        letter.priority = message.head.priority
        letter.outcome = outcome
        self.logDeath(letter)
        return self.effect(letter, number)
    }

    private func addDocuments(to settlement: inout Settlement, _ message: HeldMessage, _ outcome: TaskOutcome) {
        guard self.documents != nil else { return }
        let now = self.loop.wallSeconds
        if self.storesResults(of: message), outcome.aftermath?.isReplaced != true {
            let limits = self.limits(of: message)
            settlement.effects.append(self.documents!.document(message, outcome, limits: limits, at: now))
        }
        guard let documents else { return }
        for step in outcome.aftermath?.failedSteps ?? [] {
            settlement.effects.append(documents.failed(step, with: outcome, at: now))
        }
    }

    /// The limits that its last attempt had.
    func limits(of message: HeldMessage) -> TaskLimits {
        let own = message.ownLimits?.limits ?? self.profiles.profile(message.task).limits
        return message.losses > 0 ? own.doubled : own
    }

    private func storesResults(of message: HeldMessage) -> Bool {
        let ignores = message.head.ignoresResult ?? false
        return !ignores && !self.profiles.delivery(message.task).ignoresResult
    }

    public func retry(
        _ delivery: Delivery, after wait: Duration, because failure: TaskOutcome.Failure?, now: Instant
    ) {
        FaultPoint.reached(.retried)
        let number = delivery.tag.number
        guard let message = self.held[number] else { return }
        if message.claim != nil, self.messageKeys?.signer == nil {
            return self.endUnsignable(number, message, delivery, because: failure)
        }
        let seconds = Double(wait.wholeNanoseconds) / 1e9
        do {
            let again = try self.again(message, delivery, countdown: seconds)
            var settlement = message.settlement
            settlement.effects = [self.placement(again, of: message, countdown: seconds, now: now)]
            settlement.effects += self.countsForgotten(message)
            if let claim = message.claim { settlement.effects.append(claim.ended) }
            if let documents, self.storesResults(of: message) {
                settlement.effects.append(documents.retry(message, because: failure))
            }
            self.held[number]?.toldEnd = self.end(.retry(failure))
            self.settle(number, settlement)
        } catch {
            // The head was read from the same bytes; what makes this fail is a time out of range.
            var outcome = TaskOutcome(.failure, attempts: delivery.attempt)
            outcome.failure = TaskOutcome.Failure(type: "Retry", message: "\(error)")
            self.settle(number, message, outcome)
        }
    }

    /// What ends was handed out for the last time: its count goes with it. A retry is another message of the same id.
    func countsForgotten(_ message: HeldMessage) -> [Settlement.Effect] {
        guard message.deliveriesBefore > 0 else { return [] }
        return [.forget(key: self.deliveryCountKey(message))]
    }

    /// The scheduler may wait for this end before it sends the task again.
    private func scheduleTold(_ message: HeldMessage) -> [Settlement.Effect] {
        guard message.head.isPeriodic else { return [] }
        return [.forget(key: self.keys.scheduledTask(String(decoding: message.head.id, as: UTF8.self)))]
    }

    /// A retry is another message. Without a key to sign it, every worker would refuse it: it is the end, and told so.
    private func endUnsignable(
        _ number: UInt64, _ message: HeldMessage, _ delivery: Delivery, because failure: TaskOutcome.Failure?
    ) {
        var outcome = TaskOutcome(.failure, attempts: delivery.attempt)
        let text = "its retry cannot be signed: the worker has no signing_key"
        let last = failure.map { "; it failed with \($0.type): \($0.message)" } ?? ""
        outcome.failure = TaskOutcome.Failure(type: "Retry", message: text + last)
        self.settle(number, message, outcome)
    }

    private func again(
        _ message: HeldMessage, _ delivery: Delivery, countdown: Double
    ) throws(EnvelopeError) -> ArraySlice<UInt8> {
        let tag = String(decoding: self.ids.next(), as: UTF8.self)
        let envelope = try Envelope(parsing: message.bytes)
        let again = try envelope.retried(countdown: countdown, now: self.serverSeconds, deliveryTag: tag)
        return self.signed(again.serialized()[...], for: message)
    }

    private func placement(
        _ bytes: ArraySlice<UInt8>, of message: HeldMessage, countdown: Double, now: Instant
    ) -> Settlement.Effect {
        guard countdown > 0 else {
            return .push(list: self.keys.queue(message.queue, priority: message.head.priority), message: bytes)
        }
        self.taking.scheduled(for: now + .nanoseconds(Int64(min(countdown, 9e9) * 1e9)))
        return .schedule(at: self.serverSeconds + countdown, member: self.scheduledMember(message, bytes))
    }

    /// The delivery runs again here, or, when the worker stops, goes back to where others take it.
    public func giveBack(_ delivery: Delivery, now: Instant) {
        let number = delivery.tag.number
        guard let message = self.held[number] else { return }
        self.held[number]!.losses = delivery.losses
        if message.isAcknowledged, message.hasStarted, message.failure == nil {
            var outcome = TaskOutcome(.failure, attempts: delivery.attempt)
            outcome.failure = TaskOutcome.Failure(
                type: "WorkerLostError", message: "its child was lost, and it was acknowledged early",
                cause: Cause.terminated.name)
            return self.complete(delivery, outcome, now: now)
        }
        guard self.isStopping else {
            self.held[number]!.place = .waiting(since: now)
            return self.waiting[self.profiles.profile(message.task).pool].prepend(number)
        }
        self.leaveToOthers(number)
    }

    /// The message marked as handed out before; one that cannot be read goes as it is.
    func returned(_ message: HeldMessage, losses: Int) -> ArraySlice<UInt8> {
        (try? Envelope(parsing: message.bytes).returned(losses: losses).serialized()[...]) ?? message.bytes
    }
}
