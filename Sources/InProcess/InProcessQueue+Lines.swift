import Broker
import Journal
import Supervision
import Syscalls
import SystemPackage
import TaskLines
import Wire

/// From input lines to messages.
extension InProcessQueue {
    func add(_ line: LineSplitter.Line, input: Int) {
        let large = self.largeLine
        (self.largeLine, self.keepsLineInMemory) = (nil, false)
        if self.journal?.isDone(line: line.number, input: input) == true {
            self.counts.skipped += 1
            return
        }
        let origin = TaskOrigin.line(line.number, input: input)
        guard let bytes = line.bytes else {
            return self.refuse("MessageTooLarge", "the line is longer than 64 MiB", origin, lineNumber: line.number)
        }
        if large == nil { return self.add(bytes, origin: origin, lineNumber: line.number) }
        self.add(large!, endingWith: bytes, origin: origin, line.number)
    }

    func add(_ bytes: Bytes, origin: TaskOrigin, lineNumber: Int?) {
        do {
            guard let line = try TaskLine(parsing: bytes) else { return }
            let size = bytes.count
            self.add(line, .memory(line.args), .memory(line.kwargs), size: size, origin: origin, lineNumber: lineNumber)
        } catch {
            self.refuse("InvalidMessage", "\(error)", origin, lineNumber: lineNumber)
        }
    }

    private func add(
        _ line: TaskLine, _ args: Payload, _ kwargs: Payload, size: Int, origin: TaskOrigin, lineNumber: Int?
    ) {
        let id = line.id.map { $0.isEscaped ? Array($0.string.utf8)[...] : $0.raw } ?? self.ids.next()
        let name = line.task.isEscaped ? Array(line.task.string.utf8)[...] : line.task.raw
        guard let task = self.directory.index(of: name) else {
            return self.refuse(
                "NotRegistered", "no task is called \(String(decoding: name, as: UTF8.self))", origin,
                lineNumber: lineNumber,
                id: id, task: name)
        }
        self.enqueue(line, task: task, Content(id: id, args: args, kwargs: kwargs, origin: origin, size: size))
    }

    private func enqueue(_ line: TaskLine, task: Int, _ content: Content) {
        var message = Message(task: task, priority: line.priority, retries: line.retries, content: content)
        let due = self.due(line)
        if due != .now { message.content = content.copied() }
        message.expires = line.expires.map(Self.expiryInstant)
        let ownLimits = line.limits.applied(to: self.limitsOfTask(task))
        if line.limits != LimitOverrides() { message.ownLimits = SharedLimits(ownLimits) }
        self.heldBytes += content.size
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
        self.write(PrintedOutcome(line, .empty), of: origin)
    }
}

extension InProcessQueue.Content {
    /// The same without a hold on the chunk that the line was read with, for a message that waits long.
    func copied() -> Self {
        Self(
            id: Array(self.id)[...], args: self.args.copied(), kwargs: self.kwargs.copied(), origin: self.origin,
            size: self.size)
    }
}

// MARK: Large lines

extension InProcessQueue {
    /// Moves what has come of a large line from memory into its file.
    ///
    /// A line that cannot be written goes on in memory: a full disk must not cost a task.
    func spoolLargeLine() throws(Errno) {
        let most = self.largeLine == nil ? Payload.longestInMemory : 0
        guard self.splitter.heldBytes > most, !self.keepsLineInMemory else { return }
        let start = self.splitter.takeStart()
        do throws(Errno) {
            if self.largeLine == nil { self.largeLine = try LargeLine() }
            try self.largeLine!.append(start[...])
        } catch {
            self.splitter.giveBack((try self.largeLine?.readBack() ?? []) + start)
            (self.largeLine, self.keepsLineInMemory) = (nil, true)
        }
    }

    private func add(_ line: LargeLine, endingWith rest: Bytes, origin: TaskOrigin, _ number: Int) {
        var line = line
        do throws(Errno) { try line.append(rest) } catch { return self.addFromMemory(line, rest, origin, number) }
        do {
            guard let (fields, args, kwargs) = try line.finish() else { return }
            self.add(fields, args, kwargs, size: line.size, origin: origin, lineNumber: number)
        } catch {
            self.refuse("InvalidMessage", "\(error)", origin, lineNumber: number)
        }
    }

    private func addFromMemory(_ line: LargeLine, _ rest: Bytes, _ origin: TaskOrigin, _ number: Int) {
        do {
            self.add((try line.readBack() + rest)[...], origin: origin, lineNumber: number)
        } catch {
            self.failure = "cannot read back what was spooled: \(error)"
        }
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
            // A result in a file is put in its place when the line is written: `PrintedOutcome`.
            self.init(state: outcome.state.rawValue, ending: .result(outcome.result.lineInMemory))
        }
        self.id = String(decoding: id, as: UTF8.self)
        self.task = task
        self.attempts = outcome.attempts
        self.pid = outcome.pid
        self.runtime = outcome.runTime
        self.peakMemory = outcome.peakMemory
        self.lastOutput = outcome.lastOutput
        self.leftoverProcesses = outcome.leftoverProcesses == 0 ? nil : outcome.leftoverProcesses
        self.postMortem = outcome.postMortem
    }
}
