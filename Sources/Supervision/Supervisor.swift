/// Decides everything about the worker's processes: which child runs what, when one is told to stop or killed, when
/// one is replaced, and what becomes of the deliveries in it.
///
/// Events come in as calls, with the time as an argument; decisions go out as ``SupervisorAction`` values, which the
/// driver performs in order. No decision lives outside. Its duties:
///
/// 1. keep each pool at its size, replacing a child before it leaves (`Supervisor+Pool.swift`);
/// 2. give deliveries to children, at most one waiting message's worth of time ahead (`Supervisor+Tasks.swift`);
/// 3. keep the limits of running attempts (``ChildMachine``);
/// 4. decide what a lost child's deliveries become (`Supervisor+Exits.swift`);
/// 5. start and replace templates (`Supervisor+Templates.swift`);
/// 6. climb down in order at shutdown (`Supervisor+Shutdown.swift`);
/// 7. say who ends when memory runs out (`Supervisor+Memory.swift`);
/// 8. hold back tasks that keep killing children (`Breaker.swift`), and keep such messages alone (`Quarantine.swift`);
/// 9. find out which tasks leak (`Supervisor+Leaks.swift`);
/// 10. let pools grow and shrink with their work (`Autoscale.swift`).
public struct Supervisor: Sendable {
    /// Tasks by index.
    public var tasks: [TaskProfile] = []
    /// Pools by index.
    public internal(set) var pools: [PoolState]
    /// Children by their place; `nil` where none is.
    public internal(set) var children: [ChildMachine?] = []
    /// How far the shutdown has gone.
    public internal(set) var ladder: ShutdownLadder
    /// What tasks leave behind in their children.
    public internal(set) var leaks = LeakLedger()
    /// When ``timePassed(now:)`` must be called at the latest.
    public internal(set) var nextWake = Instant.distantFuture

    var admission = MemoryAdmission()
    var memoryGuard = MemoryGuard()
    var templates: [TemplateState] = []
    /// By task; only of those that have lost a child lately.
    var breakers: [Int: Breaker] = [:]
    var generation = 0
    var templateBackoff = Backoff(first: .milliseconds(100), longest: .seconds(10))
    let bootTimeout: Duration
    var lastSerial: UInt64 = 0
    var random: SeededGenerator
    var actions: [SupervisorAction] = []
    var templateNotBefore: Instant?
    var stopReason = StopReason.finished
    var hasExited = false

    /// A supervisor of stopped pools.
    public init(pools: [PoolPolicy], grace: Duration, bootTimeout: Duration, seed: UInt64) {
        self.pools = pools.map(PoolState.init)
        self.ladder = ShutdownLadder(grace: grace)
        self.bootTimeout = bootTimeout
        self.random = SeededGenerator(seed: seed)
    }

    /// Starts the first template; children follow when it is ready.
    public mutating func start(now: Instant) { self.startTemplate(now: now) }

    /// Takes the decisions made since the last call.
    public mutating func takeActions() -> [SupervisorAction] {
        if self.actions.isEmpty { return [] }
        defer { self.actions.removeAll(keepingCapacity: true) }
        return self.actions
    }

    /// Deliveries that are in a child.
    public var deliveriesInChildren: Int {
        self.children.reduce(0) { $0 + ($1?.assignments.count ?? 0) }
    }

    // MARK: Time

    /// Does what is due, in a fixed order: shutdown, templates, children, pools.
    public mutating func timePassed(now: Instant) {
        if self.ladder.timePassed(now: now) { self.shutdownRose(now: now) }
        self.templateTimePassed(now: now)
        for index in self.children.indices where (self.children[index]?.nextDeadline ?? .distantFuture) <= now {
            let demands = self.children[index]!.timePassed(now: now, limits: self.limitsOfDelivery())
            self.perform(demands, index, now: now)
        }
        for pool in self.pools.indices { self.fill(pool, now: now) }
        if self.watchesMemory, now >= self.memoryGuard.nextLook {
            self.memoryGuard.asked(now: now)
            self.actions.append(.readMemory)
        }
        self.findNextWake()
    }

    /// While nothing runs, nobody could be ended for memory.
    private var watchesMemory: Bool { self.pools.contains { $0.occupiedSlots > 0 } }

    private mutating func findNextWake() {
        var next = min(self.ladder.nextStep, self.nextTemplateDeadline)
        for child in self.children { if let child { next = min(next, child.nextDeadline) } }
        // Without a template, or while shutting down, nothing is ordered: nothing to wake up for.
        if self.ladder.stage == .running, self.readyTemplate != nil {
            for pool in self.pools { next = min(next, min(pool.spawnNotBefore ?? .distantFuture, pool.nextScaling)) }
        }
        if self.watchesMemory { next = min(next, self.memoryGuard.nextLook) }
        self.nextWake = next
    }

    mutating func wake(by instant: Instant) { self.nextWake = min(self.nextWake, instant) }

    // MARK: Shared by the duties

    /// The limits of a delivery's attempts: its own, or its task's.
    func limitsOfDelivery() -> (Delivery) -> TaskLimits {
        let tasks = self.tasks
        return { Self.limits(of: $0, tasks) }
    }

    func contains(_ id: ChildID) -> Bool {
        id.index < self.children.count && self.children[id.index]?.id == id
    }

    mutating func log(_ event: SupervisorEvent) { self.actions.append(.log(event)) }

    /// Turns what a child machine demands into actions.
    mutating func perform(_ demands: [ChildMachine.Demand], _ index: Int, now: Instant) {
        for demand in demands {
            guard let child = self.children[index] else { return }
            switch demand {
            case .notify(let tag, let notice):
                self.actions.append(.notify(child.id, tag, notice))
                self.log(.noticeSent(child.id, tag, notice))
            case .kill(let reason): self.kill(index, reason, now: now)
            case .giveUpTemplate: self.actions.append(.killTemplate(generation: child.generation))
            case .recall: self.actions.append(.recall(child.id))
            case .measure: self.actions.append(.measure(child.id, confirmAbove: self.smallestMemoryLimit(child)))
            case .observe: self.actions.append(.observe(child.id))
            case .sample: self.actions.append(.sample(child.id))
            case .tellStuck(let tag, let quiet): self.tellStuck(child, tag, quiet)
            case .recycle(let reason): self.recycle(index, reason, now: now)
            }
        }
    }

    private mutating func tellStuck(_ child: ChildMachine, _ tag: DeliveryTag, _ quiet: Duration) {
        guard let assignment = child.assignments.first(where: { $0.delivery.tag == tag }) else { return }
        self.tasks[assignment.delivery.task].statistics.stuck += 1
        self.log(.attemptStuck(child.id, tag, quiet))
    }

    private func smallestMemoryLimit(_ child: ChildMachine) -> UInt64 {
        let limits = self.limitsOfDelivery()
        let smallest = child.assignments.compactMap { limits($0.delivery).memory?.bytes }.min()
        return smallest.map { UInt64($0) / 8 * 7 } ?? .max
    }

    /// Kills a child that is not yet being killed.
    mutating func kill(_ index: Int, _ reason: ChildMachine.KillReason, now: Instant) {
        guard let child = self.children[index] else { return }
        if case .killed = child.state { return }
        self.children[index]!.kill(reason, now: now)
        self.wake(by: self.children[index]!.nextDeadline)
        self.actions.append(.kill(child.id))
        switch reason {
        case .cause(let cause, let culprit): self.log(.attemptKilled(child.id, culprit, cause))
        case .pastTask(let cause): self.log(.attemptKilled(child.id, nil, cause))
        case .bootTimeout, .closedPipe, .retired, .shutdown: break
        }
        self.fill(child.pool, now: now)
    }
}
