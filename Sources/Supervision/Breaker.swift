/// Holds a task back that keeps killing children, so that the others have them.
///
/// Losses and ends are weighed against each other: a loss counts as much as four attempts that end by their own word, so
/// that a task which loses less than one child in five never trips it, however often it runs.
struct Breaker: Equatable, Sendable {
    /// Where it is.
    enum State: Equatable, Sendable {
        /// Attempts start. → open
        case closed
        /// None starts before this. → trying
        case open(until: Instant)
        /// One may start, or runs; what becomes of it decides. → closed, open
        case trying(DeliveryTag?)
    }

    private static let weightOfLoss = 4

    private(set) var state = State.closed
    private var weight = 0
    private var backoff: Backoff

    /// A closed breaker.
    init(wait: Duration) { self.backoff = Backoff(first: wait, longest: wait * Self.longestWait) }

    /// The longest wait, as a multiple of the first.
    private static let longestWait = 64

    /// Whether it remembers nothing.
    var isForgettable: Bool { self.state == .closed && self.weight == 0 }

    /// How long an attempt that could start now has to wait; `nil` for not at all.
    mutating func wait(now: Instant) -> Duration? {
        switch self.state {
        case .closed, .trying(nil): return nil
        case .trying: return self.lastWait
        case .open(let until):
            if now < until { return until - now }
            self.state = .trying(nil)
            return nil
        }
    }

    private var lastWait: Duration {
        Backoff.wait(
            first: self.backoff.first, longest: self.backoff.longest, failures: self.backoff.failures - 1)
    }

    /// An attempt starts. Returns whether it is the trial.
    mutating func started(_ tag: DeliveryTag) -> Bool {
        guard self.state == .trying(nil) else { return false }
        self.state = .trying(tag)
        return true
    }

    /// An attempt has lost its child. Returns the wait when that trips it.
    mutating func lost(_ tag: DeliveryTag, limit: Int, now: Instant) -> Duration? {
        switch self.state {
        case .open: return nil
        case .trying(let trial):
            // Others may still be on their way to their ends.
            guard trial == tag else { return nil }
        case .closed:
            self.weight += Self.weightOfLoss
            guard self.weight >= limit * Self.weightOfLoss else { return nil }
        }
        let wait = self.backoff.failed()
        self.state = .open(until: now + wait)
        return wait
    }

    /// An attempt has ended by its own word. Returns whether that closes it.
    mutating func ended(_ tag: DeliveryTag) -> Bool {
        switch self.state {
        case .open: return false
        case .trying(let trial):
            guard trial == tag else { return false }
            self.state = .closed
            self.weight = 0
            self.backoff.succeeded()
            return true
        case .closed:
            self.weight = max(0, self.weight - 1)
            return false
        }
    }

    /// An attempt was given back without a fault of its own: if it was the trial, another one is.
    mutating func abandoned(_ tag: DeliveryTag) {
        if self.state == .trying(tag) { self.state = .trying(nil) }
    }
}

/// Duty 7: a breaker for each task that has lost children.
extension Supervisor {
    /// How long the next delivery of a task must wait at the broker, because the task keeps killing children; `nil` for
    /// not at all.
    public mutating func breakerWait(task: Int, now: Instant) -> Duration? {
        if self.breakers.isEmpty { return nil }
        guard self.tasks[task].retry.breaker != nil else { return nil }
        return self.breakers[task]?.wait(now: now)
    }

    mutating func breakerStarted(_ delivery: Delivery) {
        if self.breakers.isEmpty || delivery.hasFailed { return }
        if self.breakers[delivery.task]?.started(delivery.tag) ?? false { self.log(.breakerTries(task: delivery.task)) }
    }

    mutating func breakerLost(_ delivery: Delivery, now: Instant) {
        let policy = self.tasks[delivery.task].retry
        guard !delivery.hasFailed, let limit = policy.breaker else { return }
        let wait = self.breakers[delivery.task, default: Breaker(wait: policy.breakerWait)]
            .lost(delivery.tag, limit: limit, now: now)
        if let wait {
            self.tasks[delivery.task].statistics.trips += 1
            self.log(.breakerTripped(task: delivery.task, wait: wait))
        }
    }

    mutating func breakerEnded(_ delivery: Delivery) {
        if self.breakers.isEmpty { return }
        guard self.breakers[delivery.task]?.ended(delivery.tag) ?? false else { return self.forget(delivery.task) }
        self.forget(delivery.task)
        self.log(.breakerClosed(task: delivery.task))
    }

    private mutating func forget(_ task: Int) {
        if self.breakers[task]?.isForgettable ?? false { self.breakers[task] = nil }
    }

    mutating func breakerAbandoned(_ delivery: Delivery) {
        if self.breakers.isEmpty { return }
        self.breakers[delivery.task]?.abandoned(delivery.tag)
    }
}
