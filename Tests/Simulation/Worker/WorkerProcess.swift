import Broker
import Configuration
import Logging
import Prefork
import Redis
import RedisBroker
import Supervision
import Wire

/// A worker: the production broker and supervisor, and between them a master as thin as the real one.
///
/// One pass is the real master's: ready descriptors, signals, reports; what is due; work for ready children; the broker;
/// work again; the end, when all is done.
final class WorkerProcess {
    let world: World
    let place: Int
    let incarnation: Int
    private(set) var isDead = false
    private(set) var isStopped = false
    /// Whether it was ever stopped: then nothing is kept in time.
    private(set) var wasStopped = false
    /// Whether it was told to end.
    private(set) var isEnding = false
    /// Whether it ended by itself, and said why.
    private(set) var hasExited = false

    var loop: VirtualLoop!
    var broker: RedisBroker!
    var supervisor: Supervisor
    private var distribution: Distribution
    var children: [ChildHandle] = []
    var templates: [Int: TemplateProcess] = [:]
    private var reports: [TemplateReport] = []
    private var signals: [SimulatedSignal] = []
    private var stopReason: StopReason?
    private var brokerFailure: String?
    /// What a child has just reported, while the supervisor decides about it.
    private var currentReport: (report: OutcomeReport, aftermath: Aftermath?)?

    // Faults
    var actsLeft: Int?
    var wallJump = 0
    /// Whether its connection breaks with the next answer that brings it messages.
    var losesNextTake = false
    var slowPipes = 0
    var shortMemory = 0
    var forkFailures: [String] = []
    var bootFailures = 0
    var bootHangs = 0
    /// What this worker calls itself at the server, once that is known.
    var nameAtServer: String?

    private var planned: Instant?
    private var plan: UInt64 = 0
    private var isInPass = false
    private var restlessPasses = 0

    var name: String { "w\(self.place).\(self.incarnation)" }
    var hasSlowPipes: Bool { self.slowPipes > 0 }

    init(_ world: World, place: Int, incarnation: Int) {
        self.world = world
        self.place = place
        self.incarnation = incarnation
        var pool = PoolPolicy()
        pool.concurrency = world.plan.children
        pool.childConcurrency = world.plan.childConcurrency
        pool.maxTasksPerChild = world.plan.maxTasksPerChild
        self.supervisor = Supervisor(
            pools: [pool], grace: .seconds(3), bootTimeout: .seconds(2), seed: world.random.next())
        self.supervisor.tasks = SimulatedTask.profiles
        self.distribution = Distribution(pools: 1)
    }

    // MARK: Life

    func start() {
        self.world.note(.worker, UInt64(self.place), UInt64(self.incarnation)) { "\(self.name) starts" }
        self.loop = VirtualLoop(self)
        self.broker = self.makeBroker()
        try? self.broker.start(on: self.loop)
        self.supervisor.start(now: self.world.now)
        self.performActions()
        self.wake()
    }

    private func makeBroker() -> RedisBroker {
        let plan = self.world.plan
        var options = RedisBrokerOptions(nodeName: self.name)
        options.queues = plan.queues.map { WeightedQueue($0) }
        options.visibilityTimeout = plan.visibilityTimeout
        options.workerTimeout = plan.workerTimeout
        options.results = ResultOptions()
        options.maxDeliveries = plan.maxDeliveries
        options.maxMessage = ByteCount(bytes: Plan.largestMessage)
        return RedisBroker(
            url: .server(RedisURL(host: "simulated")), options: options,
            directory: TaskDirectory(names: SimulatedTask.registered),
            profiles: TaskProfiles(
                profile: { SimulatedTask.profiles[$0] }, delivery: { SimulatedTask.deliveries[$0] }), pools: 1,
            logger: Logger(label: self.name, factory: { _ in LogCounter(worker: self) }),
            seed: self.world.random.next(), endpoint: { [unowned self] _ in LinkEndpoint(worker: self) })
    }

    /// Acts on the outside: not if it is dead, and perhaps this is when it dies.
    func acts() -> Bool {
        guard !self.isDead else { return false }
        guard let left = self.actsLeft else { return true }
        if left == 0 {
            self.world.reached.note("killed between two acts")
            self.die()
            return false
        }
        self.actsLeft = left - 1
        return true
    }

    /// SIGKILL.
    func die() {
        guard !self.isDead else { return }
        self.world.note(.worker, UInt64(self.place), UInt64(self.incarnation)) { "\(self.name) dies" }
        self.isDead = true
        self.closeLinks()
        self.endProcesses()
        self.world.workerEnded(self)
        if !self.isInPass { self.release() }
    }

    private func closeLinks() {
        for link in self.world.links.values.filter({ $0.worker === self }).sorted(by: { $0.descriptor < $1.descriptor })
        {
            link.close()
        }
    }

    /// Children notice that their master is gone, each a little later.
    private func endProcesses() {
        for child in self.children {
            guard let process = child.process else { continue }
            self.world.after(self.world.microseconds(10...200_000)) { process.die(.signalled("SIGKILL")) }
        }
    }

    /// Gives up all that refers to it.
    func release() {
        self.broker = nil
        self.loop = nil
    }

    /// SIGSTOP.
    func stop(for time: Duration) {
        guard !self.isStopped else { return }
        (self.isStopped, self.wasStopped) = (true, true)
        self.world.after(time) {
            self.isStopped = false
            self.wake()
        }
    }

    func signal(_ signal: SimulatedSignal) {
        self.signals.append(signal)
        self.wake()
    }

    // MARK: The pass

    /// Something is ready for it.
    func wake() { self.request(self.world.now + self.world.microseconds(1...60)) }

    private func request(_ time: Instant) {
        guard !self.isDead, !self.isStopped, !self.isInPass else { return }
        if let planned, planned <= time { return }
        self.planned = time
        self.plan += 1
        let plan = self.plan
        self.world.at(time) { if plan == self.plan { self.runPass() } }
    }

    private func runPass() {
        self.planned = nil
        guard !self.isDead, !self.isStopped else { return }
        self.isInPass = true
        self.pass()
        self.isInPass = false
        if self.isDead { return self.release() }
        self.checkRest()
        self.request(max(self.nextWake, self.world.now + self.world.microseconds(20...120)))
        if self.loop.hasReady || self.hasReports { self.wake() }
    }

    /// A master that wants to go on at once, again and again, with nothing to read, keeps a processor busy for nothing.
    private func checkRest() {
        let isRestless = self.nextWake <= self.world.now && !self.loop.hasReady && !self.hasReports
        self.restlessPasses = isRestless ? self.restlessPasses + 1 : 0
        if self.restlessPasses > 300 { self.world.broke(.spins, "\(self.name) does not wait for anything") }
    }

    private var nextWake: Instant { min(self.broker.nextWake(now: self.world.now), self.supervisor.nextWake) }

    private var hasReports: Bool {
        !self.reports.isEmpty || !self.signals.isEmpty || self.children.contains { $0.hasInput }
    }

    private func pass() {
        self.loop.dispatch()
        self.handleSignals()
        self.handleReports()
        self.readPipes()
        if self.world.now >= self.supervisor.nextWake { self.supervisor.timePassed(now: self.world.now) }
        self.performActions()
        self.distribute()
        self.broker.endPass(now: self.world.now)
        self.distribute()
        self.stopWhenDone()
        self.world.judge.look(at: self)
        if self.stopReason != nil, !self.isDead { self.end() }
    }

    private func stopWhenDone() {
        guard let failure = self.broker.status.failure, self.brokerFailure == nil else { return }
        self.brokerFailure = failure
        self.world.reached.note("broker gave up")
        self.broker.stopTaking(now: self.world.now)
        self.supervisor.shutDown(to: .cold, now: self.world.now)
        self.performActions()
    }

    /// The master's last steps.
    private func end() {
        let now = self.world.now
        self.broker.stopTaking(now: now)
        self.distribution.giveBackWaiting(&self.supervisor, self.broker, now: now)
        self.broker.finish(now: now)
        guard !self.isDead else { return }
        self.world.note(.worker, UInt64(self.place), UInt64(self.incarnation)) {
            "\(self.name) ends: \(self.stopReason!)"
        }
        self.world.judge.exited(self, failure: self.broker.status.failure)
        (self.isDead, self.hasExited) = (true, true)
        self.closeLinks()
        self.world.workerEnded(self)
    }

    // MARK: Signals

    private func handleSignals() {
        let signals = self.signals
        self.signals = []
        let now = self.world.now
        for signal in signals {
            switch signal {
            case .terminate:
                self.isEnding = true
                self.broker.stopTaking(now: now)
                self.supervisor.escalateShutdown(now: now)
            case .quit:
                self.isEnding = true
                self.broker.stopTaking(now: now)
                self.supervisor.ladder.stage < .cold
                    ? self.supervisor.shutDown(to: .cold, now: now) : self.supervisor.escalateShutdown(now: now)
            case .reload: if self.templates.count < 3 { self.supervisor.reload(now: now) }
            case .resize(let change): self.supervisor.resize(pool: 0, by: change, now: now)
            case .revoke(let kill):
                guard let tag = self.children.flatMap(\.tags).min() else { break }
                self.world.reached.note("revoked")
                self.supervisor.revoke(DeliveryTag(tag), kill: kill, now: now)
            }
            self.performActions()
        }
    }

    // MARK: Work

    private func distribute() {
        let now = self.world.now
        if self.supervisor.ladder.stage > .running, !self.distribution.isEmpty {
            self.distribution.giveBackWaiting(&self.supervisor, self.broker, now: now)
        }
        while let next = self.distribution.nextWaiting(pool: 0, &self.supervisor, self.broker, now: now) {
            self.dispatch(next.message, to: next.child)
        }
        while let next = self.distribution.next(pool: 0, &self.supervisor, self.broker, now: now) {
            self.dispatch(next.message, to: next.child)
        }
        self.performActions()
        let places = self.supervisor.openPlaces { self.distribution.waitingCount(pool: $0) }
        self.broker.placesAreOpen(places, now: now)
    }

    private func dispatch(_ message: TakenMessage, to id: ChildID) {
        guard let child = self.child(id) else { return self.world.broke(.simulation, "\(id) is not there") }
        let delivery = message.delivery
        if child.hasToldOfLeftovers { self.world.broke(.cleanChild, "\(id) has a process of an earlier task") }
        var order = TaskOrder(
            attempt: UInt32(clamping: delivery.attempt), name: Array("task".utf8)[...], id: message.id)
        order.hardTimeNanoseconds = self.supervisor.limits(of: delivery).hardTime?.wholeNanoseconds ?? 0
        order.isLast = self.supervisor.assign(delivery, to: id, now: self.world.now)
        order.hasFailed = delivery.hasFailed
        var packet: [UInt8] = []
        self.write(order, with: message.body, delivery.tag.number, into: &packet)
        child.tags.append(delivery.tag.number)
        self.world.note(.order, id.serial, delivery.tag.number) { "\(self.name) \(id) gets \(delivery.tag.number)" }
        if self.acts() { child.process?.ordered(packet) }
    }

    private func write(_ order: TaskOrder, with body: TakenMessage.Body, _ tag: UInt64, into packet: inout [UInt8]) {
        var order = order
        switch body {
        case .envelope(let bytes):
            order.bodyFormat = .envelope
            order.write(delivery: tag, bodyLength: bytes.count, into: &packet)
            packet += bytes
        case .join(let join):
            order.bodyFormat = .join
            order.write(delivery: tag, bodyLength: join.size, into: &packet)
            for item in join.items {
                JoinOrder.writeLength(item.count, into: &packet)
                packet += item
            }
        case .call: self.world.broke(.simulation, "a message that came from no broker")
        }
    }

    func child(_ id: ChildID) -> ChildHandle? { self.children.first { $0.id == id } }

    // MARK: Reports

    func report(_ report: TemplateReport) {
        guard !self.isDead else { return }
        self.reports.append(report)
        self.wake()
    }

    private func handleReports() {
        while !self.reports.isEmpty, !self.isDead {
            self.handle(self.reports.removeFirst())
            self.performActions()
        }
    }

    private func readPipes() {
        for child in self.children where child.hasInput {
            self.read(child, most: Int.random(in: 1...8_192, using: &self.world.random))
            self.performActions()
        }
    }

    // MARK: Actions

    func performActions() {
        while true {
            let actions = self.supervisor.takeActions()
            if actions.isEmpty { return }
            for action in actions { self.perform(action) }
        }
    }

    private func perform(_ action: SupervisorAction) {
        let now = self.world.now
        switch action {
        case .startTemplate(let generation): self.startTemplate(generation)
        case .stopTemplate(let generation): self.templates[generation]?.stop()
        case .killTemplate(let generation):
            self.world.reached.note("template given up")
            self.templates[generation]?.die()
        case .fork(let id, _, let generation): self.order(id, generation: generation)
        case .notify(let id, let tag, let notice): self.child(id)?.process?.noticed(tag.number, notice)
        case .stop(let id): self.child(id)?.process?.told(true)
        case .kill(let id): self.kill(id)
        case .recall(let id): self.recall(id)
        case .measure(let id, _):
            self.supervisor.childMeasured(
                id, TreeUsage(memoryGrowth: 1 << 20, cpuNanoseconds: 1_000, descendants: 0), now: now)
        case .readMemory: self.readMemory()
        case .observe(let id):
            let isWorking = self.child(id)?.process?.isWorking ?? false
            let activity = TreeActivity(cpuNanoseconds: isWorking ? now.nanoseconds : 0)
            self.supervisor.childObserved(id, activity, now: now)
        case .sample: break
        case .finish(let finished): self.finish(finished)
        case .retry(let delivery, let wait, _):
            self.world.reached.note("retried")
            let failure = self.currentReport.map { TaskOutcome.Failure(.reported, $0.report) }
            self.broker.retry(delivery, after: wait, because: failure, now: now)
        case .giveBack(let delivery):
            self.world.reached.note("given back")
            if self.world.mutation == .lostRedispatch { return }
            self.broker.giveBack(delivery, now: now)
        case .log(let event): self.note(event)
        case .exit(let reason): self.stopReason = reason
        }
    }

    private func kill(_ id: ChildID) {
        guard let child = self.child(id) else { return }
        self.world.note(.killed, id.serial) { "\(self.name) kills \(id)" }
        child.isCondemned = true
        if self.world.mutation == .toothlessLimits { return }
        if self.acts() { child.process?.die(.signalled("SIGKILL")) }
    }

    private func readMemory() {
        let isShort = self.shortMemory > 0
        if isShort { self.world.reached.note("memory short") }
        self.supervisor.memoryWasRead(
            MemoryReading(total: 1 << 30, available: isShort ? 0 : 1 << 29), growth: { _ in 32 << 20 },
            now: self.world.now)
    }

    private func note(_ event: SupervisorEvent) {
        switch event {
        case .childRecycled(_, let reason, _): self.world.reached.note("recycled: \(reason.rawValue)")
        case .attemptKilled(_, _, let cause): self.world.reached.note("attempt killed: \(cause.name)")
        case .attemptLost: self.world.reached.note("attempt lost")
        case .childBootFailed: self.world.reached.note("boot failed")
        case .spawnFailed: self.world.reached.note("fork failed")
        case .templateLost: self.world.reached.note("template lost")
        case .breakerTripped: self.world.reached.note("breaker tripped")
        default: break
        }
    }

    // MARK: Outcomes

    func decide(_ report: OutcomeReport, _ aftermath: Aftermath?, _ tag: DeliveryTag, _ id: ChildID) {
        self.currentReport = (report, aftermath)
        self.supervisor.taskReported(id, tag, Supervisor.Report(report), now: self.world.now)
        self.performActions()
        self.currentReport = nil
    }

    private func finish(_ finished: FinishedDelivery) {
        let now = self.world.now
        var outcome: TaskOutcome
        switch finished.ending {
        case .lost(let cause):
            self.world.reached.note("lost for good: \(cause.name)")
            outcome = TaskOutcome(.failure, attempts: finished.delivery.attempt)
            outcome.failure = TaskOutcome.Failure(type: cause.errorType, message: "\(cause)", cause: cause.name)
        case .reported, .gaveUp, .retriesExhausted, .revoked:
            guard let current = self.currentReport else {
                return self.world.broke(.outcomeCounts, "an outcome that nobody reported")
            }
            outcome = TaskOutcome(
                finished.ending, current.report, result: .memory(current.report.content),
                attempts: finished.delivery.attempt)
            outcome.aftermath = outcome.keeps(current.report.state) ? current.aftermath : nil
        }
        self.broker.complete(finished.delivery, outcome, now: now)
    }
}

/// What somebody tells a worker.
enum SimulatedSignal {
    case terminate
    case quit
    case reload
    case resize(Int)
    case revoke(kill: Bool)
}
