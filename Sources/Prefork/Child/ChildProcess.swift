import ControlGroups
import CrashReports
import SandboxPolicy
import Supervision
import Synchronization
import Syscalls
import SystemPackage
import Wire

/// The child itself: boots after the fork, runs tasks one after the other, or several async ones at once.
///
/// Everything is allowed here that is not in master and template: threads, Dispatch, Swift tasks.
struct ChildProcess {
    /// Fixed numbers of the child's pipes, so that a descriptor leak of the template cannot hide among them.
    enum Numbers {
        static let orders: CInt = 3
        static let reports: CInt = 4
        static let afterPipes: CInt = 5
    }

    private let program: WorkerProgram
    private let concurrency: Int
    private let reports = ReportWriter(descriptor: Numbers.reports)
    private var decoder = FrameDecoder(.orders)
    private var executor: TaskExecutor
    private var looks: SamplingBudget
    /// Attempts that had ended at the last look, or when there was none.
    private var seenTasks = 0
    private let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: 65_536, alignment: 16)

    /// Sets up the process that was just forked and runs it to its end.
    ///
    /// - Parameters:
    ///   - pipes: the child's ends of orders, reports and output.
    ///   - groups: the directories of its control groups.
    ///   - breadcrumbs: where it leaves notes; its memory is mapped, and needs no descriptor.
    ///   - template: the process that forked it.
    ///   - entry: its way into its sandbox.
    static func run(
        _ program: WorkerProgram, pool: Int, pipes: [CInt], groups: [CInt], breadcrumbs: BreadcrumbWriter?,
        template: ProcessID, _ entry: SandboxEntry
    ) -> Never {
        do {
            try self.takePipes(pipes)
            // Before anything else is done on its account; again where it was born in its group.
            try GroupEntry.enter(groups)
            try entry.takeDescriptor()
            try closeDescriptors(from: entry.firstStrayDescriptor)
            try self.separate(from: template)
            let sandbox = entry.enter()
            // A change of user has taken it away.
            try self.endWith(template)
            let notices = try self.installNotices()
            var child = try ChildProcess(
                program, concurrency: program.childConcurrency[pool], notices: notices, breadcrumbs)
            child.boot(sandbox)
            child.loop()
        } catch {
            self.refuse(reason: "cannot set up the process: \(error)")
        }
    }

    private init(
        _ program: WorkerProgram, concurrency: Int, notices: CInt, _ breadcrumbs: BreadcrumbWriter?
    ) throws(Errno) {
        self.program = program
        self.concurrency = concurrency
        self.executor = try TaskExecutor(
            program: program, reports: self.reports, notices: notices, breadcrumbs: breadcrumbs)
        self.looks = SamplingBudget(share: program.lookShare, now: Instant(nanoseconds: monotonicNanoseconds()))
    }

    // MARK: Boot

    /// Moves the pipes to their fixed numbers, below all others.
    private static func takePipes(_ pipes: [CInt]) throws(Errno) {
        // The template has no descriptor of its own among the fixed numbers, see `TemplateProcess.firstDescriptor`.
        try duplicate(pipes[0], onto: Numbers.orders)
        try duplicate(pipes[1], onto: Numbers.reports)
        try duplicate(pipes[2], onto: 1)
        try duplicate(pipes[2], onto: 2)
        StandardOutput.bufferByLine()
    }

    private static func separate(from template: ProcessID) throws(Errno) {
        setProcessName("celeriac-child")
        // When the machine runs out of memory, the kernel is to choose a child, not master or template.
        OutOfMemory.preferThisProcess()
        ResidentPeak.prepare()
        startSession()
        try becomeSubreaper()
        try self.endWith(template)
        // What is meant for the master may reach the whole group or control group; a program that a task starts
        // gets the default actions back.
        for signal in [Signal.terminate, .interrupt, .quit, .hangUp, .user1, .terminalInput, .terminalOutput] {
            try setDisposition(of: signal, to: .discarded)
        }
        // A closed pipe or a file size limit is an errno in the task, not its end.
        try setDisposition(of: .brokenPipe, to: .discarded)
        try setDisposition(of: .fileSize, to: .discarded)
        try setDisposition(of: .child, to: .standard)
        try Resource.core.setSoftLimit(0)
        CrashHandler.install(descriptor: Numbers.reports, prefix: Self.crashHeader)
    }

    private static func endWith(_ template: ProcessID) throws(Errno) {
        try setParentDeathSignal(.kill)
        // The template may have died before the line above.
        if parentProcessID != template { exitNow(ChildExitCode.masterGone) }
    }

    private static var crashHeader: [UInt8] {
        var header: [UInt8] = []
        FrameHeader(.crash, length: CrashRecord.byteCount).write(into: &header)
        return header
    }

    /// Notices from now on wake whoever waits for the returned descriptor, which stays open as long as the process.
    private static func installNotices() throws(Errno) -> CInt {
        let pipe = try Pipe()
        try setNonblocking(pipe.reading.number)
        try setNonblocking(pipe.writing.number)
        try NoticeSignal.install(pipe: pipe.writing.release())
        try blockSignals(SignalSet())
        return pipe.reading.release()
    }

    private func boot(_ sandbox: SandboxReport) {
        do {
            try self.program.prepareChild()
        } catch {
            Self.refuse(reason: "\(error)")
        }
        self.reports.writeNow { PlainFrame.write(.ready, payload: Array(sandbox.text.utf8)[...], into: &$0) }
    }

    static func refuse(reason: String, code: CInt = ChildExitCode.bootFailed) -> Never {
        let text = Array(reason.utf8.prefix(16_384))
        ReportWriter(descriptor: Numbers.reports).writeNow {
            PlainFrame.write(.bootFailed, payload: text[...], into: &$0)
        }
        exitNow(code)
    }

    // MARK: The loop

    private mutating func loop() -> Never {
        while true {
            while self.executor.runningTasks < self.concurrency, let frame = self.nextFrame() {
                self.handle(frame)
                self.lookAtItself()
            }
            self.reports.flush()
            self.lookAtItself()
            if self.executor.runningTasks == 0 {
                self.readOrders()
            } else if self.executor.waitForProgress(orOrders: self.executor.runningTasks < self.concurrency) {
                self.readOrders()
            }
        }
    }

    private mutating func nextFrame() -> (header: FrameHeader, payload: Bytes)? {
        do {
            return try self.decoder.next()
        } catch {
            exitNow(ChildExitCode.badOrders)
        }
    }

    private mutating func handle(_ frame: (header: FrameHeader, payload: Bytes)) {
        guard frame.header.kind == .task else {
            self.executor.finishAll()
            exitNow(0)
        }
        do {
            let (order, body) = try TaskOrder.decode(frame.payload)
            self.executor.start(order, body: body, tag: frame.header.delivery)
        } catch {
            exitNow(ChildExitCode.badOrders)
        }
    }

    /// After an attempt, now and then: what the child holds. The outcome goes out before, the report with whatever comes
    /// next, since nobody waits for it.
    private mutating func lookAtItself() {
        guard self.executor.runningTasks == 0, self.executor.endedTasks > self.seenTasks else { return }
        self.seenTasks = self.executor.endedTasks
        guard self.looks.attemptEnded(now: Instant(nanoseconds: monotonicNanoseconds())) else { return }
        self.reports.flush()
        // Of this thread, not of the clock: under load it may have to wait in between.
        let start = threadCPUNanoseconds()
        let report = LedgerReport(
            heap: OwnHoldings.heap, privateMemory: OwnHoldings.privateMemory,
            descriptors: UInt32(clamping: OwnHoldings.descriptors), threads: UInt32(clamping: OwnHoldings.threads))
        self.reports.write { report.write(into: &$0) }
        self.looks.looked(for: .nanoseconds(Int64(clamping: threadCPUNanoseconds() - start)))
    }

    private mutating func readOrders() {
        guard case .bytes(let count)? = try? Syscalls.read(Numbers.orders, into: self.scratch) else {
            exitNow(ChildExitCode.masterGone)
        }
        self.decoder.append(UnsafeRawBufferPointer(rebasing: self.scratch[..<count]))
    }
}
