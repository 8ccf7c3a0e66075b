/// Duty 2: deliveries to children and back.
extension Supervisor {
    /// Run time, by the mean of each task, that may wait in one child's pipe.
    static let mostQueuedNanoseconds: UInt64 = 1_000_000
    /// Deliveries that may wait in one child's pipe.
    static let mostQueued = 31

    /// The child that should get a delivery of this task now, if any: one with a free slot; for a task known to be
    /// quick and silent also one that is about to have one.
    public func place(task: Int) -> ChildID? {
        guard self.ladder.stage == .running else { return nil }
        let profile = self.tasks[task]
        let pool = self.pools[profile.pool]
        if pool.occupiedSlots < pool.slots, let child = self.childWithFreeSlot(profile.pool) { return child }
        return profile.statistics.mayQueue ? self.childWithShortQueue(profile) : nil
    }

    /// How many deliveries could be placed now or in about a millisecond, over all pools: those that free slots could
    /// start, and those that could wait behind quick tasks, if they are quick as well. Messages that a pool has and that
    /// wait for memory will want its places first.
    public func openPlaces(waiting: (_ pool: Int) -> Int = { _ in 0 }) -> Int {
        guard self.ladder.stage == .running else { return 0 }
        return self.pools.indices.reduce(0) { $0 + max(0, self.openPlaces(ofPool: $1) - waiting($1)) }
    }

    private func openPlaces(ofPool index: Int) -> Int {
        let pool = self.pools[index]
        var free = 0
        var queued = 0
        var areQuick = true
        for case let child? in self.children where child.pool == index {
            if child.hasFreeSlot || pool.bootsQuickly && child.isStarting {
                free += child.concurrency - child.occupiedSlots
            }
            guard let running = child.assignments.first else { continue }
            areQuick = areQuick && self.tasks[running.delivery.task].statistics.mayQueue
            queued += self.queuePlaces(child, running)
        }
        // Where each task has a child of its own, none waits in a pipe; the next ones are fetched while these run.
        let ahead = pool.policy.maxTasksPerChild == 1 && areQuick && pool.occupiedSlots > 0 ? pool.slots : 0
        return min(free, pool.slots - pool.occupiedSlots) + queued + ahead
    }

    /// Places for more tasks of the kind that a child runs, as many as ``childWithShortQueue(_:)`` would let wait; but
    /// only once half of them are gone, so that one request brings many.
    private func queuePlaces(_ child: ChildMachine, _ running: Assignment) -> Int {
        let statistics = self.tasks[running.delivery.task].statistics
        guard child.state == .busy, child.recycling == nil, child.concurrency == 1, !child.isStalled,
            statistics.mayQueue
        else { return 0 }
        let most = min(Int(clamping: Self.mostQueuedNanoseconds / max(1, statistics.meanRunTime)), Self.mostQueued)
        let free = most - child.assignments.count
        return free >= (most + 1) / 2 ? free : 0
    }

    private func childWithFreeSlot(_ pool: Int) -> ChildID? {
        var best: (id: ChildID, tasks: Int)?
        for case let child? in self.children where child.pool == pool && child.hasFreeSlot {
            if child.assignments.isEmpty { return child.id }
            if child.assignments.count < best?.tasks ?? .max { best = (child.id, child.assignments.count) }
        }
        return best?.id
    }

    private func childWithShortQueue(_ profile: TaskProfile) -> ChildID? {
        var best: (id: ChildID, cost: UInt64)?
        for case let child? in self.children where child.pool == profile.pool && child.state == .busy {
            guard child.recycling == nil, child.concurrency == 1, !child.isStalled,
                child.assignments.count < Self.mostQueued,
                child.queuedCost + profile.statistics.meanRunTime <= Self.mostQueuedNanoseconds,
                self.tasks[child.assignments[0].delivery.task].statistics.mayQueue
            else { continue }
            if child.queuedCost < best?.cost ?? .max { best = (child.id, child.queuedCost) }
        }
        return best?.id
    }

    /// Gives a delivery to the child that ``place(task:)`` named. Returns whether the child is to exit after it.
    public mutating func assign(_ delivery: Delivery, to id: ChildID, now: Instant) -> Bool {
        precondition(self.contains(id), "A delivery goes to a child that is there.")
        let limits = self.limits(of: delivery)
        let before = self.children[id.index]!.occupiedSlots
        let isLast = self.children[id.index]!.assign(
            delivery, limits: limits, cost: self.tasks[delivery.task].statistics.meanRunTime, now: now)
        self.occupancyChanged(id.index, before)
        self.reserveMemory(delivery, id.index)
        self.wake(by: min(self.children[id.index]!.nextDeadline, self.memoryGuard.nextLook))
        self.breakerStarted(delivery)
        if isLast {
            let child = self.children[id.index]!
            if child.maxTasks > 1 {
                let reason = child.tasksTaken < child.maxTasks ? ChildMachine.RecycleReason.quarantine : .maxTasks
                self.log(.childRecycled(id, reason, tasks: child.tasksTaken))
            }
            self.fill(self.children[id.index]!.pool, now: now)
        }
        return isLast
    }

    mutating func occupancyChanged(_ index: Int, _ before: Int) {
        let child = self.children[index]!
        self.pools[child.pool].occupiedSlots += child.occupiedSlots - before
    }

    // MARK: Events

    /// A delivery that waited in the child's pipe was taken back.
    public mutating func taskRecalled(_ id: ChildID, _ tag: DeliveryTag, now: Instant) {
        guard self.contains(id) else { return }
        let before = self.children[id.index]!.occupiedSlots
        guard let delivery = self.children[id.index]!.recalled(tag) else { return }
        self.occupancyChanged(id.index, before)
        self.releaseMemory(delivery, id.index)
        self.breakerAbandoned(delivery)
        self.actions.append(.giveBack(delivery))
        self.childHasLessToDo(id.index, now: now)
    }

    /// A child that was only to finish its tasks, or is in a shutdown, leaves when it has none.
    private mutating func childHasLessToDo(_ index: Int, now: Instant) {
        if self.children[index]!.state == .draining && self.children[index]!.assignments.isEmpty {
            self.stop(index, now: now)
        }
        if self.ladder.stage > .running { self.childIsFreeInShutdown(index, now: now) }
    }

    /// The child starts a task.
    public mutating func taskAccepted(_ id: ChildID, _ tag: DeliveryTag, now: Instant) {
        guard self.contains(id) else { return }
        guard self.children[id.index]!.accepted(tag, limits: self.limitsOfDelivery(), now: now) else {
            return self.childBrokeProtocol(
                id, "it accepted delivery \(tag.number), which it was not to start", now: now)
        }
        self.pools[self.children[id.index]!.pool].beginBackoff.succeeded()
        self.wake(by: self.children[id.index]!.nextDeadline)
        // It was on its way when the others were told.
        if self.ladder.stage == .cold {
            self.perform(self.children[id.index]!.notify(tag, .shutdown), id.index, now: now)
        }
    }

    /// What the child says of a finished task.
    public struct Report: Equatable, Sendable {
        /// How it ended.
        public enum State: Sendable { case success, failure, retry, rejected }

        /// How it ended.
        public var state: State
        /// Whether it ended after it was told to stop.
        public var wasCancelled: Bool
        /// Processes that it left behind.
        public var leftovers: Int
        /// Run time in nanoseconds.
        public var runTime: UInt64
        /// Memory in bytes that it added to the child's peak.
        public var peakMemory: UInt64
        /// The wait before a retry that it asked for; `nil` for its policy's.
        public var countdown: Duration?

        /// A report.
        public init(
            _ state: State, wasCancelled: Bool = false, leftovers: Int = 0, runTime: UInt64 = 0,
            peakMemory: UInt64 = 0, countdown: Duration? = nil
        ) {
            self.state = state
            self.wasCancelled = wasCancelled
            self.leftovers = leftovers
            self.runTime = runTime
            self.peakMemory = peakMemory
            self.countdown = countdown
        }
    }

    /// The child has finished a task.
    public mutating func taskReported(_ id: ChildID, _ tag: DeliveryTag, _ report: Report, now: Instant) {
        guard self.contains(id), !self.isDecided(id, tag) else { return }
        let before = self.children[id.index]!.occupiedSlots
        let reported = self.children[id.index]!.reported(tag, limits: self.limitsOfDelivery(), now: now)
        guard let assignment = reported else {
            return self.childBrokeProtocol(
                id, "it reported delivery \(tag.number), which it was not running", now: now)
        }
        self.occupancyChanged(id.index, before)
        let delivery = assignment.delivery
        self.releaseMemory(delivery, id.index)
        self.children[id.index]!.settlePeak(report.peakMemory)
        if !delivery.hasFailed { self.count(assignment, report) }
        self.decide(assignment, report, id)
        self.childFinishedTask(id.index, assignment, report, now: now)
        if !delivery.hasFailed { self.noteRun(of: delivery.task, in: id, report, now: now) }
    }

    /// What a run says about its task.
    private mutating func count(_ assignment: Assignment, _ report: Report) {
        let task = assignment.delivery.task
        self.tasks[task].statistics.ran(for: report.runTime)
        self.tasks[task].statistics.peaked(at: max(report.peakMemory, assignment.peakMemory))
        self.tasks[task].statistics.leftovers += report.leftovers
        self.breakerEnded(assignment.delivery)
    }

    /// Whether the report comes after more output than allowed, or after the kernel has killed a process of the attempt:
    /// that decides, and the child is being killed for it.
    private func isDecided(_ id: ChildID, _ tag: DeliveryTag) -> Bool {
        guard case .killed(.cause(let cause, let culprit)) = self.children[id.index]!.state else { return false }
        switch cause {
        case .output, .groupMemory: return culprit == tag
        default: return false
        }
    }

    /// What becomes of the delivery.
    private mutating func decide(_ assignment: Assignment, _ report: Report, _ id: ChildID) {
        let delivery = assignment.delivery
        let policy = self.tasks[delivery.task].retry
        switch report.state {
        case .success, .rejected: self.finish(assignment, .reported, id)
        case .failure:
            if report.wasCancelled, let notice = assignment.notice {
                self.gaveUp(assignment, notice, id)
            } else if policy.automatic && delivery.retries < policy.maxRetries && assignment.notice != .revoked {
                self.retry(delivery, after: nil, policy, .automatic)
            } else {
                self.finish(assignment, .reported, id)
            }
        case .retry:
            if assignment.notice == .shutdown {
                self.actions.append(.giveBack(delivery))
            } else if assignment.notice == .revoked {
                self.finish(assignment, .revoked, id)
            } else if delivery.retries < policy.maxRetries {
                self.retry(delivery, after: report.countdown, policy, .requested)
            } else {
                self.finish(assignment, .retriesExhausted(maxRetries: policy.maxRetries), id)
            }
        }
    }

    /// A task failed because it was told to stop.
    private mutating func gaveUp(_ assignment: Assignment, _ notice: Notice, _ id: ChildID) {
        let limits = self.limitsOfDelivery()(assignment.delivery)
        switch notice {
        case .softTime: self.finish(assignment, .gaveUp(.softTime(limit: limits.softTime ?? .zero)), id)
        case .softCPUTime: self.finish(assignment, .gaveUp(.softCPUTime(limit: limits.softCPUTime ?? .zero)), id)
        case .memory:
            self.finish(assignment, .gaveUp(.softMemory(limit: limits.memory ?? ByteCount(bytes: 0))), id)
        case .shutdown: self.actions.append(.giveBack(assignment.delivery))
        case .revoked: self.finish(assignment, .revoked, id)
        }
    }

    private mutating func retry(
        _ delivery: Delivery, after countdown: Duration?, _ policy: RetryPolicy, _ reason: RetryReason
    ) {
        var wait =
            countdown
            ?? Backoff.wait(
                first: policy.backoff, longest: policy.maxBackoff, failures: delivery.retries)
        if countdown == nil && policy.jitter {
            wait = wait * Double.random(in: 0.5...1, using: &self.random)
        }
        var next = delivery
        next.retries += 1
        self.actions.append(.retry(next, after: wait, reason: reason))
    }

    func finished(_ assignment: Assignment, _ ending: FinishedDelivery.Ending, _ id: ChildID) -> FinishedDelivery {
        FinishedDelivery(
            delivery: assignment.delivery, ending: ending, child: id,
            startedAt: assignment.startedAt ?? Instant(nanoseconds: 0), peakMemory: assignment.peakMemory)
    }

    mutating func finish(_ assignment: Assignment, _ ending: FinishedDelivery.Ending, _ id: ChildID) {
        // The worker gets on: templates that died before were no loop.
        self.templateBackoff.succeeded()
        self.actions.append(.finish(self.finished(assignment, ending, id)))
    }

    /// What becomes of the child.
    private mutating func childFinishedTask(
        _ index: Int, _ assignment: Assignment, _ report: Report, now: Instant
    ) {
        let child = self.children[index]!
        self.wake(by: child.nextDeadline)
        if assignment.notice != nil || report.leftovers > 0 {
            if child.isReady { self.retire(index, report.leftovers > 0 ? .leftovers : .tainted, now: now) }
        } else if child.isReady && child.recycling == nil {
            self.checkGrowth(index, assignment, now: now)
        }
        self.childHasLessToDo(index, now: now)
    }

    /// A child that is not to be trusted with another task leaves at once. What waits in its pipe comes back when
    /// it is reaped.
    private mutating func retire(_ index: Int, _ reason: ChildMachine.RecycleReason, now: Instant) {
        let child = self.children[index]!
        self.log(.childRecycled(child.id, reason, tasks: child.tasksTaken))
        if child.assignments.contains(where: { $0.startedAt != nil }) {
            self.children[index]!.state = .draining
            self.fill(child.pool, now: now)
        } else {
            self.kill(index, .retired, now: now)
        }
    }

    /// Asks for a measurement when the child may have grown too much, at most every 100 ms.
    private mutating func checkGrowth(_ index: Int, _ assignment: Assignment, now: Instant) {
        let child = self.children[index]!
        guard let most = self.growthLimit(child, assignment.delivery) else { return }
        if child.lastGrowth > most, assignment.peakMemory > 0 || child.assignments.isEmpty {
            self.recycle(index, .growth, now: now)
        } else if now >= child.growthCheckedAt + .milliseconds(100) {
            self.children[index]!.growthCheckedAt = now
            self.actions.append(.measure(child.id, confirmAbove: most))
        }
    }

    /// The pool's limit, else half of the task's memory limit: a child that retains more would condemn its next task.
    private func growthLimit(_ child: ChildMachine, _ delivery: Delivery) -> UInt64? {
        if let most = self.pools[child.pool].policy.maxChildGrowth { return UInt64(most.bytes) }
        return self.limitsOfDelivery()(delivery).memory.map { UInt64($0.bytes) / 2 }
    }

    /// The child's tree was measured.
    public mutating func childMeasured(_ id: ChildID, _ usage: TreeUsage, now: Instant) {
        guard self.contains(id) else { return }
        let demands = self.children[id.index]!.measured(usage, now: now, limits: self.limitsOfDelivery())
        self.wake(by: self.children[id.index]!.nextDeadline)
        self.perform(demands, id.index, now: now)
        guard let child = self.children[id.index], child.state == .idle else { return }
        if let most = self.pools[child.pool].policy.maxChildGrowth, usage.memoryGrowth > UInt64(most.bytes) {
            self.recycle(id.index, .growth, now: now)
        }
    }

    /// The child's tasks wrote output.
    public mutating func childWroteOutput(_ id: ChildID, bytes: Int, now: Instant) {
        guard self.contains(id) else { return }
        if let running = self.children[id.index]!.assignments.first(where: { $0.startedAt != nil }) {
            self.tasks[running.delivery.task].statistics.writesOutput = true
        }
        if let reason = self.children[id.index]!.wroteOutput(bytes, limits: self.limitsOfDelivery()) {
            self.kill(id.index, reason, now: now)
        }
    }

    /// The child sent something that the protocol does not allow: it ends, and only it.
    public mutating func childBrokeProtocol(_ id: ChildID, _ what: String, now: Instant) {
        guard self.contains(id) else { return }
        let child = self.children[id.index]!
        let cause = Cause.protocolViolation(what)
        let running = child.assignments.first { $0.startedAt != nil }
        let isOfThePast = running == nil && child.hasBooted
        self.kill(id.index, isOfThePast ? .pastTask(cause) : .cause(cause, culprit: running?.delivery.tag), now: now)
    }

    /// The child has closed one of its pipes. It is dying, and its exit will be reported; if it is not, it ends.
    public mutating func childClosedPipe(_ id: ChildID, now: Instant) {
        guard self.contains(id), self.children[id.index]!.mustBeGoneBy == .distantFuture else { return }
        self.children[id.index]!.mustBeGoneBy = now + .milliseconds(200)
        self.wake(by: self.children[id.index]!.nextDeadline)
    }

    /// An operator wants this delivery ended: its task is told to stop, or killed. One that has not started is told and
    /// taken back in either case, since a kill would hit the task before it.
    public mutating func revoke(_ tag: DeliveryTag, kill: Bool, now: Instant) {
        for index in self.children.indices {
            guard let child = self.children[index], child.assignments.contains(where: { $0.delivery.tag == tag }) else {
                continue
            }
            let hasStarted = child.assignments.contains { $0.delivery.tag == tag && $0.startedAt != nil }
            if kill && hasStarted { return self.kill(index, .cause(.terminated, culprit: tag), now: now) }
            self.perform(self.children[index]!.notify(tag, .revoked), index, now: now)
            if !hasStarted { self.actions.append(.recall(child.id)) }
        }
    }
}
