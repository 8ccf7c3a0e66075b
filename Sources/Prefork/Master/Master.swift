import Broker
import ControlGroups
import Logging
import Reactor
import SandboxPolicy
import Supervision
import Syscalls
import SystemPackage
import Traces
import Wire
import WorkerStatus

/// The master: performs what the ``Supervisor`` decides, and carries bytes between broker and children.
///
/// One thread. One pass of its loop is always: wait for descriptors until the nearest deadline → read clock once →
/// handle what is ready (signals, templates' reports, children's reports and output) → due deadlines → give ready
/// children work → flush to broker and children.
public final class Master {
    let settings: MasterSettings
    let broker: any Broker
    let logger: Logger
    let reactor: Reactor
    var supervisor: Supervisor
    var templates: [Int: TemplateHandle] = [:]
    var children: [ChildID: ChildHandle] = [:]
    var childrenBySerial: [UInt64: ChildHandle] = [:]
    var backtraces = BacktraceDesk()
    /// Where children leave their notes.
    let breadcrumbs: BreadcrumbFile
    /// Processes that the kernel had ended for lack of memory when that was looked at last.
    var machineKills = ProcessTable.outOfMemoryKills() ?? 0
    /// Children whose queues have bytes to send at the end of the pass.
    var unsent: [ChildHandle] = []
    var now: Instant
    var stopReason: StopReason?
    var distribution: Distribution
    /// What the worker may use, as it was last read.
    var ceiling: ResourceCeiling?
    var nextCeiling = Instant(nanoseconds: 0)
    let memoryGauge = MemoryGauge()
    /// What templates read: the configuration in force, and a newer one that is being tried.
    var templateInput: [UInt8]
    var pendingReload: [UInt8]?
    /// How often a reload was asked for.
    public internal(set) var reloads = 0
    /// What the last reload replaced.
    var replacedConfiguration: ReplacedConfiguration?
    /// What the children of each pool may do, in the configuration that is in force.
    var sandboxes: [SandboxProfile]
    /// What sandboxes lack on this host and has been logged.
    var knownDowngrades: Set<String> = []
    /// Task names as they stand in frames.
    let taskNames: [Bytes]
    /// The report that is being decided about.
    var currentReport: CurrentReport?
    /// What is shown of what has happened.
    var history: MasterHistory
    let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: Master.pipeShare, alignment: 16)
    /// Children that this process had before it became a worker: not ours to kill.
    let strangers: Set<ProcessID>
    private let signals: SignalDescriptor
    let hooks: MasterHooks
    /// Makes the ids of spans.
    var spanIDs: SeededGenerator

    /// Bytes that the master moves for one child in one pass, so that none keeps the others waiting.
    static let pipeShare = 65_536

    /// What an attempt may map beyond its memory limit. The kernel counts what is mapped, used or not: room for the
    /// stacks of as many threads as Dispatch (64) and Swift's pool (one for each processor) start, of 8 MiB each, and
    /// for as much again that programs reserve and do not use.
    static let dataSlack = UInt64(1 << 30) + UInt64(availableProcessors()) * (16 << 20)

    /// What registrations are about; a child's pipes use ``ChildHandle/Channel``.
    private enum Token: Int {
        case signals
    }

    /// A master that has started nothing yet. Blocks the signals that it reads from a descriptor.
    public init(
        settings: MasterSettings, broker: any Broker, logger: Logger, hooks: MasterHooks = MasterHooks(), seed: UInt64
    ) throws(Errno) {
        self.settings = settings
        self.broker = broker
        self.logger = logger
        self.hooks = hooks
        self.templateInput = settings.templateInput
        self.sandboxes = settings.sandboxes
        self.taskNames = settings.taskNames.map { Array($0.utf8)[...] }
        self.reactor = try Reactor()
        self.breadcrumbs = try BreadcrumbFile()
        self.supervisor = Supervisor(
            pools: settings.pools, grace: settings.grace, bootTimeout: settings.bootTimeout, seed: seed)
        self.supervisor.tasks = settings.tasks
        self.distribution = Distribution(pools: settings.pools.count)
        self.history = MasterHistory(pools: settings.pools.count)
        self.spanIDs = SeededGenerator(seed: seed)
        self.strangers = Set(ProcessTable.ownChildren())
        self.now = Instant(nanoseconds: monotonicNanoseconds())
        try setDisposition(of: .brokenPipe, to: .ignored)
        try setDisposition(of: .fileSize, to: .ignored)
        try setDisposition(of: .notice, to: .ignored)
        try blockSignals(Self.handledSignals)
        self.signals = try SignalDescriptor(Self.handledSignals)
        try becomeSubreaper()
    }

    deinit { self.scratch.deallocate() }

    private static let handledSignals = SignalSet([
        .terminate, .interrupt, .quit, .hangUp, .user1, .child, .terminalInput, .terminalOutput,
    ])

    /// Runs until the broker is drained or a shutdown is complete.
    public func run() throws -> StopReason {
        _ = try self.reactor.register(
            self.signals.descriptor.number, for: .readable, handler: self, token: Token.signals.rawValue)
        // Children of whatever ran in this process before, as process 1 perhaps, may have ended unheard.
        self.reapOwnChildren()
        try self.broker.start(on: self.reactor)
        self.supervisor.start(now: self.now)
        self.performActions()
        while self.stopReason == nil { try self.pass() }
        // A worker that cannot work stops without a signal.
        self.broker.stopTaking(now: self.now)
        self.completeAllBacktraces()
        self.giveBackWaiting()
        self.broker.finish(now: self.now)
        self.settings.groups.close()
        return self.stopReason!
    }

    private func pass() throws {
        try self.reactor.wait(until: self.nextWake)
        self.now = Instant(nanoseconds: monotonicNanoseconds())
        if self.now >= self.supervisor.nextWake { self.supervisor.timePassed(now: self.now) }
        self.performActions()
        self.followCeiling()
        self.completeOverdueBacktraces()
        let wasIdle = self.runningTasks == 0
        self.distribute()
        // The first tasks do not wait for the broker's turn. Where others run, one write for all of a pass is cheaper.
        if wasIdle { self.sendAll() }
        self.broker.endPass(now: self.now)
        self.distribute()
        self.stopWhenDone()
        self.sendAll()
        self.hooks.passed(self)
    }

    private var nextWake: Instant {
        let broker = self.broker.nextWake(now: self.now)
        let own = min(self.supervisor.nextWake, self.nextCeiling)
        return min(min(own, broker), min(self.backtraces.nextDeadline, self.hooks.nextWake()))
    }

    private func stopWhenDone() {
        let status = self.broker.status
        if let failure = status.failure, self.brokerFailure == nil {
            self.brokerFailure = failure
            self.logger.error("broker.failed", metadata: ["reason": "\(failure)"])
            self.shutDown(to: .cold)
        } else if status.isDrained, self.backtraces.isEmpty, self.supervisor.ladder.stage == .running {
            self.isDrained = true
            self.shutDown(to: .warm)
        }
    }

    /// Why the broker could not go on.
    public private(set) var brokerFailure: String?
    /// Whether the worker stops because all is done.
    public private(set) var isDrained = false
    /// Signals that asked for a shutdown.
    private var shutdownSignals = 0

    /// What the worker is doing, for a progress line.
    public var runningTasks: Int { self.supervisor.deliveriesInChildren }

    func shutDown(to stage: ShutdownStage) {
        self.broker.stopTaking(now: self.now)
        self.supervisor.shutDown(to: stage, now: self.now)
        self.performActions()
    }
}

/// What the program does in the master's loop.
public struct MasterHooks {
    /// Called at the end of each pass.
    public var passed: (Master) -> Void = { _ in }
    /// When the next pass must be at the latest, for ``passed``.
    public var nextWake: () -> Instant = { .distantFuture }
    /// Called when a child has told what it holds.
    public var looked: (ChildID, ChildSample) -> Void = { _, _ in }
    /// Takes a span that is over.
    public var ended: (SpanRecord) -> Void = { _ in }
    /// Reads the configuration again (SIGHUP): what a new template is to be given.
    public var readConfiguration: () throws -> [UInt8] = { [] }
    /// Understands what ``readConfiguration`` read, once a template has started with it.
    public var applyConfiguration: ([UInt8]) throws -> ReloadedSettings? = { _ in nil }

    /// Nothing.
    public init() {}
}

/// What a reload may change.
public struct ReloadedSettings {
    /// Policies of the same pools, in the same order.
    public var pools: [PoolPolicy]
    /// What their children may do, in the same order.
    public var sandboxes: [SandboxProfile]
    /// Profiles of the same tasks, in the same order.
    public var tasks: [TaskProfile]

    /// New policies and profiles.
    public init(pools: [PoolPolicy], sandboxes: [SandboxProfile], tasks: [TaskProfile]) {
        self.pools = pools
        self.sandboxes = sandboxes
        self.tasks = tasks
    }
}

// MARK: Signals

extension Master: ReadinessHandler {
    public func descriptorReady(token: Int, readiness: Readiness) {
        self.now = Instant(nanoseconds: monotonicNanoseconds())
        while let signal = self.signals.next() { self.handle(signal) }
        self.performActions()
    }

    private func handle(_ signal: Signal) {
        switch signal {
        case .child: self.reapOwnChildren()
        case .terminate, .interrupt: self.requestShutdown(signal)
        case .quit:
            self.logShutdown(signal)
            self.supervisor.ladder.stage < .cold
                ? self.supervisor.shutDown(to: .cold, now: self.now) : self.supervisor.escalateShutdown(now: self.now)
        case .hangUp: self.reload()
        case .terminalInput: self.supervisor.resize(pool: 0, by: 1, now: self.now)
        case .terminalOutput: self.supervisor.resize(pool: 0, by: -1, now: self.now)
        case .user1: self.dumpState()
        default: break
        }
    }

    /// The first signal starts a warm shutdown, each further one takes the next step.
    private func requestShutdown(_ signal: Signal) {
        self.logShutdown(signal)
        self.supervisor.escalateShutdown(now: self.now)
    }

    private func logShutdown(_ signal: Signal) {
        self.broker.stopTaking(now: self.now)
        self.logger.notice("shutdown.requested", metadata: ["signal": "\(signal.name)"])
    }

    /// Reaps templates, orphans that came to us when their template died, and, as process 1, strangers.
    private func reapOwnChildren() {
        while let exit = reapAny() {
            if let template = self.templates.values.first(where: { $0.pid == exit.pid }) {
                self.templateDied(template, exit)
            } else if let child = self.children.values.first(where: { $0.pid == exit.pid }) {
                self.orphanExited(child, exit)
            }
        }
        self.settleLostTemplates()
    }
}
