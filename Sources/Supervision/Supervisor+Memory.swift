/// Duty 7: who starts while memory is short, and who ends when it runs out.
extension Supervisor {
    // MARK: Admission

    /// Memory that all attempts may be expected to add to their children together; `nil` for no bound.
    public mutating func setMemoryBudget(_ budget: ByteCount?) {
        self.admission.budget = budget.map { UInt64($0.bytes) }
    }

    /// Whether a task may start in a child that ``place(task:)`` named, by what it is expected to need.
    public func admits(task: Int, losses: Int = 0, on id: ChildID, now: Instant) -> Bool {
        self.admission.admits(
            self.need(self.expectedMemory(task, isQuarantined: losses > 0), self.children[id.index]!),
            pool: self.tasks[task].pool, now: now)
    }

    /// The same of the task that waits for memory in a pool.
    public func admitsWaiting(_ delivery: Delivery, on id: ChildID, now: Instant) -> Bool {
        self.admission.admitsWaiting(
            self.need(self.expectedMemory(delivery), self.children[id.index]!), pool: self.tasks[delivery.task].pool,
            now: now)
    }

    /// A task of the pool is set aside until there is memory for it.
    public mutating func waitsForMemory(pool: Int, now: Instant) { self.admission.waits(pool: pool, now: now) }

    /// Whether a child could take the task that waits in a pool: only then are other pools held back for it.
    public mutating func setPlaceForWaiting(pool: Int, _ isThere: Bool) {
        self.admission.setPlace(pool: pool, isThere)
    }

    /// It has started, or was given back.
    public mutating func memoryWaitIsOver(pool: Int) { self.admission.waitIsOver(pool: pool) }

    /// In quarantine an attempt may have twice as much as others.
    private func expectedMemory(_ task: Int, isQuarantined: Bool) -> UInt64 {
        let (memory, overflow) = self.tasks[task].expectedMemory.multipliedReportingOverflow(by: isQuarantined ? 2 : 1)
        return overflow ? .max : memory
    }

    /// One that only tells what follows from a failure needs next to nothing.
    private func expectedMemory(_ delivery: Delivery) -> UInt64 {
        delivery.hasFailed ? 0 : self.expectedMemory(delivery.task, isQuarantined: delivery.isQuarantined)
    }

    /// What a task needs beyond what is reserved for its child already. Tasks that wait in a child's pipe run one after
    /// the other, and need no more than the largest of them.
    private func need(_ expected: UInt64, _ child: ChildMachine) -> UInt64 {
        child.concurrency == 1 ? expected - min(expected, child.reservedMemory) : expected
    }

    mutating func reserveMemory(_ delivery: Delivery, _ index: Int) {
        let need = self.need(self.expectedMemory(delivery), self.children[index]!)
        self.children[index]!.reservedMemory += need
        self.admission.reserve(need)
    }

    /// A child has fewer tasks than before: none, or one less of those that run at the same time.
    mutating func releaseMemory(_ delivery: Delivery, _ index: Int) {
        let child = self.children[index]!
        guard child.assignments.isEmpty || child.concurrency > 1 else { return }
        let reserved = child.reservedMemory
        let freed = child.assignments.isEmpty ? reserved : min(reserved, self.expectedMemory(delivery))
        self.children[index]!.reservedMemory -= freed
        self.admission.release(freed)
    }

    // MARK: Shortage

    /// How much memory is left was read, as ``SupervisorAction/readMemory`` asked for. When it is too little, the child
    /// ends that is the furthest beyond what it may have. Who has grown by how much is only asked then.
    public mutating func memoryWasRead(
        _ reading: MemoryReading, growth: (ChildID) -> UInt64, now: Instant
    ) {
        let isShort = self.memoryGuard.isShort(reading, now: now)
        self.wake(by: self.memoryGuard.nextLook)
        guard isShort else { return }
        guard let worst = self.worstOffender(growth) else {
            if self.memoryGuard.mayComplain(now: now) { self.log(.memoryShort(reading)) }
            return
        }
        self.memoryGuard.killed(now: now)
        self.log(.memoryShort(reading))
        let child = self.children[worst.index]!
        let running = child.assignments.first { $0.startedAt != nil }
        let cause = Cause.memoryShortage(used: ByteCount(bytes: Int(clamping: worst.growth)))
        self.kill(worst.index, .cause(cause, culprit: child.concurrency == 1 ? running?.delivery.tag : nil), now: now)
    }

    /// Less than this is not worth a task.
    private static let smallestOffence: UInt64 = 16 << 20

    /// The child with the most memory for what its tasks may have. `nil` when none has much: others use it up.
    private func worstOffender(_ growth: (ChildID) -> UInt64) -> (index: Int, growth: UInt64)? {
        var worst: (index: Int, growth: UInt64, share: Double)?
        for case let child? in self.children where child.canBeKilled {
            let grown = growth(child.id)
            guard grown >= Self.smallestOffence else { continue }
            let share = Double(grown) / Double(max(1, self.allowance(child)))
            if share > worst?.share ?? 0 { worst = (child.id.index, grown, share) }
        }
        return worst.map { ($0.index, $0.growth) }
    }

    /// What a child's tasks may have, or are expected to need.
    private func allowance(_ child: ChildMachine) -> UInt64 {
        let running = child.assignments.filter { $0.startedAt != nil }
        return running.reduce(0) { sum, assignment in
            let limit = self.limitsOfDelivery()(assignment.delivery).memory.map { UInt64($0.bytes) }
            return sum + (limit ?? self.tasks[assignment.delivery.task].expectedMemory)
        }
    }

    /// The kernel has killed a process of the child's tree for its memory. What is left of the tree ends.
    public mutating func childWasKilledForMemory(_ id: ChildID, peak: UInt64, now: Instant) {
        guard self.contains(id) else { return }
        let child = self.children[id.index]!
        let running = child.assignments.first { $0.startedAt != nil }
        let cause = self.causeOfMemoryKill(running, ByteCount(bytes: Int(clamping: peak)))
        let reason = ChildMachine.KillReason.cause(
            cause, culprit: child.concurrency == 1 ? running?.delivery.tag : nil)
        // Its pipes closed because it was killed; on a busy machine that is known before its death is.
        if child.state == .killed(.closedPipe) {
            self.children[id.index]!.kill(reason, now: now)
        } else {
            self.kill(id.index, reason, now: now)
        }
    }

    /// It was its own limit when the attempt came close to it; otherwise that of a group above, or of the machine.
    private func causeOfMemoryKill(_ running: Assignment?, _ peak: ByteCount) -> Cause {
        guard let limit = running.flatMap({ self.limitsOfDelivery()($0.delivery).memory }),
            peak.bytes >= limit.bytes / 8 * 7
        else { return .memoryShortage(used: peak) }
        return .groupMemory(peak: peak, limit: limit)
    }

    // MARK: Changes of what there is

    /// The number of processors that the worker may use has changed: pools whose size is "auto" follow.
    public mutating func processorsChanged(to count: Int, now: Instant) {
        for index in self.pools.indices where self.pools[index].policy.followsProcessors {
            let change = max(1, count) - self.pools[index].policy.concurrency
            if change != 0 { self.setConcurrency(max(1, count), pool: index, now: now) }
        }
    }
}

extension ChildMachine {
    /// Whether to end it would give memory back.
    fileprivate var canBeKilled: Bool {
        switch self.state {
        case .busy, .draining: true
        case .starting, .idle, .stopping, .killed, .gone: false
        }
    }
}

extension TaskProfile {
    /// What a task is taken to need of which nothing is known.
    static let unknownNeed: UInt64 = 64 << 20
    /// The least that is reckoned with, once a task is known.
    static let leastNeed: UInt64 = 1 << 20

    /// Memory that an attempt is expected to add to its child, in bytes: what it did so far and an eighth more; before
    /// anything is known, all that it may.
    var expectedMemory: UInt64 {
        let limit = self.limits.memory.map { UInt64($0.bytes) }
        guard let learned = self.statistics.peaks.bytes else { return limit ?? Self.unknownNeed }
        return min(limit ?? .max, max(Self.leastNeed, learned + learned / 8))
    }
}
