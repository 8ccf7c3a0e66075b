/// A message that has cost a child is in quarantine: it runs with nothing else in its child, before or behind it, which
/// exits afterwards; and with twice the budget, in case it was only short of that.
extension Delivery {
    /// Whether its attempts run alone.
    var isQuarantined: Bool { self.losses > 0 }
}

extension TaskLimits {
    /// Twice the time and memory.
    public var doubled: TaskLimits {
        var limits = self
        limits.softTime = self.softTime?.doubled
        limits.hardTime = self.hardTime?.doubled
        limits.softCPUTime = self.softCPUTime?.doubled
        limits.hardCPUTime = self.hardCPUTime?.doubled
        limits.memory = self.memory?.doubled
        limits.stuckAfter = self.stuckAfter?.doubled
        return limits
    }
}

extension Duration {
    fileprivate var doubled: Duration {
        let (double, overflow) = self.wholeNanoseconds.multipliedReportingOverflow(by: 2)
        return overflow ? self : .nanoseconds(Int64(clamping: double))
    }
}

extension ByteCount {
    fileprivate var doubled: ByteCount {
        let (double, overflow) = self.bytes.multipliedReportingOverflow(by: 2)
        return overflow ? self : ByteCount(bytes: double)
    }
}

extension Supervisor {
    /// The limits of a delivery's attempts: its own or its task's; in quarantine twice those.
    public func limits(of delivery: Delivery) -> TaskLimits {
        Self.limits(of: delivery, self.tasks)
    }

    static func limits(of delivery: Delivery, _ tasks: [TaskProfile]) -> TaskLimits {
        let limits = delivery.ownLimits?.limits ?? tasks[delivery.task].limits
        return delivery.isQuarantined ? limits.doubled : limits
    }

    /// The child that should get a delivery that has cost children: one without any task.
    ///
    /// Where children run several tasks there may be no such child for a long time: then one is replaced, and its
    /// replacement, which comes without tasks, is the one.
    public mutating func placeAlone(task: Int, now: Instant) -> ChildID? {
        guard self.ladder.stage == .running else { return nil }
        let pool = self.tasks[task].pool
        let children = self.children.compactMap { $0 }.filter { $0.pool == pool }
        if self.pools[pool].occupiedSlots < self.pools[pool].slots,
            let empty = children.first(where: { $0.isReady && $0.assignments.isEmpty })
        {
            return empty.id
        }
        let isComing = children.contains { $0.isStarting || $0.recycling != nil }
        if self.pools[pool].policy.childConcurrency > 1, !isComing,
            let least = children.filter(\.isReady).min(by: { $0.assignments.count < $1.assignments.count })
        {
            self.recycle(least.id.index, .quarantine, now: now)
        }
        return nil
    }
}
