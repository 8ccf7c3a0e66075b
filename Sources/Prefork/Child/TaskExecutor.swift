import Celery
import JSON
import Supervision
import Synchronization
import Syscalls
import SystemPackage
import Wire

/// Calls task bodies in a child and reports what they did.
struct TaskExecutor {
    /// Async tasks under way.
    private(set) var runningTasks = 0
    /// Attempts that have ended.
    private(set) var endedTasks = 0

    private let program: WorkerProgram
    private let reports: ReportWriter
    private let notices: CInt
    private let breadcrumbs: BreadcrumbWriter?
    private let completions: CompletionQueue
    private var running: [UInt64: Running] = [:]
    private var limits = AttemptResourceLimits()
    private let sender: Sender

    private struct Running {
        let call: TaskCall
        let measurement: Measurement
        let isLast: Bool
        let task: Task<Void, Never>
    }

    init(
        program: WorkerProgram, reports: ReportWriter, notices: CInt, breadcrumbs: BreadcrumbWriter?
    ) throws(Errno) {
        self.program = program
        self.reports = reports
        self.notices = notices
        self.breadcrumbs = breadcrumbs
        self.completions = try CompletionQueue()
        self.sender = Sender(program)
    }

    /// Types that starting a task has the runtime make. Asked for in the template they are there in each child, which
    /// would spend 20 µs on them otherwise.
    static var neededTypes: [ObjectIdentifier] {
        let types: [Any.Type] = [
            ReceivedMessage?.self, Result<ReceivedMessage, any Error>.self, Result<ReceivedMessage, any Error>?.self,
            Result<[UInt8], any Error>.self, [UInt64: Running].self, Running?.self, TaskCall?.self,
        ]
        return types.map(ObjectIdentifier.init)
    }

    // MARK: Starting

    /// Runs a synchronous task to its end, or starts an asynchronous one.
    mutating func start(_ order: TaskOrder, body: Bytes, tag: UInt64) {
        // Sent with whatever is pending, so that the previous outcome is out before this task can do harm.
        self.reports.writeNow { PlainFrame.write(.accepted, delivery: tag, into: &$0) }
        self.limits.apply(order, isAlone: self.runningTasks == 0)
        let measurement = Measurement()
        self.breadcrumbs?.began(tag, at: measurement.start)
        let message = order.bodyFormat == .call ? nil : Result { try self.open(body, order) }
        let opened = try? message?.get()
        let call = TaskCall(
            order: order, body: opened?.call ?? body, message: opened, tag: tag, now: measurement.start,
            noticeDescriptor: self.notices, reports: self.reports, breadcrumbs: self.breadcrumbs)
        if case .failure(let error)? = message {
            let failure = NamedFailure(type: "DecodeError", message: "\(error)")
            return self.report(.failure(failure), call, measurement, isLast: order.isLast)
        }
        if order.hasFailed {
            let failure = NamedFailure(type: "Failed", message: "it had failed before")
            return self.report(.failure(failure), call, measurement, isLast: order.isLast)
        }
        if let chord = opened?.chord { return self.report(Self.joined(chord), call, measurement, isLast: order.isLast) }
        self.breadcrumbs?.entered(.running)
        call.trace("begins, \(call.body.count) bytes of arguments")
        self.run(self.program.bodies[call.name], call, measurement, isLast: order.isLast)
    }

    private mutating func run(_ body: TaskBody?, _ call: TaskCall, _ measurement: Measurement, isLast: Bool) {
        switch body {
        case .synchronous(let body):
            let result = Result { try body(call) }
            self.report(result, call, measurement, isLast: isLast)
        case .chosen(let choose):
            do {
                self.run(try choose(call), call, measurement, isLast: isLast)
            } catch {
                self.report(.failure(error), call, measurement, isLast: isLast)
            }
        case .asynchronous(let body):
            let completions = self.completions
            let tag = call.tag
            let task = Task { await completions.add(tag, Self.result { try await body(call) }) }
            self.running[tag] = Running(call: call, measurement: measurement, isLast: isLast, task: task)
            self.runningTasks += 1
        case nil:
            let missing = NamedFailure(type: "NotRegistered", message: "no task is called \(call.name)")
            self.report(.failure(missing), call, measurement, isLast: isLast)
        }
    }

    private func open(_ body: Bytes, _ order: TaskOrder) throws -> ReceivedMessage {
        var message =
            order.bodyFormat == .envelope
            ? try ReceivedMessage(opening: body, signed: self.program.opensSignedBodies)
            : try ReceivedMessage(opening: JoinOrder(decoding: body))
        message.trace = order.trace
        return message
    }

    /// A chord that can be joined has its body follow.
    private static func joined(_ chord: ChordResults) -> Result<[UInt8], any Error> {
        do throws(ChordFailure) {
            _ = try chord.values()
            return .success(Array("null".utf8))
        } catch {
            return .failure(NamedFailure(type: "ChordError", message: error.description))
        }
    }

    static func result(_ body: () async throws -> [UInt8]) async -> Result<[UInt8], any Error> {
        do { return .success(try await body()) } catch { return .failure(error) }
    }

    // MARK: Waiting

    /// Waits until an async task has ended or is to be told to stop, and handles that. Returns whether orders can be
    /// read; only looks for them when asked to.
    mutating func waitForProgress(orOrders: Bool) -> Bool {
        let orders = orOrders ? ChildProcess.Numbers.orders : -1
        let ready = waitReadable([self.completions.descriptor, self.notices, orders])
        if ready[1] { self.cancelNotified() }
        if ready[0] { self.reportCompleted() }
        return ready[2]
    }

    private func cancelNotified() {
        while let value = NoticeSignal.next(from: self.notices) {
            for (tag, running) in self.running where NoticeValue(value).isAbout(tag) { running.task.cancel() }
        }
    }

    private mutating func reportCompleted() {
        for (tag, result) in self.completions.take() {
            guard let running = self.running.removeValue(forKey: tag) else { continue }
            self.runningTasks -= 1
            self.report(result, running.call, running.measurement, isLast: running.isLast)
        }
    }

    /// Waits for all async tasks.
    mutating func finishAll() {
        while self.runningTasks > 0 { _ = self.waitForProgress(orOrders: false) }
        self.reports.flush()
    }

    // MARK: Reporting

    private mutating func report(
        _ result: Result<[UInt8], any Error>, _ call: TaskCall, _ measurement: Measurement, isLast: Bool
    ) {
        self.breadcrumbs?.entered(.reporting)
        call.trace("has returned")
        var report = Self.outcome(result, call)
        self.writeAftermath(&report, call, result)
        report.wasCancelled = call.notice != nil
        measurement.finish(&report)
        self.endedTasks += 1
        StandardOutput.flush()
        if self.runningTasks == 0 {
            self.limits.liftData()
            // So that the next attempt's peak is its own.
            if report.peakMemory > ResidentPeak.worthResetting { ResidentPeak.reset() }
        }
        if self.runningTasks == 0 && hasChildren() {
            // The sweep opens files, and the task may have used up its own.
            self.limits.lift()
            let leftovers = killStrayChildren { _ in false }
            report.leftovers = UInt16(clamping: leftovers.count)
            self.log("killed what the task had left behind: \(Leftovers.text(leftovers))", call)
        }
        self.reports.write { report.write(delivery: call.tag, into: &$0) }
        self.breadcrumbs?.entered(.over)
        if isLast {
            self.finishAll()
            exitNow(0)
        }
    }

    private func log(_ text: String, _ call: TaskCall) {
        self.reports.write {
            LogReport(level: 4, message: Array(text.utf8.prefix(4_096))[...]).write(delivery: call.tag, into: &$0)
        }
    }

    /// Tells what the outcome of a Celery task brings along. What cannot be sent makes the task a failure.
    private func writeAftermath(
        _ report: inout OutcomeReport, _ call: TaskCall, _ result: Result<[UInt8], any Error>
    ) {
        guard let message = call.message else { return }
        var aftermath: Aftermath?
        if report.state == .success {
            do {
                aftermath =
                    if case .failure(TaskDecision.replace(let signature)) = result {
                        try message.aftermath(replacedBy: signature, call.publishedTasks, self.sender)
                    } else {
                        try message.aftermath(returning: report.content, call.publishedTasks, self.sender)
                    }
            } catch {
                report = Self.failure("EncodeError", "what follows the task cannot be sent: \(error)")
            }
        }
        let following = aftermath ?? message.aftermathOfFailure(self.sender)
        // An empty one of a failure says that nothing follows, so that nobody need ask.
        if following.isEmpty && report.state == .success { return }
        self.reports.write { following.write(delivery: call.tag, into: &$0) }
    }

    static func outcome(_ result: Result<[UInt8], any Error>, _ call: TaskCall) -> OutcomeReport {
        switch result {
        case .success(let bytes) where bytes.count <= call.resultLimit:
            return OutcomeReport(.success, content: bytes[...])
        case .success(let bytes):
            let limit = ByteCount(bytes: call.resultLimit)
            return self.failure("ResultTooLarge", "the result takes \(bytes.count) bytes, the limit is \(limit)")
        case .failure(TaskDecision.retry(let wait, let message)):
            var report = self.failure("Retry", message, state: .retry)
            report.countdownNanoseconds = wait?.wholeNanoseconds
            return report
        case .failure(TaskDecision.replace):
            guard call.message != nil else {
                return self.failure("NoBroker", "a task is replaced by a worker with a broker, not by `run`")
            }
            return OutcomeReport(.success, content: Array("null".utf8)[...])
        case .failure(TaskDecision.reject(let reason)): return self.failure("Reject", reason, state: .rejected)
        case .failure(let error as NamedFailure): return self.failure(error.type, error.description)
        case .failure(let error): return self.failure("\(type(of: error))", "\(error)")
        }
    }

    private static func failure(
        _ type: String, _ message: String, state: OutcomeReport.State = .failure
    ) -> OutcomeReport {
        let cut = message.utf8.count > 65_536 ? String(decoding: message.utf8.prefix(65_536), as: UTF8.self) : message
        let error: JSONValue = ["type": .string(type), "message": .string(cut)]
        return OutcomeReport(state, content: error.serialized()[...])
    }
}

/// Results of async tasks on their way to the child's main thread.
private final class CompletionQueue: Sendable {
    private let waiting: EventCounter
    private let results = Mutex<[(UInt64, Result<[UInt8], any Error>)]>([])

    init() throws(Errno) { self.waiting = try EventCounter() }

    /// Readable when a result waits.
    var descriptor: CInt { self.waiting.descriptor }

    func add(_ tag: UInt64, _ result: Result<[UInt8], any Error>) {
        self.results.withLock { $0.append((tag, result)) }
        self.waiting.signal()
    }

    func take() -> [(UInt64, Result<[UInt8], any Error>)] {
        self.waiting.clear()
        return self.results.withLock { results in
            defer { results.removeAll() }
            return results
        }
    }
}

/// What an attempt uses, measured by its child.
private struct Measurement {
    let start: Instant
    private let cpu: UInt64
    private let peak: UInt64

    init() {
        self.start = Instant(nanoseconds: monotonicNanoseconds())
        (self.cpu, self.peak) = ownUsage()
    }

    func finish(_ report: inout OutcomeReport) {
        let usage = ownUsage()
        report.runTimeNanoseconds = monotonicNanoseconds() - self.start.nanoseconds
        report.cpuNanoseconds = usage.cpuNanoseconds - self.cpu
        report.peakMemory = usage.peakResident - self.peak
    }
}

/// Limits that the kernel keeps, set when an attempt's differ from the last one's.
private struct AttemptResourceLimits {
    private var openFiles: UInt64 = 0
    private var fileSize: UInt64 = 0
    private var data: UInt64?
    private let ownOpenFiles = Resource.openFiles.softLimit
    private let ownFileSize = Resource.fileSize.softLimit
    private let ownData = Resource.data.softLimit

    /// Gives the child its own limits back until the next attempt.
    mutating func lift() {
        self.openFiles = 0
        try? Resource.openFiles.setSoftLimit(self.ownOpenFiles)
    }

    /// Between attempts memory is nobody's.
    mutating func liftData() {
        guard self.data != nil else { return }
        self.data = nil
        try? Resource.data.setSoftLimit(self.ownData)
    }

    mutating func apply(_ order: TaskOrder, isAlone: Bool) {
        self.applyData(order.dataGrowth, isAlone: isAlone)
        if order.openFiles != self.openFiles {
            self.openFiles = order.openFiles
            try? Resource.openFiles.setSoftLimit(order.openFiles == 0 ? self.ownOpenFiles : order.openFiles)
        }
        if order.fileSize != self.fileSize {
            self.fileSize = order.fileSize
            try? Resource.fileSize.setSoftLimit(order.fileSize == 0 ? self.ownFileSize : order.fileSize)
        }
    }
    /// Counts from what the child has now. Tasks that run at the same time share the widest limit of any.
    private mutating func applyData(_ growth: UInt64, isAlone: Bool) {
        guard growth > 0, let used = ProcessTable.ownDataSize() else { return self.liftData() }
        let limit = min(used.addingReportingOverflow(growth).partialValue, self.ownData)
        guard isAlone || self.data.map({ $0 < limit }) ?? false else { return }
        self.data = limit
        try? Resource.data.setSoftLimit(limit)
    }
}
