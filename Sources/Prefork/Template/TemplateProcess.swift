import ControlGroups
import CrashReports
import JSON
import Sandbox
import Supervision
import Syscalls
import SystemPackage
import Wire

/// The template itself: runs `preload`, then forks a child on each order, reaps, and reports.
///
/// It never does anything else, so that children start from a small process with one thread that holds no socket but
/// the one to its master. Its duties:
///
/// 1. fork on order, hand the master a pidfd;
/// 2. reap, kill what a dead child left behind, then report;
/// 3. fork a helper that turns a crash record into a backtrace, or looks at the stacks of a child: it has the address
///    layout of the child;
/// 4. when the master is gone, kill every descendant and exit.
final class TemplateProcess {
    /// Descriptors below this number are kept for a child's pipes.
    static let firstDescriptor: CInt = 16

    private let program: WorkerProgram
    private let control: MessageSocket
    private let breadcrumbs: CInt
    private let signals: SignalDescriptor
    private var serials: [ProcessID: UInt64] = [:]
    /// The control groups by which children's trees are killed, by serial number.
    private var groups: [UInt64: CInt] = [:]
    /// By pool.
    private var sandboxes: [Sandbox] = []
    private let ownID = ownProcessID
    private let knownTypes = TaskExecutor.neededTypes

    /// Runs the template on its inherited control socket.
    static func run(_ program: WorkerProgram, control: CInt, breadcrumbs: CInt, master: ProcessID) -> Never {
        do {
            // Preload is the application's code and may hang; afterwards the socket tells of the master's end, and
            // leaves time to kill the children.
            try setParentDeathSignal(.kill)
            if parentProcessID != master { exitNow(0) }
            let template = try TemplateProcess(program, control: control, breadcrumbs: breadcrumbs)
            try template.start()
            try setParentDeathSignal(Signal(0))
            try template.loop()
        } catch {
            exitNow(1)
        }
    }

    private init(_ program: WorkerProgram, control: CInt, breadcrumbs: CInt) throws(Errno) {
        self.program = program
        setProcessName("celeriac-tmpl")
        try becomeSubreaper()
        for signal in [Signal.terminate, .interrupt, .quit, .hangUp, .user1, .notice, .terminalInput, .terminalOutput] {
            try setDisposition(of: signal, to: .discarded)
        }
        try setDisposition(of: .brokenPipe, to: .discarded)
        try blockSignals(SignalSet([.child]))
        self.control = MessageSocket(owning: try Self.moveUp(control))
        self.breadcrumbs = try Self.moveUp(breadcrumbs)
        self.signals = try SignalDescriptor(SignalSet([.child]))
    }

    private static func moveUp(_ descriptor: CInt) throws(Errno) -> CInt {
        defer { closeAll([descriptor]) }
        return try duplicate(descriptor, atLeast: Self.firstDescriptor)
    }

    private func start() throws {
        do {
            try self.program.preload()
            try TemplateAudit.check(control: self.control.descriptor.number)
            self.sandboxes = try SandboxPreparation.prepare(self.program.sandboxes)
        } catch {
            try self.send(.failed(reason: "\(error)"))
            exitNow(1)
        }
        try self.send(.ready)
    }

    /// How long it is tried to send a report, in tenths of a millisecond.
    private static let mostTries = 10_000

    /// Sends a report. The socket waits for a master that is slow; what is tried again is a kernel without memory.
    private func send(_ report: TemplateReport, descriptors: [CInt] = []) throws(Errno) {
        for _ in 0..<Self.mostTries {
            // A master that is gone is noticed by the next receive.
            guard try self.control.send(report.encoded, descriptors: descriptors) == .wouldBlock else { return }
            pauseBriefly()
        }
        throw .noMemory
    }

    // MARK: The loop

    private func loop() throws -> Never {
        while true {
            let descriptors = [self.control.descriptor.number, self.signals.descriptor.number]
            let ready = waitReadable(descriptors, within: self.serials.isEmpty ? nil : Self.sweepInterval)
            if ready[1] { try self.reapAll() }
            if ready[0] { try self.handleOrder() }
            if !ready[0], !ready[1] { _ = self.killStrays() }
        }
    }

    private func handleOrder() throws {
        switch try self.control.receive() {
        case .message(let bytes, let descriptors): try self.follow(TemplateOrder(decoding: bytes), descriptors)
        case .wouldBlock: pauseBriefly()
        case .endOfFile: self.masterGone()
        }
    }

    private func follow(_ order: TemplateOrder?, _ descriptors: [CInt]) throws {
        defer { closeAll(descriptors) }
        switch order {
        case .fork(let serial, let pool, let place, let groups):
            try self.fork(
                serial, pool: Int(pool), place: Int(place), pipes: Array(descriptors.prefix(3)), groups,
                descriptors.dropFirst(3))
        case .symbolicate(let request, let record): try self.symbolicate(request, record)
        case .sample(let serial): try self.sample(serial)
        case nil: throw Errno.badMessage
        }
    }

    // MARK: Duty 1

    private func fork(
        _ serial: UInt64, pool: Int, place: Int, pipes: [CInt], _ groups: ForkGroups, _ directories: ArraySlice<CInt>
    ) throws {
        guard pipes.count == 3, directories.count == groups.count, self.program.childConcurrency.indices.contains(pool)
        else { throw Errno.badMessage }
        let side: ForkSide
        do {
            side = try Self.fork(groups, directories)
        } catch {
            return try self.send(.forkFailed(serial: serial, errorNumber: error.rawValue))
        }
        switch side {
        case .child:
            let breadcrumbs = BreadcrumbWriter(file: self.breadcrumbs, place: place, child: serial)
            let entry = SandboxEntry(sandbox: self.sandboxes[pool], child: serial)
            ChildProcess.run(
                self.program, pool: pool, pipes: pipes, groups: Array(directories), breadcrumbs: breadcrumbs,
                template: self.ownID, entry)
        case .parent(let pid):
            let descriptor: ProcessDescriptor
            do {
                descriptor = try ProcessDescriptor(child: pid)
            } catch {
                // Nobody could signal it. It has no task yet.
                killOwnChild(pid)
                return try self.send(.forkFailed(serial: serial, errorNumber: error.rawValue))
            }
            self.serials[pid] = serial
            if let group = directories.first {
                self.groups[serial] = try? duplicate(group, atLeast: Self.firstDescriptor)
            }
            try self.send(.forked(serial: serial, pid: pid), descriptors: [descriptor.descriptor.number])
        }
    }

    /// Forks a child in its control group where the kernel can; elsewhere the child enters by itself.
    private static func fork(_ groups: ForkGroups, _ directories: ArraySlice<CInt>) throws(Errno) -> ForkSide {
        guard groups.isUnified, let group = directories.first else { return try Syscalls.fork() }
        do throws(Errno) {
            return try Syscalls.fork(into: group)
        } catch {
            // Filters of containers hide the call, and old kernels lack it.
            guard [.noFunction, .notPermitted, .invalidArgument].contains(error) else { throw error }
            return try Syscalls.fork()
        }
    }

    // MARK: Duty 2

    /// One SIGCHLD may stand for many deaths: reaps until nothing is left, then looks for strays once.
    private func reapAll() throws {
        while self.signals.next() != nil {}
        var exits: [Exit] = []
        while let exit = reapAny() { exits.append(exit) }
        if exits.isEmpty { return }
        FaultPoint.reached(.childReaped)
        let dead = exits.compactMap { exit in self.serials.removeValue(forKey: exit.pid).map { ($0, exit) } }
        let inGroups = dead.map { self.emptyGroup(of: $0.0) }
        let strays = self.killStrays()
        for exit in exits { self.helpers.remove(exit.pid) }
        for (index, (serial, exit)) in dead.enumerated() {
            // Whose strays they are is known from their groups; without groups only when one child died.
            let found = inGroups[index].isEmpty && dead.count == 1 ? strays : inGroups[index]
            try self.report(serial, exit, leftovers: found)
        }
    }

    /// How often to look for processes that made this one their parent while their child lives on (`CLONE_PARENT`):
    /// no signal tells of them.
    private static let sweepInterval: Duration = .seconds(1)

    /// Kills every child of this process that it did not fork.
    private func killStrays() -> [String] {
        killStrayChildren { self.serials[$0] != nil || self.helpers.contains($0) }
    }

    /// Kills what a dead child left in its control group. What dies becomes this process's, like all orphans.
    private func emptyGroup(of serial: UInt64) -> [String] {
        guard let group = self.groups.removeValue(forKey: serial) else { return [] }
        defer { closeAll([group]) }
        return GroupEntry.killAll(group)
    }

    private func report(_ serial: UInt64, _ exit: Exit, leftovers: [String]) throws(Errno) {
        var child = TemplateReport.ReapedChild(
            serial: serial, signalled: false, status: 0, cpuMicroseconds: exit.cpuMicroseconds,
            peakResident: exit.peakResident, leftovers: UInt32(clamping: leftovers.count))
        child.leftoverNames = Leftovers.text(leftovers)
        switch exit.status {
        case .exited(let code): child.status = code
        case .signalled(let signal): (child.signalled, child.status) = (true, signal)
        }
        try self.send(.exited(child))
    }

    // MARK: Duty 3

    private var helpers: Set<ProcessID> = []

    private func symbolicate(_ request: UInt64, _ record: Bytes) throws {
        let hasHelper = self.help {
            let text = CrashBacktrace(describing: record)?.encoded ?? []
            return .symbolicated(request: request, text[...])
        }
        if !hasHelper { try self.send(.symbolicated(request: request, [])) }
    }

    private static let mostThreads = 8

    /// A child that is gone meanwhile is not worth an answer.
    private func sample(_ serial: UInt64) throws {
        guard let pid = self.serials.first(where: { $0.value == serial })?.key else { return }
        let hasHelper = self.help {
            let threads = ProcessTable.threads(of: pid).prefix(Self.mostThreads)
            let records = StackSampler.sample(pid, threads: Array(threads)).joined()
            return .sampled(serial: serial, Array(records)[...])
        }
        if !hasHelper { try self.send(.sampled(serial: serial, [])) }
    }

    /// Has a fork of this process find something out and tell the master. Returns whether it could be forked.
    private func help(_ work: () -> TemplateReport) -> Bool {
        guard let side = try? Syscalls.fork() else { return false }
        if case .parent(let pid) = side {
            self.helpers.insert(pid)
            return true
        }
        try? setParentDeathSignal(.kill)
        try? blockSignals(SignalSet())
        // A damaged binary must not keep the master waiting.
        limitLifetime(seconds: 10)
        try? self.send(work())
        exitNow(0)
    }

    // MARK: Duty 4

    private func masterGone() -> Never {
        _ = killStrayChildren { _ in false }
        exitNow(0)
    }
}
