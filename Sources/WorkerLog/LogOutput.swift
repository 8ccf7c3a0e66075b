import Logging
import Synchronization
import Syscalls

/// Writes log lines to a descriptor. Never waits for its reader, never fails.
///
/// - Before each piece of at most 4096 bytes (`PIPE_BUF`) it asks whether the descriptor takes it now: then a write does
///   not wait, although the descriptor is in blocking mode. `O_NONBLOCK` would also change the terminal of the user's
///   shell, which shares the open file.
/// - A line that finds no room, no reader or a full disk is dropped and counted; the next line that finds room is
///   preceded by one with the count. A line of which a part was written is finished before any other.
///
/// The process must ignore `SIGPIPE`.
public final class LogOutput: Sendable {
    /// How lines are written.
    public let format: LogFormat
    private let descriptor: CInt
    private let clock: @Sendable () -> Int64
    private let state = Mutex(State())

    private struct State {
        /// The rest of a line of which a part was written.
        var unfinished: [UInt8] = []
        var dropped = 0
        var progress: [UInt8] = []
    }

    /// An output to an open descriptor, which the caller closes after the last line.
    ///
    /// - Parameters:
    ///   - descriptor: Where lines go. Default: standard error.
    ///   - format: Text or JSON.
    ///   - clock: Nanoseconds since 1970. Default: the wall clock.
    public init(descriptor: CInt = 2, format: LogFormat, clock: @escaping @Sendable () -> Int64 = wallNanoseconds) {
        self.descriptor = descriptor
        self.format = format
        self.clock = clock
    }

    /// Lines that were dropped since the log last told.
    public var droppedLines: Int { self.state.withLock { $0.dropped } }

    /// Writes what a slow reader made wait: the rest of a line, the count of dropped ones. Cheap when there is nothing.
    ///
    /// Call it now and then, and before the end of the process.
    public func flush() {
        self.state.withLock { _ = self.catchUp(&$0) }
    }

    /// Shows `line` below the log, in the place of the one before; an empty one shows none. For terminals.
    ///
    /// The text is that of ``ProgressLine/text(width:)``. Each log line is written above it.
    public func showProgress(_ line: String) {
        self.state.withLock { state in
            guard !(line.isEmpty && state.progress.isEmpty) else { return }
            let text = line.isEmpty ? ProgressLine.clear : line
            state.progress = Array(line.utf8)
            if state.unfinished.isEmpty { _ = self.start(Array(text.utf8), &state) }
        }
    }

    /// Writes one line, or drops and counts it.
    func log(level: Logger.Level, message: String, fields: [LogRecord.Field]) {
        let line = self.line(level, message, fields)
        self.state.withLock { state in
            guard self.catchUp(&state), self.writeAboveProgress(line, &state) else { return state.dropped += 1 }
        }
    }

    private func line(_ level: Logger.Level, _ message: String, _ fields: [LogRecord.Field]) -> [UInt8] {
        let time = Timestamp(nanoseconds: self.clock())
        return LogRecord(time: time, level: level, message: message, fields: fields).line(self.format)
    }

    /// Returns whether the next line can follow.
    private func catchUp(_ state: inout State) -> Bool {
        if !state.unfinished.isEmpty {
            state.unfinished.removeFirst(self.write(state.unfinished))
            guard state.unfinished.isEmpty else { return false }
        }
        guard state.dropped > 0 else { return true }
        let count = LogRecord.Field(key: "lines", value: Array(String(state.dropped).utf8))
        guard self.writeAboveProgress(self.line(.warning, "log.dropped", [count]), &state) else { return false }
        state.dropped = 0
        return state.unfinished.isEmpty
    }

    private func writeAboveProgress(_ line: [UInt8], _ state: inout State) -> Bool {
        guard !state.progress.isEmpty else { return self.start(line, &state) }
        return self.start(Array(ProgressLine.clear.utf8) + line + state.progress, &state)
    }

    /// Writes a line as far as there is room and keeps the rest. Returns false when there was no room at all.
    private func start(_ line: [UInt8], _ state: inout State) -> Bool {
        let written = self.write(line)
        guard written > 0 else { return false }
        state.unfinished = Array(line[written...])
        return true
    }

    /// Writes pieces until one is refused. Returns the bytes that were written.
    private func write(_ bytes: [UInt8]) -> Int {
        var written = 0
        while written < bytes.count, let count = self.writePiece(bytes[written...].prefix(4096)) { written += count }
        return written
    }

    /// Bytes of a piece that were written, `nil` when none: no room now, no reader, or an error.
    private func writePiece(_ piece: ArraySlice<UInt8>) -> Int? {
        guard isWritable(self.descriptor) else { return nil }
        let result = piece.withUnsafeBytes { try? Syscalls.write($0, to: self.descriptor) }
        guard case .bytes(let count) = result, count > 0 else { return nil }
        return count
    }
}
