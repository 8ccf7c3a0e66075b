import Broker
import Redis
import Supervision
import Syscalls
import Wire

/// Duty 1: messages from the lists.
extension RedisBroker {
    /// Most bytes of messages in one answer, but for the last message.
    private static let mostBytes = 4 << 20
    /// How long a message may wait for a place in a child before it is put back for other workers.
    private static let patience: Duration = .milliseconds(100)

    public func placesAreOpen(_ count: Int, now: Instant) { self.places = count }

    /// Places that no message is on its way to.
    var takeablePlaces: Int {
        self.isStopping || self.unsettledIsTooMuch ? 0 : max(0, self.places - self.waitingCount)
    }

    /// While a server takes no outcomes, no new work is begun.
    private var unsettledIsTooMuch: Bool { self.settlements.count > 1_024 || self.resultServer?.isServing == false }

    func takeIfWanted(now: Instant) {
        guard !self.isStopping, !self.queues.isEmpty else { return }
        if let count = self.taking.act(places: self.takeablePlaces, now: now) { self.take(count) }
    }

    private func take(_ count: Int) {
        let lists = self.lists.inOrder(self.order.next(using: &self.random)).filter {
            self.taking.lists.contains($0.key)
        }
        let numbers = self.lastNumber + 1..<self.lastNumber + 1 + UInt64(count)
        self.lastNumber += UInt64(count)
        var command = self.call(.take, keys: lists.map(\.key))
        for key in self.ownKeys { command.add(key) }
        command.add(count)
        command.add(Self.mostBytes)
        command.add(self.tagPrefix)
        command.add(Int(numbers.lowerBound))
        command.add(self.keys.deliveries)
        command.add(self.options.maxMessage.bytes)
        command.add(self.keys.workers)
        command.add(self.keys.worker(self.worker))
        self.addSignOfLife(to: &command)
        for list in lists { command.add(list.entryEnd) }
        self.unansweredTakes.append(numbers)
        FaultPoint.willReach(.takeSent)
        self.commands.send(command) { [unowned self] in self.taken($0, lists, numbers) }
    }

    /// What takes and settlements touch.
    var ownKeys: [String] {
        [self.keys.unacked, self.keys.unackedIndex, self.keys.scheduled, self.keys.deadLetters, self.keys.deadIndex]
    }

    var tagPrefix: String { "\(self.worker)." }

    func tag(_ number: UInt64) -> String { "\(self.tagPrefix)\(number)" }

    private func taken(_ answer: Result<Reply, RedisError>, _ lists: [QueueLists.List], _ numbers: Range<UInt64>) {
        let now = self.loop.now
        FaultPoint.reached(.takeAnswered)
        switch answer {
        case .success(.array(let parts)) where parts.count % 3 == 0 && !parts.isEmpty:
            self.unansweredTakes.removeAll { $0 == numbers }
            self.commands.worked()
            self.takeAnswered(parts, lists, numbers, now)
        case .success(.error(let error)):
            self.mayHaveTaken(numbers, now: now)
            self.taking.refused(now: now)
            self.serverRefused(error, "take")
        case .success(let reply):
            self.mayHaveTaken(numbers, now: now)
            self.taking.refused(now: now)
            self.answerDoesNotFit(reply, "take")
        case .failure: break  // It may have been carried out: `adoptUnanswered` asks on the next connection.
        }
    }

    private func takeAnswered(
        _ parts: [Reply], _ lists: [QueueLists.List], _ numbers: Range<UInt64>, _ now: Instant
    ) {
        let seconds = parts[0].asText.flatMap { Double($0) } ?? -1
        if let time = parts[2].asText.flatMap({ Double($0) }) { self.serverClock.showed(time, now: now) }
        let nextDue = seconds < 0 ? Instant.distantFuture : now + .nanoseconds(Int64(min(seconds, 1e9) * 1e9))
        var queue: String?
        var number = numbers.lowerBound
        var refusals = 0
        for index in stride(from: 3, to: parts.count, by: 3) {
            guard let place = parts[index].asInt, let before = parts[index + 1].asInt,
                case .bytes(let bytes) = parts[index + 2]
            else { continue }
            if place == 0 {
                refusals += 1
                self.logRefusal(String(decoding: bytes, as: UTF8.self), "take")
                continue
            }
            defer { number += 1 }
            guard lists.indices.contains(abs(place) - 1) else { continue }
            queue = lists[abs(place) - 1].queue
            if place < 0 {
                self.tooLarge(size: before, id: String(decoding: bytes, as: UTF8.self), queue: queue!)
                continue
            }
            self.counts.taken += 1
            self.arrived(bytes[...], number: number, queue: queue!, deliveriesBefore: before, now: now)
        }
        if let queue { self.order.delivered(queue) }
        let count = parts.count / 3 - 1 - refusals
        if refusals == 0 { self.told.over("take") }
        // A list that cannot be taken from would be found full by every look.
        if refusals > 0, count == 0 { return self.taking.refused(now: now) }
        if parts[1].asInt == 2 { self.taking.changed(.all) }
        self.taking.took(emptied: parts[1].asInt == 1, nextDue: nextDue, now: now)
    }

    /// Seconds since 1970 on the clock by which messages are due and expire.
    var serverSeconds: Double { self.serverClock.seconds(now: self.loop.now) ?? self.loop.wallSeconds }

    // MARK: To children

    public func nextTask(pool: Int, now: Instant) -> Int? {
        while let number = self.waiting[pool].first {
            guard let message = self.held[number] else {
                self.waiting[pool].removeFirst()
                continue
            }
            if message.failure != nil { return message.task }
            if let expires = message.head.expires, expires <= self.serverSeconds {
                self.waiting[pool].removeFirst()
                self.expire(number)
            } else if !self.revocations.isEmpty, self.isRevoked(message) {
                self.waiting[pool].removeFirst()
                self.endRevoked(number)
            } else {
                return message.task
            }
        }
        return nil
    }

    public func historyOfNext(pool: Int) -> MessageHistory {
        let message = self.waiting[pool].first.flatMap { self.held[$0] }
        return MessageHistory(losses: message?.losses ?? 0, hasFailed: message?.failure != nil)
    }

    public func take(pool: Int, now: Instant) -> TakenMessage {
        guard let number = self.waiting[pool].popFirst(), let message = self.held[number] else {
            preconditionFailure("A message is taken after nextTask told of it.")
        }
        self.held[number]!.place = .running
        let body: TakenMessage.Body =
            self.isJoin(message) ? .join(message.join ?? JoinOrder(message: message.bytes)) : .envelope(message.bytes)
        var taken = TakenMessage(delivery: message.delivery(number), id: message.head.id, body: body)
        (taken.trace, taken.sent) = (message.head.trace, message.head.sent)
        return taken
    }

    public func mayStart(_ delivery: Delivery, now: Instant) -> Bool {
        let number = delivery.tag.number
        guard let message = self.held[number], !message.isLost else {
            self.held[number] = nil
            return false
        }
        guard let expires = message.head.expires, message.failure == nil, expires <= self.loop.wallSeconds else {
            return true
        }
        self.expire(number)
        return false
    }

    // MARK: Back to the lists

    /// When the message that has waited longest is put back.
    var nextReturn: Instant {
        self.waiting.compactMap { queue in queue.first.flatMap { self.waitingSince($0) } }.min()
            .map { $0 + Self.patience } ?? .distantFuture
    }

    private func waitingSince(_ number: UInt64) -> Instant? {
        guard let message = self.held[number], message.failure == nil, case .waiting(let since) = message.place else {
            return nil
        }
        return since
    }

    /// Puts back what found no place: another worker may have one. At the front while nothing else could be taken,
    /// else behind the others, which may be for a pool with places.
    func returnUnplaced(now: Instant) {
        guard self.nextReturn <= now else { return }
        for pool in self.waiting.indices {
            let overdue = self.waiting[pool].filter { number in
                self.waitingSince(number).map { $0 + Self.patience <= now } ?? false
            }
            self.waiting[pool].removeAll { overdue.contains($0) }
            for number in overdue.reversed() { self.putBack(number, front: self.places == 0) }
        }
    }

    /// Ends a delivery that has not started by putting its message back on its list.
    func putBack(_ number: UInt64, front: Bool) {
        guard let message = self.held[number] else { return }
        let list = self.keys.queue(message.queue, priority: message.head.priority)
        let bytes = self.asItCame(message)
        self.end(number, message, front ? .pushFront(list: list, message: bytes) : .push(list: list, message: bytes))
    }

    public func postpone(_ delivery: Delivery, by wait: Duration, now: Instant) {
        let number = delivery.tag.number
        guard let message = self.held[number] else { return }
        let member = self.scheduledMember(message, self.asItCame(message))
        self.taking.scheduled(for: now + wait)
        self.end(
            number, message, .schedule(at: self.serverSeconds + Double(wait.wholeNanoseconds) / 1e9, member: member))
    }

    /// One that has not started goes as it came: no mark, and nothing counted.
    private func asItCame(_ message: HeldMessage) -> ArraySlice<UInt8> {
        message.hasStarted ? self.returned(message, losses: message.losses) : message.bytes
    }

    private func end(_ number: UInt64, _ message: HeldMessage, _ effect: Settlement.Effect) {
        var settlement = message.settlement
        settlement.effects = [effect]
        // Its count went with its acknowledgement.
        if message.deliveriesBefore > 0, !message.hasStarted, !message.isAcknowledged {
            settlement.effects.append(.uncount(key: self.deliveryCountKey(message)))
        }
        if message.isAcknowledged, let claim = message.claim { settlement.effects.append(claim.released) }
        self.settle(number, settlement)
    }

    func deliveryCountKey(_ message: HeldMessage) -> String {
        self.keys.deliveries + String(decoding: message.head.id, as: UTF8.self)
    }
}
