import Broker
import Journal
import Supervision
import Syscalls
import TaskLines
import Wire

/// From input lines to messages.
extension InProcessQueue {
    func add(_ line: LineSplitter.Line, input: Int) {
        if self.journal?.isDone(line: line.number, input: input) == true {
            self.counts.skipped += 1
            return
        }
        let origin = TaskOrigin.line(line.number, input: input)
        guard let bytes = line.bytes else {
            return self.refuse("MessageTooLarge", "the line is longer than 64 MiB", origin, lineNumber: line.number)
        }
        self.add(bytes, origin: origin, lineNumber: line.number)
    }

    func add(_ bytes: Bytes, origin: TaskOrigin, lineNumber: Int?) {
        let line: TaskLine
        do {
            guard let parsed = try TaskLine(parsing: bytes) else { return }
            line = parsed
        } catch {
            return self.refuse("InvalidMessage", "\(error)", origin, lineNumber: lineNumber)
        }
        let id = line.id.map { $0.isEscaped ? Array($0.string.utf8)[...] : $0.raw } ?? self.ids.next()
        let name = line.task.isEscaped ? Array(line.task.string.utf8)[...] : line.task.raw
        guard let task = self.directory.index(of: name) else {
            return self.refuse(
                "NotRegistered", "no task is called \(String(decoding: name, as: UTF8.self))", origin,
                lineNumber: lineNumber,
                id: id, task: name)
        }
        self.enqueue(line, task: task, id: id, size: bytes.count, origin: origin)
    }

    private func enqueue(_ line: TaskLine, task: Int, id: Bytes, size: Int, origin: TaskOrigin) {
        let content = Content(id: id, args: line.args, kwargs: line.kwargs, origin: origin, size: size)
        var message = Message(task: task, priority: line.priority, retries: line.retries, content: content)
        let due = self.due(line)
        if due != .now { message.content = content.copied() }
        message.expires = line.expires.map(Self.expiryInstant)
        let ownLimits = line.limits.applied(to: self.limitsOfTask(task))
        if line.limits != LimitOverrides() { message.ownLimits = SharedLimits(ownLimits) }
        self.heldBytes += size
        self.messages.add(message, due: due)
    }

    private func due(_ line: TaskLine) -> MemoryBroker<Content>.Due {
        if let countdown = line.countdown, countdown > .zero {
            return .at(Instant(nanoseconds: monotonicNanoseconds()) + countdown)
        }
        if let eta = line.eta { return .wall(Self.nanoseconds(eta)) }
        return .now
    }

    private static func expiryInstant(_ expiry: TaskLine.Expiry) -> Int64 {
        switch expiry {
        case .at(let seconds): self.nanoseconds(seconds)
        case .after(let duration):
            Int64(clamping: UInt64(clamping: wallNanoseconds()) &+ min(duration.wholeNanoseconds, 1 << 62))
        }
    }

    /// Seconds since 1970 as nanoseconds, clamped to what 64 bits hold (the years 1678 to 2262).
    private static func nanoseconds(_ seconds: Double) -> Int64 { Int64(max(-9.2e18, min(9.2e18, seconds * 1e9))) }

    /// A line that is no task of ours is an outcome, not a stop.
    private func refuse(
        _ type: String, _ message: String, _ origin: TaskOrigin, lineNumber: Int?, id: Bytes? = nil, task: Bytes? = nil
    ) {
        var line = OutcomeLine(
            state: TaskOutcome.State.failure.rawValue,
            ending: .error(OutcomeLine.Failure(type: type, message: message)))
        line.id = id.map { String(decoding: $0, as: UTF8.self) }
        line.task = task.map { String(decoding: $0, as: UTF8.self) }
        line.line = lineNumber
        self.write(line, of: origin)
    }
}

extension InProcessQueue.Content {
    /// The same without a hold on the chunk that the line was read with, for a message that waits long.
    func copied() -> Self {
        Self(
            id: Array(self.id)[...], args: Array(self.args)[...], kwargs: Array(self.kwargs)[...], origin: self.origin,
            size: self.size)
    }
}

extension OutcomeLine {
    init(_ outcome: TaskOutcome, id: Bytes, task: String) {
        if let failure = outcome.failure {
            var described = Failure(type: failure.type, message: failure.message)
            described.backtrace = failure.backtrace.isEmpty ? nil : failure.backtrace
            described.cause = failure.cause
            self.init(state: outcome.state.rawValue, ending: .error(described))
        } else {
            self.init(state: outcome.state.rawValue, ending: .result(outcome.result))
        }
        self.id = String(decoding: id, as: UTF8.self)
        self.task = task
        self.attempts = outcome.attempts
        self.pid = outcome.pid
        self.runtime = outcome.runTime
        self.peakMemory = outcome.peakMemory
        self.lastOutput = outcome.lastOutput
        self.leftoverProcesses = outcome.leftoverProcesses == 0 ? nil : outcome.leftoverProcesses
    }
}
