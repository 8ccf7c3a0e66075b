/// Decides which tasks may run together, so that what they are expected to need stays within a budget.
///
/// A task that needs more than is left waits, the first of each pool, and others pass it. That makes a debt which ages: once it
/// has waited for ``patience``, nothing passes it any more, in any pool, so that small tasks cannot starve it; but in other
/// pools only while a child could take it. A task that needs more than the whole budget runs when nothing else does.
struct MemoryAdmission: Equatable, Sendable {
    /// Bytes that attempts may be expected to add together; `nil` for no bound.
    var budget: UInt64?
    /// Bytes that the running ones are expected to add.
    private(set) var reserved: UInt64 = 0
    /// Since when a task waits, by its pool.
    private var waiting: [Int: Instant] = [:]
    /// Pools in which no child could take the task that waits: memory is not what it lacks.
    private var withoutPlace: Set<Int> = []

    /// How long others may pass a task that waits.
    static let patience: Duration = .seconds(2)

    /// Whether a task of a pool may start now that is expected to need so much more.
    func admits(_ need: UInt64, pool: Int, now: Instant) -> Bool {
        guard let budget = self.budget else { return true }
        let isHeldBack = self.waiting.contains { waiting, since in
            now >= since + Self.patience && (waiting == pool || !self.withoutPlace.contains(waiting))
        }
        return !isHeldBack && self.fits(need, budget)
    }

    /// Whether the task that waits in a pool may start now.
    func admitsWaiting(_ need: UInt64, pool: Int, now: Instant) -> Bool {
        guard let budget = self.budget, let since = self.waiting[pool] else { return true }
        let isBehind = self.waiting.contains { other, start in
            (start, other) < (since, pool) && now >= start + Self.patience && !self.withoutPlace.contains(other)
        }
        return !isBehind && self.fits(need, budget)
    }

    private func fits(_ need: UInt64, _ budget: UInt64) -> Bool {
        self.reserved == 0 || need <= budget - min(budget, self.reserved)
    }

    /// A task of a pool is set aside until it may start.
    mutating func waits(pool: Int, now: Instant) { self.waiting[pool] = now }

    /// Whether a child could take the task that waits in a pool.
    mutating func setPlace(pool: Int, _ isThere: Bool) {
        if isThere { self.withoutPlace.remove(pool) } else { self.withoutPlace.insert(pool) }
    }

    /// It has started, or is gone.
    mutating func waitIsOver(pool: Int) { self.waiting[pool] = nil }

    mutating func reserve(_ bytes: UInt64) { self.reserved += bytes }

    mutating func release(_ bytes: UInt64) { self.reserved -= min(bytes, self.reserved) }
}
