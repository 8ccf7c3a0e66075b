/// Decides what happens to one child. Performs nothing, reads no clock.
///
/// The table of states and events is in `docs/lifecycle.md`.
public struct ChildMachine: Equatable, Sendable {
    /// Where a child is in its life.
    public enum State: Equatable, Sendable {
        /// Ordered from the template, not yet ready. → idle, stopping, killed, gone
        case starting(until: Instant)
        /// Ready, without a task. → busy, stopping, killed, gone
        case idle
        /// Has at least one task. → idle, draining, stopping, killed, gone
        case busy
        /// Finishes its tasks and gets no more. → stopping, killed, gone
        case draining
        /// Told to exit, or about to by itself. → killed, gone
        case stopping(until: Instant)
        /// Sent SIGKILL, not yet reaped. → gone
        case killed(KillReason)
        /// Reaped.
        case gone
    }

    /// Why the master killed a child.
    public enum KillReason: Equatable, Sendable {
        /// An attempt broke a limit or the protocol; without a culprit every running task is suspect.
        case cause(Cause, culprit: DeliveryTag?)
        /// No task ran in it: one that is over did it. A task that starts before the child is gone does not pay for it.
        case pastTask(Cause)
        /// It was not ready in time.
        case bootTimeout
        /// It closed one of its pipes, and was not reported dead soon after.
        case closedPipe
        /// It is not needed any more, or not to be trusted with another task.
        case retired
        /// The worker shuts down.
        case shutdown
    }

    /// Why a child is to be replaced.
    public enum RecycleReason: String, Equatable, Sendable {
        case maxTasks = "max_tasks"
        case maxAge = "max_age"
        case growth = "memory_growth"
        case leak
        case tainted
        case leftovers
        case reload
        case resize
        case command
        case quarantine
    }

    /// What a child needs done at some instant.
    public enum Demand: Equatable, Sendable {
        /// Tell a task to stop.
        case notify(DeliveryTag, Notice)
        /// Kill the child.
        case kill(KillReason)
        /// Give its template up: it does not report a death that must have happened.
        case giveUpTemplate
        /// Measure its tree.
        case measure
        /// Look whether its tree does anything.
        case observe
        /// Look where its threads are, before it is killed or because it is stuck.
        case sample
        /// Tell that a task is stuck: nothing has happened for so long.
        case tellStuck(DeliveryTag, Duration)
        /// Take back what waits in its pipe: the task before it takes longer than it should.
        case recall
        /// Replace it when a replacement is ready.
        case recycle(RecycleReason)
    }

    /// Its name.
    public let id: ChildID
    /// Its pool, by index.
    public let pool: Int
    /// The template generation that it comes from.
    public let generation: Int
    /// When it was ordered.
    public let startedAt: Instant
    /// Where it is in its life.
    public internal(set) var state: State
    /// Deliveries in it, in the order sent.
    public internal(set) var assignments: [Assignment] = []
    /// Tasks it was given in its life.
    public internal(set) var tasksTaken = 0
    /// Why it is to be replaced once a replacement is ready.
    public internal(set) var recycling: RecycleReason?
    /// Whether it was told with a task that this is its last.
    private(set) var leavesUnasked = false
    /// Whether it has ever been ready.
    public private(set) var hasBooted = false
    /// Whether it has ever begun a task.
    private(set) var hasBegun = false

    /// What the looks at it have shown of the tasks that are watched.
    var watchdogs: [DeliveryTag: Watchdog] = [:]

    let concurrency: Int
    let maxTasks: Int
    let retireAt: Instant
    var lastGrowth: UInt64 = 0
    /// Memory that finished attempts added to its peak, as it says.
    var settledPeak: UInt64 = 0
    var growthCheckedAt = Instant(nanoseconds: 0)
    var queuedCost: UInt64 = 0
    /// Memory that its tasks are expected to add.
    var reservedMemory: UInt64 = 0
    /// When its running task has taken too long for others to wait behind it.
    var stallsAt = Instant.distantFuture
    /// Whether that time has passed.
    var isStalled = false
    /// When its death must have been reported, after it was killed.
    var reportedBy = Instant.distantFuture
    /// When a child that closed a pipe is taken to be alive after all.
    var mustBeGoneBy = Instant.distantFuture

    init(
        id: ChildID, pool: Int, generation: Int, now: Instant, bootUntil: Instant, concurrency: Int, maxTasks: Int,
        retireAt: Instant
    ) {
        self.id = id
        self.pool = pool
        self.generation = generation
        self.startedAt = now
        self.state = .starting(until: bootUntil)
        self.concurrency = concurrency
        self.maxTasks = maxTasks
        self.retireAt = retireAt
    }

    // MARK: What the pool asks

    /// Whether it is or will be able to take tasks.
    var isUsable: Bool {
        switch self.state {
        case .starting, .idle, .busy: true
        case .draining, .stopping, .killed, .gone: false
        }
    }

    /// Whether it can take a task now.
    var isReady: Bool { self.state == .idle || self.state == .busy }

    /// Whether it has been ordered and is not yet ready.
    var isStarting: Bool { if case .starting = self.state { true } else { false } }

    /// Whether a task given now would start at once.
    var hasFreeSlot: Bool { self.isReady && self.assignments.count < self.concurrency }

    /// Tasks that have started in it.
    var runningTasks: Int { self.assignments.count { $0.startedAt != nil } }

    /// Slots of the pool that its tasks take.
    var occupiedSlots: Int { min(self.assignments.count, self.concurrency) }

    // MARK: Events

    /// It is ready. Returns whether it was expected to become so.
    mutating func becameReady() -> Bool {
        guard case .starting = self.state else { return false }
        self.hasBooted = true
        self.state = .idle
        return true
    }

    /// It gets a delivery. Returns whether the child is to exit after it.
    mutating func assign(_ delivery: Delivery, limits: TaskLimits, cost: UInt64, now: Instant) -> Bool {
        precondition(self.isReady, "Only a ready child gets a task.")
        self.assignments.append(Assignment(delivery, cost: cost))
        self.tasksTaken += 1
        self.queuedCost += cost
        self.state = .busy
        if self.assignments.count <= self.concurrency { self.arm(self.assignments.count - 1, limits, now) }
        self.leavesUnasked = self.tasksTaken >= self.maxTasks || delivery.isQuarantined
        self.assignments[self.assignments.count - 1].isLast = self.leavesUnasked
        if self.leavesUnasked { self.state = .draining }
        return self.leavesUnasked
    }

    /// One of its tasks starts. Returns whether that delivery was waiting in it, and a slot was free for it.
    mutating func accepted(_ tag: DeliveryTag, limits: (Delivery) -> TaskLimits, now: Instant) -> Bool {
        guard let index = self.assignments.firstIndex(where: { $0.delivery.tag == tag }),
            self.assignments[index].startedAt == nil, self.runningTasks < self.concurrency
        else { return false }
        self.assignments[index].startedAt = now
        self.hasBegun = true
        if self.concurrency == 1 { self.stallsAt = now + Self.patience }
        self.arm(index, limits(self.assignments[index].delivery), now)
        return true
    }

    /// One of its tasks is over. Returns the assignment, or `nil` when no such task was running.
    mutating func reported(_ tag: DeliveryTag, limits: (Delivery) -> TaskLimits, now: Instant) -> Assignment? {
        guard let index = self.assignments.firstIndex(where: { $0.delivery.tag == tag }),
            self.assignments[index].startedAt != nil
        else { return nil }
        let assignment = self.assignments.remove(at: index)
        if !self.watchdogs.isEmpty { self.watchdogs[tag] = nil }
        self.queuedCost -= assignment.cost
        (self.stallsAt, self.isStalled) = (.distantFuture, false)
        if let next = self.assignments.firstIndex(where: { $0.startedAt == nil }), next < self.concurrency {
            self.arm(next, limits(self.assignments[next].delivery), now)
        }
        if self.assignments.isEmpty, self.state == .busy { self.state = .idle }
        return assignment
    }

    /// An attempt that is over added so much to its peak. From 1 MiB on the child has its peak start anew.
    mutating func settlePeak(_ growth: UInt64) {
        if growth > 1 << 20, self.concurrency == 1 { return self.settledPeak = 0 }
        self.settledPeak = self.settledPeak.addingReportingOverflow(min(growth, 1 << 60)).partialValue
    }

    /// A delivery that waited in its pipe was taken back; `nil` when it did not wait there.
    mutating func recalled(_ tag: DeliveryTag) -> Delivery? {
        guard let index = self.assignments.firstIndex(where: { $0.delivery.tag == tag && $0.startedAt == nil }) else {
            return nil
        }
        let assignment = self.assignments.remove(at: index)
        self.queuedCost -= assignment.cost
        self.tasksTaken -= 1
        if assignment.isLast { self.leavesUnasked = false }
        if self.assignments.isEmpty, self.state == .busy { self.state = .idle }
        return assignment.delivery
    }

    /// Whether a delivery waits behind a running task.
    private var hasWaiting: Bool { self.assignments.count > self.concurrency }

    /// How long deliveries wait behind a task that was expected to take microseconds.
    static let patience: Duration = .milliseconds(10)

    /// Sets the deadlines of an attempt that starts now, or should.
    private mutating func arm(_ index: Int, _ limits: TaskLimits, _ now: Instant) {
        var deadlines = Deadlines()
        if let soft = limits.softTime { deadlines.soft = now + soft }
        if let hard = limits.hardTime {
            deadlines.hard = now + hard
            deadlines.sample = deadlines.hard.before(Self.lead(hard))
        }
        if let window = limits.stuckAfter { deadlines.watch = now + Watchdog.interval(window) }
        if limits.needsMeasuring { deadlines.measure = now + .milliseconds(10) }
        if self.assignments[index].startedAt == nil { deadlines.accept = now + Self.longestStart }
        self.assignments[index].deadlines = deadlines
    }

    /// How long a child may take from getting a task to starting it; a large message is read meanwhile.
    static let longestStart: Duration = .seconds(30)

    /// It was reaped, and its pipe read to the end.
    mutating func exited() { self.state = .gone }

    // MARK: Time

    /// When ``timePassed(now:limits:)`` must be called at the latest.
    var nextDeadline: Instant {
        var next = self.mustBeGoneBy
        switch self.state {
        case .starting(let until), .stopping(let until): next = min(next, until)
        case .idle: if self.recycling == nil { next = min(next, self.retireAt) }
        case .busy, .draining:
            if self.recycling == nil && self.state == .busy { next = min(next, self.retireAt) }
            for assignment in self.assignments { next = min(next, assignment.deadlines.next) }
            next = min(next, self.stallsAt)
        case .killed: next = self.reportedBy
        case .gone: next = .distantFuture
        }
        return next
    }

    /// What is due.
    mutating func timePassed(now: Instant, limits: (Delivery) -> TaskLimits) -> [Demand] {
        if case .killed = self.state { return self.deathOverdue(now) }
        if now >= self.mustBeGoneBy, self.state != .gone { return [.kill(.closedPipe)] }
        switch self.state {
        case .starting(let until): return now >= until ? [.kill(.bootTimeout)] : []
        case .stopping(let until): return now >= until ? [.kill(.retired)] : []
        case .killed, .gone: return []
        case .idle, .busy, .draining: break
        }
        var demands: [Demand] = []
        if now >= self.retireAt, self.isReady, self.recycling == nil { demands.append(.recycle(.maxAge)) }
        if now >= self.stallsAt {
            self.stallsAt = .distantFuture
            self.isStalled = true
            if self.hasWaiting { demands.append(.recall) }
        }
        for index in self.assignments.indices {
            self.deadlinePassed(index, now: now, limits: limits, into: &demands)
        }
        return demands
    }

    private mutating func deathOverdue(_ now: Instant) -> [Demand] {
        guard now >= self.reportedBy else { return [] }
        self.reportedBy = .distantFuture
        return [.giveUpTemplate]
    }

    /// It is sent SIGKILL.
    mutating func kill(_ reason: KillReason, now: Instant) {
        self.state = .killed(reason)
        self.reportedBy = now + Self.longestDeath
    }

    /// How long a killed child may take to be reaped by its template: the kernel needs milliseconds.
    static let longestDeath: Duration = .seconds(10)

    private mutating func deadlinePassed(
        _ index: Int, now: Instant, limits: (Delivery) -> TaskLimits, into demands: inout [Demand]
    ) {
        let assignment = self.assignments[index]
        guard now >= assignment.deadlines.next else { return }
        let limit = limits(assignment.delivery)
        if now >= assignment.deadlines.accept {
            let wait = Self.longestStart.unitDescription
            return demands.append(
                .kill(.cause(.protocolViolation("it did not start a task in \(wait)"), culprit: nil)))
        }
        if now >= assignment.deadlines.hard {
            // A reload may have lifted the limit since; the attempt keeps the one that it started with.
            let hard = limit.hardTime ?? assignment.deadlines.hard - (assignment.startedAt ?? self.startedAt)
            demands.append(.kill(.cause(.hardTime(limit: hard), culprit: assignment.delivery.tag)))
            return
        }
        if now >= assignment.deadlines.stuck {
            let cause = Cause.stuck(quiet: self.watchdogs[assignment.delivery.tag]?.quiet ?? .zero)
            return demands.append(.kill(.cause(cause, culprit: assignment.delivery.tag)))
        }
        self.looksDue(index, now: now, into: &demands)
        if now >= assignment.deadlines.soft {
            self.assignments[index].deadlines.soft = .distantFuture
            // A task that has not started cannot be told; the limit counts anew when it does.
            if assignment.startedAt != nil { self.notify(index, .softTime, into: &demands) }
        }
        if now >= assignment.deadlines.measure {
            // Put off until the measurement, which sets the next one, has come back.
            self.assignments[index].deadlines.measure = now + .milliseconds(100)
            if !demands.contains(.measure) { demands.append(.measure) }
        }
    }

    /// A task that has not started has no stack to look at, and shows no life.
    private mutating func looksDue(_ index: Int, now: Instant, into demands: inout [Demand]) {
        let assignment = self.assignments[index]
        if now >= assignment.deadlines.sample {
            self.assignments[index].deadlines.sample = .distantFuture
            for tag in self.watchdogs.keys { self.watchdogs[tag]!.disturbed(now: now) }
            if assignment.startedAt != nil && !demands.contains(.sample) { demands.append(.sample) }
        }
        if now >= assignment.deadlines.watch {
            // Put off until the look, which sets the next one, has come back; for good, if the task has not started.
            self.assignments[index].deadlines.watch = assignment.startedAt == nil ? .distantFuture : now + .seconds(1)
            if assignment.startedAt != nil && !demands.contains(.observe) { demands.append(.observe) }
        }
    }

    private mutating func notify(_ index: Int, _ notice: Notice, into demands: inout [Demand]) {
        guard self.assignments[index].notice == nil else { return }
        self.assignments[index].notice = notice
        demands.append(.notify(self.assignments[index].delivery.tag, notice))
    }

    /// Tells every running task to stop.
    mutating func notifyAll(_ notice: Notice) -> [Demand] {
        var demands: [Demand] = []
        for index in self.assignments.indices where self.assignments[index].startedAt != nil {
            self.notify(index, notice, into: &demands)
        }
        return demands
    }

    /// Tells one running task to stop.
    mutating func notify(_ tag: DeliveryTag, _ notice: Notice) -> [Demand] {
        var demands: [Demand] = []
        if let index = self.assignments.firstIndex(where: { $0.delivery.tag == tag }) {
            self.notify(index, notice, into: &demands)
        }
        return demands
    }

    // MARK: Measurements

    /// Its tree was measured.
    mutating func measured(_ usage: TreeUsage, now: Instant, limits: (Delivery) -> TaskLimits) -> [Demand] {
        self.lastGrowth = usage.memoryGrowth
        var demands: [Demand] = []
        for index in self.assignments.indices where self.assignments[index].startedAt != nil {
            let limit = limits(self.assignments[index].delivery)
            if let kill = self.judge(index, usage, limit, into: &demands) { return [.kill(kill)] }
            if limit.needsMeasuring {
                self.assignments[index].deadlines.measure = now + Self.nextMeasurement(usage, limit)
            }
        }
        return demands
    }

    /// What a measurement means for one attempt. A kill is returned, a notice appended.
    private mutating func judge(
        _ index: Int, _ usage: TreeUsage, _ limit: TaskLimits, into demands: inout [Demand]
    ) -> KillReason? {
        let tag = self.assignments[index].delivery.tag
        // With several tasks in the child nobody can say which of them it is.
        let culprit = self.concurrency == 1 ? tag : nil
        self.assignments[index].peakMemory = max(self.assignments[index].peakMemory, usage.memoryGrowth)
        if let memory = limit.memory {
            if usage.memoryGrowth > UInt64(memory.bytes) {
                let peak = ByteCount(bytes: Int(clamping: usage.memoryGrowth))
                return .cause(.memory(peak: peak, limit: memory), culprit: culprit)
            }
            if usage.memoryGrowth > UInt64(memory.bytes) / 8 * 7 { self.notify(index, .memory, into: &demands) }
        }
        if let most = limit.processes, usage.descendants > most {
            return .cause(.processes(count: usage.descendants, limit: most), culprit: culprit)
        }
        return self.judgeCPU(index, usage, limit, culprit, into: &demands)
    }

    private mutating func judgeCPU(
        _ index: Int, _ usage: TreeUsage, _ limit: TaskLimits, _ culprit: DeliveryTag?, into demands: inout [Demand]
    ) -> KillReason? {
        guard limit.softCPUTime != nil || limit.hardCPUTime != nil else { return nil }
        guard let start = self.assignments[index].cpuAtStart else {
            self.assignments[index].cpuAtStart = usage.cpuNanoseconds
            return nil
        }
        let used = usage.cpuNanoseconds - min(start, usage.cpuNanoseconds)
        if let hard = limit.hardCPUTime, used >= hard.wholeNanoseconds {
            return .cause(.hardCPUTime(limit: hard), culprit: culprit)
        }
        if let soft = limit.softCPUTime, used >= soft.wholeNanoseconds {
            self.notify(index, .softCPUTime, into: &demands)
        }
        return nil
    }

    /// The time in which an attempt could reach its memory limit at 1 GiB/s, between 5 and 100 ms; 20 ms for a CPU
    /// limit, whose overshoot is then at most that much on each processor, and for one on processes, which start at
    /// some ten thousand a second.
    private static func nextMeasurement(_ usage: TreeUsage, _ limit: TaskLimits) -> Duration {
        var wait = Duration.milliseconds(100)
        if let memory = limit.memory {
            let left = UInt64(memory.bytes) - min(UInt64(memory.bytes), usage.memoryGrowth)
            wait = max(.milliseconds(5), min(wait, .nanoseconds(Int64(left))))
        }
        if limit.softCPUTime != nil || limit.hardCPUTime != nil || limit.processes != nil {
            wait = min(wait, .milliseconds(20))
        }
        return wait
    }

    /// Its running tasks wrote output. Returns the kill when one wrote too much.
    mutating func wroteOutput(_ count: Int, limits: (Delivery) -> TaskLimits) -> KillReason? {
        guard let index = self.assignments.firstIndex(where: { $0.startedAt != nil }) else { return nil }
        self.assignments[index].outputBytes += count
        let limit = limits(self.assignments[index].delivery).output
        guard self.assignments[index].outputBytes > limit.bytes else { return nil }
        let culprit = self.concurrency == 1 ? self.assignments[index].delivery.tag : nil
        return .cause(.output(limit: limit), culprit: culprit)
    }
}

extension TaskLimits {
    /// Whether the master has to look at the running attempt to keep them.
    var needsMeasuring: Bool {
        self.memory != nil || self.processes != nil || self.softCPUTime != nil || self.hardCPUTime != nil
    }
}
