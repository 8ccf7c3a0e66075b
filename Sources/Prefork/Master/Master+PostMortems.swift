import Broker
import CrashReports
import JSON
import Logging
import PostMortems
import Supervision
import Syscalls
import Wire

/// An attempt that ended abnormally, or is stuck, while the last that can be known of it is gathered.
struct AbnormalEnd {
    /// What becomes of the attempt.
    enum Kind {
        /// It was the last: the broker gets the outcome.
        case final
        /// The message runs again; the outcome only goes to the log.
        case lost
        /// It goes on.
        case stuck
    }

    let kind: Kind
    let delivery: Delivery
    var outcome: TaskOutcome
    var postMortem: PostMortem
    /// Which task, child and process, for the log.
    let metadata: Logger.Metadata
}

extension Master {
    /// An attempt whose child is gone. Waits for the backtrace when the child left a crash record.
    func attemptDied(_ delivery: Delivery, _ cause: Cause, startedAt: Instant?, of child: ChildHandle, isFinal: Bool) {
        let attempt = child.attempts.first { $0.delivery.tag == delivery.tag }
        // A lost attempt is counted in the delivery already, unless the template's end was all that befell it.
        let isCounted = !isFinal && cause != .templateLost
        var outcome = TaskOutcome(.failure, attempts: delivery.attempt - (isCounted ? 1 : 0))
        outcome.failure = TaskOutcome.Failure(type: cause.errorType, message: "\(cause)", cause: cause.name)
        if cause == .terminated {
            outcome.state = .revoked
            outcome.failure = TaskOutcome.Failure(type: "TaskRevokedError", message: "terminated", cause: cause.name)
        }
        outcome.pid = child.pid
        outcome.runTime = (startedAt ?? attempt?.startedAt).map { self.now - $0 }
        outcome.lastOutput = child.tail.text
        outcome.peakMemory = self.peakMemory(attempt, cause, child)
        self.attemptDied(delivery.tag.number, cause, of: child)
        let end = AbnormalEnd(
            kind: isFinal ? .final : .lost, delivery: delivery, outcome: outcome,
            postMortem: self.postMortem(cause, attempt, child), metadata: self.metadata(child.id, delivery.tag.number))
        guard let record = child.crashRecord ?? self.stackRecords(cause, delivery.tag, child) else {
            return self.complete(end, nil)
        }
        self.awaitBacktrace(record, of: child, end)
    }

    /// Where the threads were shortly before the worker killed the child for the time that the attempt took.
    private func stackRecords(_ cause: Cause, _ tag: DeliveryTag, _ child: ChildHandle) -> Bytes? {
        guard let look = child.look, look.delivery == tag, cause.isAboutTime else { return nil }
        return look.records.isEmpty ? nil : look.records
    }

    private func peakMemory(_ attempt: Assignment?, _ cause: Cause, _ child: ChildHandle) -> ByteCount {
        var peak = max(attempt?.peakMemory ?? 0, child.evidence.peakGrowth)
        switch cause {
        case .memory(let used, _), .groupMemory(let used, _), .memoryShortage(let used):
            peak = max(peak, UInt64(used.bytes))
        default: break
        }
        return ByteCount(bytes: Int(clamping: peak))
    }

    private func postMortem(_ cause: Cause, _ attempt: Assignment?, _ child: ChildHandle) -> PostMortem {
        var postMortem = PostMortem(cause: cause)
        postMortem.traceID = attempt.flatMap { self.traceID(of: $0.delivery.tag.number, in: child) }
        postMortem.exit = child.exit.map { self.describe($0, isOurs: child.isCondemned) }
        if let attempt { self.describe(attempt, in: &postMortem) }
        if let attempt, let page = child.breadcrumbs { postMortem.take(page, of: attempt) }
        postMortem.usage.resident = ByteCount(bytes: Int(clamping: child.evidence.peakGrowth))
        postMortem.usage.childCPU = child.evidence.cpuTime
        postMortem.hints = self.hints(cause, child)
        if cause.isAboutTime, let look = child.look, look.delivery == attempt?.delivery.tag {
            postMortem.processes = look.processes
        }
        return postMortem
    }

    func describe(_ attempt: Assignment, in postMortem: inout PostMortem) {
        postMortem.notice = attempt.notice
        postMortem.losses = attempt.delivery.losses
        postMortem.limits = self.supervisor.limits(of: attempt.delivery)
        postMortem.usage.output = ByteCount(bytes: attempt.outputBytes)
        if attempt.peakMemory > 0 {
            postMortem.usage.memory = ByteCount(bytes: Int(clamping: attempt.peakMemory))
        }
    }

    private func describe(_ exit: ChildExit, isOurs: Bool) -> String {
        switch exit {
        case .exited(let code): "exit code \(code)"
        case .signalled("SIGKILL") where isOurs: "SIGKILL by the worker"
        case .signalled(let signal): signal
        case .denied: "SIGSYS"
        }
    }

    private func hints(_ cause: Cause, _ child: ChildHandle) -> [String] {
        var hints: [String] = []
        if cause == .killed {
            let kills = self.newMachineKills()
            hints.append(
                kills > 0
                    ? "the kernel has ended \(kills) processes for lack of memory since the last look"
                    : "an operator, another program or the task itself sent it: no process was ended for lack of memory"
            )
        }
        if case .crashed(.outOfDescriptors, _) = cause { hints.append("the task had used up its descriptors") }
        return hints
    }

    /// Processes that the kernel has ended for lack of memory since it was asked last.
    private func newMachineKills() -> UInt64 {
        guard let kills = ProcessTable.outOfMemoryKills() else { return 0 }
        defer { self.machineKills = kills }
        return kills - min(kills, self.machineKills)
    }

    /// All is known that will be: the log hears of it, and the broker, if it was the last attempt.
    func complete(_ end: AbnormalEnd, _ backtrace: CrashBacktrace?) {
        var end = end
        if end.postMortem.cause?.isAboutTime ?? false {
            end.postMortem.stack = backtrace?.frames ?? []
        } else if let backtrace {
            if let message = backtrace.message { end.outcome.failure?.message += ": \(message)" }
            end.outcome.failure?.backtrace = backtrace.frames
        }
        self.log(end)
        guard end.kind != .stuck else { return }
        end.outcome.postMortem = JSONValue.object(end.postMortem.json).serialized()[...]
        self.count(end)
        guard case .final = end.kind else { return }
        self.broker.complete(end.delivery, end.outcome, now: self.now)
    }

    private func log(_ end: AbnormalEnd) {
        var metadata = end.metadata
        metadata["cause"] = end.outcome.failure?.cause.map { "\($0)" }
        metadata["text"] = "\(end.outcome.failure?.message ?? "")"
        metadata["attempt"] = "\(end.outcome.attempts)"
        metadata["runtime"] = end.outcome.runTime.map { "\($0.unitDescription)" }
        metadata["peak_memory"] = end.outcome.peakMemory.map { "\($0.bytes)" }
        metadata["last_note"] = end.postMortem.breadcrumbs.last.map { "\($0.text)" }
        metadata["at"] = end.postMortem.stack.dropFirst().first.map { "\($0.drop { $0 == " " })" }
        self.logger.warning(end.title, metadata: metadata)
        guard self.logger.logLevel <= .debug else { return }
        let detail = JSONValue.object(end.postMortem.json).description
        self.logger.debug("\(end.title).detail", metadata: end.metadata.merging(["json": "\(detail)"]) { $1 })
    }

    // MARK: Attempts whose child lives

    /// What is known of an attempt that ended by its own report: it gave up at a limit, or its words say which limit
    /// may be the reason. `nil` when there is nothing to tell.
    func postMortem(
        of finished: FinishedDelivery, _ failure: TaskOutcome.Failure?, in child: ChildHandle
    ) -> Bytes? {
        guard let failure else { return nil }
        let limits = self.supervisor.limits(of: finished.delivery)
        var postMortem = PostMortem(cause: nil)
        if case .gaveUp(let cause) = finished.ending { postMortem.cause = cause }
        postMortem.traceID = self.traceID(of: finished.delivery.tag.number, in: child)
        postMortem.limits = limits
        postMortem.losses = finished.delivery.losses
        postMortem.hints = Hints.about(failure.message, limits: limits)
        guard postMortem.cause != nil || !postMortem.hints.isEmpty else { return nil }
        return JSONValue.object(postMortem.json).serialized()[...]
    }
}

extension AbnormalEnd {
    fileprivate var title: Logger.Message {
        if case .stuck = self.kind { "task.stuck" } else { "task.post.mortem" }
    }
}

extension Cause {
    /// Whether it is the time that the attempt took, so that it matters where it was.
    var isAboutTime: Bool {
        switch self {
        case .hardTime, .stuck: true
        default: false
        }
    }
}

extension PostMortem {
    /// What the child noted about an attempt.
    mutating func take(_ page: BreadcrumbPage, of attempt: Assignment) {
        let tag = attempt.delivery.tag.number
        if page.delivery == tag { self.phase = page.phase.words }
        let start = page.delivery == tag ? Instant(nanoseconds: page.start) : attempt.startedAt
        let crumbs = page.crumbs.filter { $0.delivery == tag }
        self.breadcrumbs = crumbs.map { crumb in
            let time = start.map { Instant(nanoseconds: crumb.time) - $0 }
            return Breadcrumb(time: time ?? .zero, text: crumb.text)
        }
        // Earlier ones have been overwritten, if all that are there are of this attempt.
        if crumbs.count == page.crumbs.count { self.lostBreadcrumbs = Int(clamping: page.count) - crumbs.count }
    }
}

extension BreadcrumbPage.Phase {
    fileprivate var words: String? {
        switch self {
        case .none: nil
        case .opening: "opening the message"
        case .running: "in the task"
        case .reporting: "reporting"
        case .over: "over"
        }
    }
}

extension DeathEvidence {
    /// What a crash record says, if it is of the signal that ended the child: any task can write to its child's pipe.
    mutating func take(_ record: CrashRecord, endedBy exit: ChildExit) {
        guard exit == .signalled(Signal(record.signal).name) else { return }
        self.crash = Crash(record)
    }
}

extension Crash {
    /// `nil` for a signal that somebody sent.
    init?(_ record: CrashRecord) {
        if record.notes.contains(.sent) { return nil }
        if record.notes.contains(.noMemory) || record.message.contains("failed to allocate") {
            self = .outOfMemory
        } else if record.isStackOverflow {
            self = .stackOverflow
        } else if record.notes.contains(.noDescriptors) {
            self = .outOfDescriptors
        } else {
            self.init(signal: Signal(record.signal).name, trapped: record.notes.contains(.trapped))
        }
    }

    private init?(signal: String, trapped: Bool) {
        switch signal {
        case "SIGILL": self = trapped ? .trap : .illegalInstruction
        case "SIGTRAP": self = .trap
        case "SIGABRT": self = .abort
        case "SIGSEGV": self = .segfault
        case "SIGBUS": self = .busError
        case "SIGFPE": self = .arithmetic
        default: return nil
        }
    }
}
