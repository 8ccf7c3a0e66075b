import Testing

@testable import Supervision

/// A supervisor on a bench: virtual time, and its log kept apart from what it wants done.
struct Bench {
    var supervisor: Supervisor
    var now = Instant(nanoseconds: 1_000_000_000)
    private(set) var events: [SupervisorEvent] = []
    /// How often it asked for a reading of memory.
    private(set) var memoryReadings = 0
    private var lastTag: UInt64 = 0

    init(
        pools: [PoolPolicy], tasks: [TaskProfile] = [.plain], grace: Duration = .seconds(30), seed: UInt64 = 1
    ) {
        self.supervisor = Supervisor(pools: pools, grace: grace, bootTimeout: .seconds(10), seed: seed)
        self.supervisor.tasks = tasks
    }

    /// A worker of one pool whose template and children are ready.
    static func running(
        _ concurrency: Int = 1, tasks: [TaskProfile] = [.plain], _ policy: (inout PoolPolicy) -> Void = { _ in }
    ) -> Bench {
        var pool = PoolPolicy()
        pool.concurrency = concurrency
        policy(&pool)
        var bench = Bench(pools: [pool], tasks: tasks)
        bench.supervisor.start(now: bench.now)
        bench.supervisor.templateBecameReady(1, now: bench.now)
        for case .fork(let id, _, _) in bench.actions() { bench.supervisor.childBecameReady(id, now: bench.now) }
        _ = bench.actions()
        return bench
    }

    /// What is to be done, without the log.
    mutating func actions() -> [SupervisorAction] {
        var actions: [SupervisorAction] = []
        for action in self.supervisor.takeActions() {
            switch action {
            case .log(let event): self.events.append(event)
            case .readMemory: self.memoryReadings += 1
            default: actions.append(action)
            }
        }
        return actions
    }

    /// Lets time pass and returns what is to be done.
    mutating func pass(_ duration: Duration) -> [SupervisorAction] {
        self.now = self.now + duration
        self.supervisor.timePassed(now: self.now)
        return self.actions()
    }

    mutating func delivery(task: Int = 0, retries: Int = 0, losses: Int = 0) -> Delivery {
        self.lastTag += 1
        return Delivery(tag: DeliveryTag(self.lastTag), task: task, retries: retries, losses: losses)
    }

    /// Places a new delivery; `nil` when no child takes it.
    mutating func place(task: Int = 0, retries: Int = 0, losses: Int = 0) -> (child: ChildID, delivery: Delivery)? {
        guard let child = self.supervisor.place(task: task) else { return nil }
        let delivery = self.delivery(task: task, retries: retries, losses: losses)
        _ = self.supervisor.assign(delivery, to: child, now: self.now)
        return (child, delivery)
    }

    /// Places a new delivery and lets its child accept it.
    mutating func run(task: Int = 0, retries: Int = 0, losses: Int = 0) -> (child: ChildID, delivery: Delivery) {
        let (child, delivery) = self.place(task: task, retries: retries, losses: losses)!
        self.supervisor.taskAccepted(child, delivery.tag, now: self.now)
        return (child, delivery)
    }

    mutating func report(_ child: ChildID, _ delivery: Delivery, _ report: Supervisor.Report) -> [SupervisorAction] {
        self.supervisor.taskReported(child, delivery.tag, report, now: self.now)
        return self.actions()
    }

    mutating func exit(
        _ child: ChildID, _ exit: ChildExit = .signalled("SIGKILL"), peakGrowth: UInt64 = 0, templateLost: Bool = false
    ) -> [SupervisorAction] {
        var evidence = DeathEvidence()
        evidence.peakGrowth = peakGrowth
        return self.exit(child, exit, evidence, templateLost: templateLost)
    }

    mutating func exit(
        _ child: ChildID, _ exit: ChildExit, _ evidence: DeathEvidence, templateLost: Bool = false
    ) -> [SupervisorAction] {
        self.supervisor.childExited(child, exit, evidence, templateLost: templateLost, now: self.now)
        return self.actions()
    }

    mutating func ready(_ child: ChildID) -> [SupervisorAction] {
        self.supervisor.childBecameReady(child, now: self.now)
        return self.actions()
    }

    func state(_ child: ChildID) -> ChildMachine.State? {
        let machine = self.supervisor.children[child.index]
        return machine?.id == child ? machine?.state : nil
    }
}

extension TaskProfile {
    static let plain = TaskProfile(limits: TaskLimits(), retry: RetryPolicy(), pool: 0)

    static func limited(_ change: (inout TaskLimits) -> Void) -> TaskProfile {
        var profile = Self.plain
        change(&profile.limits)
        return profile
    }

    static func retried(_ change: (inout RetryPolicy) -> Void) -> TaskProfile {
        var profile = Self.plain
        change(&profile.retry)
        return profile
    }

    /// A task known to be quick and silent.
    static let quick = {
        var profile = Self.plain
        for _ in 0..<8 { profile.statistics.ran(for: 10_000) }
        return profile
    }()
}

extension SupervisorAction {
    /// The delivery's end, when that is what the action is.
    var ending: FinishedDelivery.Ending? {
        if case .finish(let finished) = self { finished.ending } else { nil }
    }

    var forked: ChildID? {
        if case .fork(let id, _, _) = self { id } else { nil }
    }
}

func child(_ serial: UInt64) -> ChildID { ChildID(index: Int(serial) - 1, serial: serial) }
