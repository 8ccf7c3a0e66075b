import Testing

@testable import Supervision

/// A random world around the supervisor, with every fault that it can meet, and the rules of the game.
@Suite struct RefereeTests {
    @Test(arguments: UInt64(1)...40) func noRandomWorldBreaksARule(seed: UInt64) {
        var world = World(seed: seed)
        world.play(steps: 1_500)
        world.calmDown()
        if seed.isMultiple(of: 2) { world.shutDown() }
        #expect(world.violations == [], "seed \(seed)")
    }

    /// A test that never reaches the hard states proves little.
    @Test func theWorldReachesTheHardStates() {
        var reached: Set<String> = []
        for seed in UInt64(1)...25 {
            var world = World(seed: seed)
            world.play(steps: 1_500)
            reached.formUnion(world.reached)
        }
        let wanted: Set<String> = [
            "lost", "given back", "retried", "killed", "boot failed", "spawn failed", "template lost", "reloaded",
            "recycled", "tainted", "queued", "exited unasked", "protocol", "hard time", "resized", "revoked",
            "recalled", "template given up", "memory short", "refused memory",
        ]
        #expect(wanted.subtracting(reached) == [])
    }

    @Test func theSameSeedPlaysTheSameGame() {
        var traces: [[SupervisorAction]] = []
        for _ in 0..<2 {
            var world = World(seed: 42)
            world.play(steps: 1_000)
            traces.append(world.trace)
        }
        #expect(traces[0].count > 500)
        #expect(traces[0] == traces[1])
    }
}

/// Templates, children and a broker in virtual time, driven by a seed.
private struct World {
    struct Child {
        let id: ChildID
        let generation: Int
        var isReady = false
        /// Told to exit, or given its last task.
        var isLeaving = false
        /// Sent SIGKILL.
        var isKilled = false
        /// Deliveries in its pipe, in order; then those that run.
        var waiting: [Delivery] = []
        var running: [Delivery] = []
        var concurrency: Int
        /// Never says anything.
        var hangs = false
    }

    enum Template { case starting, ready, dying, stopping }

    private(set) var supervisor: Supervisor
    private(set) var violations: [String] = []
    private(set) var reached: Set<String> = []
    private(set) var trace: [SupervisorAction] = []
    private var random: SeededGenerator
    private var now = Instant(nanoseconds: 1_000_000_000)
    private var templates: [Int: Template] = [:]
    private var children: [ChildID: Child] = [:]
    private var order: [ChildID] = []
    private var faults = true

    // The broker: every delivery is in exactly one of these places.
    private var queue: [Delivery] = []
    private var delayed: [(due: Instant, delivery: Delivery)] = []
    private var inChildren: [DeliveryTag: ChildID] = [:]
    private var finished: Set<DeliveryTag> = []
    private var published: UInt64 = 0

    private var exits = 0
    private var activity: UInt64 = 0
    /// Most children that a pool may have now.
    private var allowed: [Int]
    private let childConcurrency: Int

    init(seed: UInt64) {
        self.random = SeededGenerator(seed: seed)
        var pools: [PoolPolicy] = []
        let childConcurrency = Int.random(in: 1...3, using: &self.random)
        for _ in 0..<Int.random(in: 1...2, using: &self.random) {
            var pool = PoolPolicy()
            pool.concurrency = Int.random(in: 1...12, using: &self.random)
            pool.childConcurrency = childConcurrency
            pool.maxTasksPerChild = [nil, 1, 5, 40].randomElement(using: &self.random)!
            pool.maxChildAge = [nil, .seconds(3)].randomElement(using: &self.random)!
            pool.maxChildGrowth = [nil, .mebibytes(100)].randomElement(using: &self.random)!
            pools.append(pool)
        }
        self.childConcurrency = childConcurrency
        self.allowed = pools.map { $0.concurrency + PoolState(policy: $0).surge }
        self.supervisor = Supervisor(
            pools: pools, grace: .seconds(5), bootTimeout: .seconds(3), seed: self.random.next())
        for _ in 0..<4 { self.supervisor.tasks.append(self.profile(pools: pools.count)) }
        if Bool.random(using: &self.random) {
            self.supervisor.setMemoryBudget(.mebibytes(Int.random(in: 32...512, using: &self.random)))
        }
        self.supervisor.start(now: self.now)
        self.performActions()
    }

    private mutating func profile(pools: Int) -> TaskProfile {
        var limits = TaskLimits()
        limits.hardTime = .seconds(4)
        limits.softTime = [nil, .seconds(2)].randomElement(using: &self.random)!
        limits.memory = [nil, .mebibytes(64)].randomElement(using: &self.random)!
        limits.processes = [nil, 4].randomElement(using: &self.random)!
        limits.hardCPUTime = [nil, .seconds(3)].randomElement(using: &self.random)!
        limits.output = .kibibytes(64)
        limits.stuckAfter = [nil, .seconds(1)].randomElement(using: &self.random)!
        limits.whenStuck = [.warn, .kill].randomElement(using: &self.random)!
        var retry = RetryPolicy()
        retry.automatic = Bool.random(using: &self.random)
        retry.maxLosses = Int.random(in: 1...3, using: &self.random)
        retry.backoff = .milliseconds(50)
        retry.breaker = [nil, 2].randomElement(using: &self.random)!
        retry.breakerWait = .milliseconds(200)
        var profile = TaskProfile(limits: limits, retry: retry, pool: Int.random(in: 0..<pools, using: &self.random))
        if Bool.random(using: &self.random) { for _ in 0..<8 { profile.statistics.ran(for: 50_000) } }
        return profile
    }

    private mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &self.random) < percent }

    private mutating func broke(_ rule: String) { if self.violations.count < 5 { self.violations.append(rule) } }

    // MARK: The game

    mutating func play(steps: Int) {
        for _ in 0..<steps where self.exits == 0 && self.violations.isEmpty { self.step() }
    }

    private mutating func step() {
        switch Int.random(in: 0..<100, using: &self.random) {
        case 0..<20: self.publish()
        case 20..<40: self.advance(by: .milliseconds(Int64.random(in: 0...200, using: &self.random)))
        case 40..<42: self.advance(by: .seconds(Int64.random(in: 0...5, using: &self.random)))
        case 42..<50: self.moveTemplate()
        case 50..<93: self.moveChild()
        case 93..<96: self.strikeChild()
        case 96: self.resizeOrReload()
        case 97: self.revokeSomething()
        default: self.measureSomething()
        }
        self.performActions()
        self.distribute()
        self.check()
    }

    private mutating func publish() {
        self.published += 1
        let task = Int.random(in: 0..<self.supervisor.tasks.count, using: &self.random)
        self.queue.append(Delivery(tag: DeliveryTag(self.published), task: task))
    }

    private mutating func advance(by duration: Duration) {
        let target = self.now + duration
        // As the driver does: never past the next deadline without a call.
        var calls = 0
        while self.supervisor.nextWake <= target, calls < 10_000, self.exits == 0 {
            calls += 1
            self.now = max(self.now, self.supervisor.nextWake)
            self.supervisor.timePassed(now: self.now)
            if self.supervisor.nextWake <= self.now { self.broke("timePassed left a deadline that is due"); return }
            self.performActions()
        }
        if calls == 10_000 { self.broke("the supervisor spins") }
        self.now = max(self.now, target)
        let due = self.delayed.filter { $0.due <= self.now }.map(\.delivery)
        self.delayed.removeAll { $0.due <= self.now }
        self.queue += due
    }

    private mutating func distribute() {
        var index = 0
        while index < self.queue.count {
            let delivery = self.queue[index]
            if let wait = self.supervisor.breakerWait(task: delivery.task, now: self.now) {
                self.reached.insert("held back")
                self.queue.remove(at: index)
                self.delayed.append((self.now + wait, delivery))
                continue
            }
            guard let id = self.place(delivery) else {
                self.performActions()
                index += 1
                continue
            }
            guard self.supervisor.admits(task: delivery.task, on: id, now: self.now) else {
                self.reached.insert("refused memory")
                index += 1
                continue
            }
            self.queue.remove(at: index)
            guard let child = self.children[id], child.isReady, !child.isLeaving, !child.isKilled else {
                self.broke("placed in a child that is not ready")
                return
            }
            if self.children[id]!.waiting.count + self.children[id]!.running.count >= self.childConcurrency {
                self.reached.insert("queued")
            }
            if self.supervisor.assign(delivery, to: id, now: self.now) { self.children[id]!.isLeaving = true }
            self.children[id]!.waiting.append(delivery)
            self.inChildren[delivery.tag] = id
            self.performActions()
        }
    }

    private mutating func place(_ delivery: Delivery) -> ChildID? {
        guard delivery.losses > 0 else { return self.supervisor.place(task: delivery.task) }
        self.reached.insert("quarantined")
        return self.supervisor.placeAlone(task: delivery.task, now: self.now)
    }

    // MARK: Templates

    private mutating func moveTemplate() {
        guard let generation = self.templates.keys.sorted().randomElement(using: &self.random) else { return }
        switch self.templates[generation]! {
        case .starting where self.faults && self.chance(15): self.endTemplate(generation)
        case .starting where self.faults && self.chance(5) && self.hasOlderReady(generation):
            self.supervisor.templateFailed(generation, reason: "cannot", now: self.now)
        case .starting:
            self.templates[generation] = .ready
            self.supervisor.templateBecameReady(generation, now: self.now)
        case .ready where self.faults && self.chance(4):
            self.reached.insert("template lost")
            self.endTemplate(generation)
        case .ready: break
        case .stopping, .dying: self.endTemplate(generation)
        }
    }

    private func hasOlderReady(_ generation: Int) -> Bool {
        self.templates.contains { $0.key < generation && $0.value == .ready }
    }

    /// As the driver reports it: first its children, one by one, then the template.
    private mutating func endTemplate(_ generation: Int) {
        self.templates[generation] = .dying
        for id in self.order where self.children[id]?.generation == generation {
            self.performActions()
            self.reap(id, .signalled("SIGKILL"), templateLost: true)
        }
        self.performActions()
        self.templates[generation] = nil
        // A fork that was ordered while it died came to nothing.
        for id in self.order where self.children[id]?.generation == generation {
            self.children[id] = nil
            self.supervisor.spawnFailed(id, reason: "no template", now: self.now)
        }
        self.supervisor.templateExited(generation, now: self.now)
    }

    // MARK: Children

    private mutating func anyChild() -> ChildID? {
        let living = self.order.filter { self.children[$0] != nil }
        return living.randomElement(using: &self.random)
    }

    private mutating func moveChild() {
        guard let id = self.anyChild(), let child = self.children[id] else { return }
        if child.isKilled { return self.reapKilled(id) }
        if child.hangs { return }
        if !child.isReady { return self.boot(id) }
        if let delivery = child.running.first, self.chance(50) || child.running.count == child.concurrency {
            return self.report(id, delivery)
        }
        if let delivery = child.waiting.first, child.running.count < child.concurrency {
            self.children[id]!.waiting.removeFirst()
            self.children[id]!.running.append(delivery)
            return self.supervisor.taskAccepted(id, delivery.tag, now: self.now)
        }
        if child.isLeaving && child.running.isEmpty && child.waiting.isEmpty { self.reap(id, .exited(code: 0)) }
    }

    private mutating func boot(_ id: ChildID) {
        if self.faults && self.chance(3) {
            self.reached.insert("boot failed")
            return self.reap(id, .exited(code: 70))
        }
        if self.faults && self.chance(2) { self.children[id]!.hangs = true }
        if self.faults && self.chance(1) { return self.supervisor.childBrokeProtocol(id, "noise", now: self.now) }
        self.children[id]!.isReady = true
        self.supervisor.childBecameReady(id, now: self.now)
    }

    private mutating func report(_ id: ChildID, _ delivery: Delivery) {
        if self.faults && self.chance(3) {
            self.children[id]!.hangs = true
            return
        }
        let states: [Supervisor.Report.State] = [.success, .success, .success, .failure, .retry, .rejected]
        let report = Supervisor.Report(
            states.randomElement(using: &self.random)!, wasCancelled: self.chance(30),
            leftovers: self.faults && self.chance(3) ? 1 : 0,
            runTime: UInt64.random(in: 0...200_000, using: &self.random))
        self.children[id]!.running.removeAll { $0.tag == delivery.tag }
        self.supervisor.taskReported(id, delivery.tag, report, now: self.now)
        self.performActions()
        if self.inChildren[delivery.tag] != nil { self.broke("a reported delivery has no end") }
    }

    private mutating func reapKilled(_ id: ChildID) {
        // What is in the pipe counts, also when the child is dead.
        if let delivery = self.children[id]!.running.first, self.chance(20) {
            self.children[id]!.running.removeFirst()
            self.supervisor.taskReported(id, delivery.tag, .init(.success), now: self.now)
            self.performActions()
        }
        self.reap(id, self.chance(90) ? .signalled("SIGKILL") : .signalled("SIGSEGV"))
    }

    private mutating func reap(_ id: ChildID, _ exit: ChildExit, templateLost: Bool = false) {
        let child = self.children.removeValue(forKey: id)!
        self.order.removeAll { $0 == id }
        self.supervisor.childExited(id, exit, templateLost: templateLost, now: self.now)
        self.performActions()
        for delivery in child.waiting + child.running where self.inChildren[delivery.tag] == id {
            self.broke("delivery \(delivery.tag.number) was lost with \(id)")
        }
    }

    // MARK: Faults and commands

    private mutating func strikeChild() {
        guard self.faults, let id = self.anyChild(), let child = self.children[id], !child.isKilled else { return }
        switch Int.random(in: 0..<6, using: &self.random) {
        case 0, 1:
            self.reached.insert("exited unasked")
            self.reap(
                id, [.exited(code: 0), .signalled("SIGSEGV"), .exited(code: 3)].randomElement(using: &self.random)!)
        case 2 where child.isReady:
            self.reached.insert("protocol")
            self.supervisor.taskReported(id, DeliveryTag(999_999), .init(.success), now: self.now)
        case 3: self.supervisor.childClosedPipe(id, now: self.now)
        case 4 where child.isReady:
            self.supervisor.childWroteOutput(id, bytes: Int.random(in: 1...50_000, using: &self.random), now: self.now)
        default: self.children[id]!.hangs = true
        }
    }

    private mutating func resizeOrReload() {
        guard self.faults else { return }
        if self.chance(50) {
            self.reached.insert("resized")
            let pool = self.supervisor.pools.indices.randomElement(using: &self.random)!
            let most = 12 - self.supervisor.pools[pool].policy.concurrency
            self.supervisor.resize(
                pool: pool, by: Int.random(in: -3...max(-3, most), using: &self.random), now: self.now)
        } else if self.templates.count < 3 {
            self.reached.insert("reloaded")
            self.supervisor.reload(now: self.now)
        }
    }

    private mutating func revokeSomething() {
        guard self.faults, let tag = self.inChildren.keys.min(by: { $0.number < $1.number }) else { return }
        self.reached.insert("revoked")
        self.supervisor.revoke(tag, kill: self.chance(30), now: self.now)
    }

    private mutating func measureSomething() {
        if let id = self.anyChild() { self.measure(id) }
    }

    private mutating func measure(_ id: ChildID) {
        guard self.children[id]?.isReady == true else { return }
        let isHigh = self.faults && self.chance(10)
        self.supervisor.childMeasured(
            id,
            TreeUsage(
                memoryGrowth: UInt64.random(in: 0...(isHigh ? 120 : 50), using: &self.random) << 20,
                cpuNanoseconds: UInt64.random(in: 0...(isHigh ? 4_000_000_000 : 1_000), using: &self.random),
                descendants: isHigh ? Int.random(in: 0...6, using: &self.random) : 0), now: self.now)
    }

    // MARK: The driver

    private mutating func performActions() {
        while true {
            let actions = self.supervisor.takeActions()
            if actions.isEmpty { return }
            self.trace += actions
            for action in actions { self.perform(action) }
        }
    }

    private mutating func perform(_ action: SupervisorAction) {
        if self.exits > 0, !action.isLog { self.broke("\(action) after the exit") }
        switch action {
        case .startTemplate(let generation):
            if self.templates[generation] != nil { self.broke("template \(generation) started twice") }
            self.templates[generation] = .starting
        case .stopTemplate(let generation):
            if self.templates[generation] == .stopping { self.broke("template \(generation) stopped twice") }
            if self.templates[generation] != nil { self.templates[generation] = .stopping }
        case .killTemplate(let generation):
            self.reached.insert("template given up")
            if self.templates[generation] != nil { self.templates[generation] = .dying }
        case .fork(let id, _, let generation): self.fork(id, generation)
        case .notify(let id, let tag, _):
            if self.inChildren[tag] != id { self.broke("a notice to a child without the task") }
        case .stop(let id):
            if self.children[id] != nil { self.children[id]!.isLeaving = true }
        case .kill(let id):
            guard let child = self.children[id] else { return self.broke("killed a child that is not there") }
            if child.isKilled { self.broke("killed \(id) twice") }
            self.reached.insert("killed")
            self.children[id]!.isKilled = true
        case .recall(let id): self.recall(id)
        case .measure(let id, _): self.measure(id)
        case .readMemory: self.readMemory()
        case .observe(let id): self.observe(id)
        case .sample: self.reached.insert("looked at")
        case .finish(let finished): self.finish(finished)
        case .retry(let delivery, let wait, _):
            self.reached.insert("retried")
            self.leave(delivery.tag)
            self.delayed.append((self.now + wait, delivery))
        case .giveBack(let delivery):
            self.reached.insert("given back")
            self.leave(delivery.tag)
            self.queue.insert(delivery, at: 0)
        case .log(let event): self.note(event)
        case .exit:
            self.exits += 1
            if !self.children.isEmpty { self.broke("exit with children") }
            if self.templates.values.contains(.ready) { self.broke("exit with a template") }
        }
    }

    /// Now and then there is none left, and somebody ends.
    private mutating func readMemory() {
        let isShort = self.faults && self.chance(20)
        if isShort { self.reached.insert("memory short") }
        let reading = MemoryReading(total: 1 << 30, available: isShort ? 0 : 1 << 29)
        let growth = UInt64.random(in: 0...64 << 20, using: &self.random)
        self.supervisor.memoryWasRead(reading, growth: { _ in growth }, now: self.now)
    }

    private mutating func observe(_ id: ChildID) {
        let isAlive = !self.faults || self.chance(30)
        if isAlive { self.activity += 1_000_000_000 }
        self.supervisor.childObserved(id, TreeActivity(cpuNanoseconds: self.activity), now: self.now)
    }

    private mutating func recall(_ id: ChildID) {
        self.reached.insert("recalled")
        let waiting = self.children[id]?.waiting ?? []
        self.children[id]?.waiting = []
        for delivery in waiting.reversed() { self.supervisor.taskRecalled(id, delivery.tag, now: self.now) }
    }

    private mutating func note(_ event: SupervisorEvent) {
        switch event {
        case .childRecycled(_, .tainted, _): self.reached.insert("tainted")
        case .childRecycled: self.reached.insert("recycled")
        case .attemptKilled(_, _, .hardTime): self.reached.insert("hard time")
        case .attemptKilled(_, _, .stuck): self.reached.insert("stuck")
        default: break
        }
    }

    private mutating func fork(_ id: ChildID, _ generation: Int) {
        // A template may have died without the supervisor knowing it yet; a starting one is never asked.
        if self.templates[generation] == .starting { self.broke("a fork from a template that is not ready") }
        if self.children[id] != nil { self.broke("\(id) forked twice") }
        if self.templates[generation] == nil || self.faults && self.chance(5) {
            self.reached.insert("spawn failed")
            return self.supervisor.spawnFailed(id, reason: "EAGAIN", now: self.now)
        }
        self.children[id] = Child(id: id, generation: generation, concurrency: self.childConcurrency)
        self.order.append(id)
    }

    private mutating func finish(_ finished: FinishedDelivery) {
        if case .lost = finished.ending { self.reached.insert("lost") }
        self.leave(finished.delivery.tag)
        if !self.finished.insert(finished.delivery.tag).inserted { self.broke("finished twice") }
    }

    private mutating func leave(_ tag: DeliveryTag) {
        if self.inChildren.removeValue(forKey: tag) == nil { self.broke("delivery \(tag.number) ended twice") }
    }

    // MARK: The rules

    private mutating func check() {
        let reserved = self.supervisor.children.reduce(0) { $0 + ($1?.reservedMemory ?? 0) }
        if reserved != self.supervisor.admission.reserved { self.broke("memory is reserved for nobody") }
        let places = self.queue.count + self.delayed.count + self.inChildren.count + self.finished.count
        if places != Int(self.published) { self.broke("\(places) deliveries, \(self.published) published") }
        if self.supervisor.deliveriesInChildren != self.inChildren.count { self.broke("deliveries in children differ") }
        var occupied = self.supervisor.pools.map { _ in 0 }
        var live = occupied
        var earliest = self.supervisor.ladder.nextStep
        for case let child? in self.supervisor.children {
            occupied[child.pool] += min(child.assignments.count, self.childConcurrency)
            live[child.pool] += 1
            earliest = min(earliest, child.nextDeadline)
            if child.runningTasks > self.childConcurrency { self.broke("too many tasks run in a child") }
            if self.children[child.id] == nil { self.broke("\(child.id) is not known to the world") }
            if child.assignments.contains(where: \.delivery.isQuarantined), child.assignments.count > 1 {
                self.broke("a quarantined task is not alone")
            }
            if child.state == .idle && !child.assignments.isEmpty { self.broke("idle with tasks") }
            if child.state == .busy && child.assignments.isEmpty { self.broke("busy without tasks") }
        }
        if occupied != self.supervisor.pools.map(\.occupiedSlots) { self.broke("occupied slots differ") }
        for (pool, state) in self.supervisor.pools.enumerated() {
            // A pool that has just shrunk may be above its size until its children have gone.
            let most = state.policy.concurrency + state.surge
            self.allowed[pool] = max(self.allowed[pool], most)
            if live[pool] > self.allowed[pool] { self.broke("\(live[pool]) children of at most \(self.allowed[pool])") }
            if live[pool] <= most { self.allowed[pool] = most }
        }
        if self.exits == 0, self.supervisor.nextWake > min(earliest, self.supervisor.nextTemplateDeadline) {
            self.broke("nextWake is later than the earliest deadline")
        }
    }

    // MARK: The end

    /// Faults stop: every delivery must come to its end, and the pools to their size.
    mutating func calmDown() {
        guard self.exits == 0, self.violations.isEmpty else { return }
        self.faults = false
        var rounds = 0
        while self.finished.count < Int(self.published), rounds < 20_000, self.violations.isEmpty, self.exits == 0 {
            rounds += 1
            self.calmStep()
        }
        for _ in 0..<600 where self.violations.isEmpty && self.exits == 0 { self.calmStep() }
        guard self.exits == 0, self.violations.isEmpty else { return }
        if self.finished.count < Int(self.published) {
            self.broke("\(Int(self.published) - self.finished.count) deliveries never end")
        }
        for (pool, state) in self.supervisor.pools.enumerated() where state.policy.maxChildAge == nil {
            let live = self.supervisor.children.count { $0?.pool == pool }
            if live != state.policy.concurrency {
                self.broke("\(live) children at rest, not \(state.policy.concurrency)")
            }
        }
        if self.templates.count != 1 { self.broke("\(self.templates.count) templates at rest") }
    }

    private mutating func calmStep() {
        self.advance(by: .milliseconds(20))
        for generation in self.templates.keys.sorted() where self.templates[generation] != .ready {
            self.moveTemplateCalmly(generation)
        }
        for id in self.order where self.children[id] != nil {
            for _ in 0..<4 where self.children[id] != nil { self.moveOne(id) }
        }
        self.performActions()
        self.distribute()
        self.check()
    }

    private mutating func moveTemplateCalmly(_ generation: Int) {
        if self.templates[generation] != .starting { return self.endTemplate(generation) }
        self.templates[generation] = .ready
        self.supervisor.templateBecameReady(generation, now: self.now)
        self.performActions()
    }

    private mutating func moveOne(_ id: ChildID) {
        guard let child = self.children[id] else { return }
        if child.isKilled { return self.reapKilled(id) }
        if child.hangs { return }
        if !child.isReady {
            self.boot(id)
        } else if let delivery = child.running.first {
            self.report(id, delivery)
        } else if let delivery = child.waiting.first {
            self.children[id]!.waiting.removeFirst()
            self.children[id]!.running.append(delivery)
            self.supervisor.taskAccepted(id, delivery.tag, now: self.now)
        } else if child.isLeaving {
            self.reap(id, .exited(code: 0))
        }
        self.performActions()
    }

    /// Whatever is under way, a shutdown comes to its end, once, and every delivery is finished or given back.
    mutating func shutDown() {
        guard self.exits == 0, self.violations.isEmpty else { return }
        for _ in 0..<20 { self.publish() }
        self.distribute()
        self.faults = true
        for _ in 0..<20 where self.exits == 0 { self.step() }
        guard self.exits == 0 else { return }
        self.supervisor.shutDown(to: [.warm, .cold, .hard].randomElement(using: &self.random)!, now: self.now)
        var rounds = 0
        while self.exits == 0, rounds < 5_000, self.violations.isEmpty {
            rounds += 1
            self.performActions()
            guard self.exits == 0 else { break }
            self.advance(by: .milliseconds(100))
            self.moveChild()
            self.performActions()
            if self.exits == 0 { self.moveTemplate() }
            self.performActions()
            if self.exits == 0 { self.check() }
        }
        if self.exits != 1 { self.broke("\(self.exits) exits") }
        if !self.inChildren.isEmpty { self.broke("deliveries left in children") }
        let places = self.queue.count + self.delayed.count + self.finished.count
        if places != Int(self.published) { self.broke("deliveries lost in the shutdown") }
    }
}

extension SupervisorAction {
    fileprivate var isLog: Bool { if case .log = self { true } else { false } }
}
