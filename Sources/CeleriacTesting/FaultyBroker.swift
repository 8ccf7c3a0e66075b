import Broker
import Reactor
import Supervision

/// A broker with faults on purpose before another one: for tests of what is above it, and of the suite itself.
///
/// Chance decides by a seed, so that a failure comes again.
public final class FaultyBroker: Broker {
    /// What goes wrong.
    public enum Fault: String, CaseIterable, Sendable {
        /// It hides for a while that there is a message. No promise is broken.
        case hesitates
        /// An end, other than a return, is passed on in a later pass, behind those that came before it. No promise is broken.
        case delays
        /// A message is given back in place of its completion: it runs again, and its outcome is lost.
        case repeats
        /// A message that is given back is completed as a failure.
        case drops
        /// A retry comes back without its count, and at once.
        case forgetsRetries
        /// A message that may start may not.
        case refusesStarts
        /// It wants another pass at once, always.
        case isRestless
    }

    private let base: any Broker
    private let faults: [Fault: Int]
    private var random: SeededGenerator
    private var late: [(passes: Int, act: () -> Void)] = []
    /// How often each fault has struck.
    public private(set) var counts: [Fault: Int] = [:]

    /// A broker that passes everything on but for its faults.
    ///
    /// - Parameter faults: how many of a hundred chances each fault takes.
    public init(_ base: any Broker, seed: UInt64, faults: [Fault: Int]) {
        self.base = base
        self.faults = faults
        self.random = SeededGenerator(seed: seed)
    }

    private func strikes(_ fault: Fault) -> Bool {
        guard let percent = self.faults[fault], Int.random(in: 0..<100, using: &self.random) < percent else {
            return false
        }
        self.counts[fault, default: 0] += 1
        return true
    }

    /// Ends keep their order.
    private func end(_ act: @escaping () -> Void) {
        let isLate = self.strikes(.delays)
        if !isLate, self.late.isEmpty { return act() }
        self.late.append((isLate ? Int.random(in: 1...5, using: &self.random) : 0, act))
    }

    private func passOnLate() {
        guard !self.late.isEmpty else { return }
        self.late[0].passes -= 1
        while let next = self.late.first, next.passes <= 0 {
            self.late.removeFirst()
            next.act()
        }
    }

    // MARK: Broker

    public func start(on loop: any EventLoop) throws { try self.base.start(on: loop) }

    public func placesAreOpen(_ count: Int, now: Instant) { self.base.placesAreOpen(count, now: now) }

    public func nextTask(pool: Int, now: Instant) -> Int? {
        guard let task = self.base.nextTask(pool: pool, now: now) else { return nil }
        if self.told.contains(pool) { return task }
        if self.strikes(.hesitates) { return nil }
        self.told.insert(pool)
        return task
    }

    /// Pools whose next message was told of: that stands until it is taken.
    private var told: Set<Int> = []

    public func historyOfNext(pool: Int) -> MessageHistory { self.base.historyOfNext(pool: pool) }

    public func take(pool: Int, now: Instant) -> TakenMessage {
        self.told.remove(pool)
        return self.base.take(pool: pool, now: now)
    }

    public func mayStart(_ delivery: Delivery, now: Instant) -> Bool {
        self.base.mayStart(delivery, now: now) && !self.strikes(.refusesStarts)
    }

    public func started(_ tag: DeliveryTag, pid: Int32?, now: Instant) { self.base.started(tag, pid: pid, now: now) }

    public func complete(_ delivery: Delivery, _ outcome: TaskOutcome, now: Instant) {
        if self.strikes(.repeats) { return self.end { self.base.giveBack(delivery, now: now) } }
        self.end { self.base.complete(delivery, outcome, now: now) }
    }

    public func retry(
        _ delivery: Delivery, after wait: Duration, because failure: TaskOutcome.Failure?, now: Instant
    ) {
        if self.strikes(.forgetsRetries) {
            var first = delivery
            first.retries = max(0, delivery.retries - 1)
            return self.end { [first] in self.base.giveBack(first, now: now) }
        }
        self.end { self.base.retry(delivery, after: wait, because: failure, now: now) }
    }

    public func postpone(_ delivery: Delivery, by wait: Duration, now: Instant) {
        self.end { self.base.postpone(delivery, by: wait, now: now) }
    }

    public func giveBack(_ delivery: Delivery, now: Instant) {
        if self.strikes(.drops) {
            let outcome = TaskOutcome(.failure, attempts: delivery.attempt)
            return self.end { self.base.complete(delivery, outcome, now: now) }
        }
        self.base.giveBack(delivery, now: now)
    }

    public func endPass(now: Instant) {
        self.passOnLate()
        self.base.endPass(now: now)
    }

    public func finish(now: Instant) {
        while !self.late.isEmpty { self.passOnLate() }
        self.base.finish(now: now)
    }

    /// What is late is passed on soon; the shortest pause keeps the processor free.
    public func nextWake(now: Instant) -> Instant {
        if self.strikes(.isRestless) { return now }
        let next = self.base.nextWake(now: now)
        let isWaiting = !self.late.isEmpty || self.faults[.hesitates] != nil
        return isWaiting ? min(next, now + .milliseconds(20)) : next
    }

    public func stopTaking(now: Instant) { self.base.stopTaking(now: now) }

    public var status: BrokerStatus {
        var status = self.base.status
        if !self.late.isEmpty { status.isDrained = false }
        return status
    }
}
