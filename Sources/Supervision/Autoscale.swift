/// Decides how many children a pool has that grows while work waits, and shrinks again. Celery: `--autoscale`.
public struct Autoscale: Equatable, Sendable {
    /// The fewest and the most children.
    public internal(set) var bounds: ClosedRange<Int>
    /// Most children in use since ``periodStart``.
    private var mostBusy = 0
    private var periodStart: Instant?
    private var growsNotBefore = Instant(nanoseconds: 0)

    /// Time for new children to take the work before still more are asked for.
    static let growthPause: Duration = .milliseconds(250)
    /// A pool shrinks to what it needed in such a time. Celery: `AUTOSCALE_KEEPALIVE`, 30 s.
    static let period: Duration = .seconds(30)

    /// A pool between two sizes.
    public init(bounds: ClosedRange<Int>) { self.bounds = bounds }

    /// The size that the pool should have; `nil` for the one that it has.
    mutating func size(now size: Int, busy: Int, workWaits: Bool, at now: Instant) -> Int? {
        self.mostBusy = max(self.mostBusy, busy)
        if workWaits, busy >= size, size < self.bounds.upperBound, now >= self.growsNotBefore {
            self.growsNotBefore = now + Self.growthPause
            self.beginPeriod(busy: busy, now: now)
            return min(self.bounds.upperBound, size + max(1, size / 2))
        }
        guard let start = self.periodStart else {
            self.beginPeriod(busy: busy, now: now)
            return nil
        }
        guard now - start >= Self.period else { return nil }
        let needed = max(self.bounds.lowerBound, self.mostBusy)
        self.beginPeriod(busy: busy, now: now)
        return needed < size ? needed : nil
    }

    private mutating func beginPeriod(busy: Int, now: Instant) {
        self.mostBusy = busy
        self.periodStart = now
    }

    /// When ``size(now:busy:workWaits:at:)`` is to be asked again at the latest, while work waits for a full pool or some
    /// child may be too many.
    func nextLook(size: Int, workWaits: Bool) -> Instant {
        if workWaits, size < self.bounds.upperBound { return self.growsNotBefore }
        guard size > self.bounds.lowerBound, let start = self.periodStart else { return .distantFuture }
        return start + Self.period
    }
}

extension Supervisor {
    /// Whether the size of some pool follows its work.
    public var scales: Bool { self.pools.contains { $0.autoscale != nil } }

    /// Grows and shrinks pools by their work.
    public mutating func scale(now: Instant, workWaits: (_ pool: Int) -> Bool) {
        guard self.ladder.stage == .running else { return }
        for pool in self.pools.indices where self.pools[pool].autoscale != nil {
            let size = self.pools[pool].policy.concurrency
            let busy = self.children.count { $0?.pool == pool && !($0?.assignments.isEmpty ?? true) }
            let waits = busy >= size && workWaits(pool)
            if let wanted = self.pools[pool].autoscale!.size(now: size, busy: busy, workWaits: waits, at: now) {
                self.setConcurrency(wanted, pool: pool, now: now)
            }
            let next = self.pools[pool].autoscale!.nextLook(
                size: self.pools[pool].policy.concurrency, workWaits: waits)
            self.pools[pool].nextScaling = next
            self.wake(by: next)
        }
    }

    /// Changes the bounds of a pool that scales; its size follows. Returns whether it is one.
    public mutating func setBounds(_ bounds: ClosedRange<Int>, pool: Int, now: Instant) -> Bool {
        guard self.pools[pool].autoscale != nil else { return false }
        self.pools[pool].autoscale!.bounds = bounds
        let size = self.pools[pool].policy.concurrency
        let within = min(max(size, bounds.lowerBound), bounds.upperBound)
        if within != size { self.setConcurrency(within, pool: pool, now: now) }
        return true
    }
}
