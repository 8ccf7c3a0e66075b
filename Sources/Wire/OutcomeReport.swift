/// The payload of a ``FrameKind/outcome`` frame: how a task ended, as its child saw it.
///
/// | bytes | field |
/// |---|---|
/// | 1 | state: 1 success, 2 failure, 3 retry, 4 rejected |
/// | 1 | flags: 1 = the child told the task to stop before it ended |
/// | 2 | processes that the task left behind and the child killed |
/// | 8 | run time in nanoseconds |
/// | 8 | CPU time in nanoseconds |
/// | 8 | resident memory that the task added, at its peak, in bytes |
/// | 8 | retry: wait in nanoseconds, all ones for the task's own back-off |
/// | rest | success: the result as JSON; otherwise the error as JSON `{"type": …, "message": …}` |
public struct OutcomeReport: Equatable, Sendable {
    /// How it ended.
    public enum State: UInt8, Sendable {
        /// It returned a value.
        case success = 1
        /// It threw an error, or could not be called.
        case failure = 2
        /// It asked to run again.
        case retry = 3
        /// It refused the message for good.
        case rejected = 4
    }

    /// How it ended.
    public var state: State
    /// Whether the child told the task to stop before it ended.
    public var wasCancelled = false
    /// Processes that the task left behind and the child killed.
    public var leftovers: UInt16 = 0
    /// Wall time it ran.
    public var runTimeNanoseconds: UInt64 = 0
    /// CPU time of the child while it ran.
    public var cpuNanoseconds: UInt64 = 0
    /// Resident memory that it added at its peak, in bytes.
    public var peakMemory: UInt64 = 0
    /// The wait it asked for before a retry; `nil` leaves it to the task's policy.
    public var countdownNanoseconds: UInt64?
    /// The result or the error, as JSON.
    public var content: Bytes

    /// A report with nothing measured yet.
    public init(_ state: State, content: Bytes) {
        self.state = state
        self.content = content
    }

    /// Bytes of a payload before its content.
    public static let fixedSize = 1 + 1 + 2 + 4 * 8

    /// Appends the whole frame.
    public func write(delivery: UInt64, into buffer: inout [UInt8]) {
        FrameHeader(.outcome, length: Self.fixedSize + self.content.count, delivery: delivery).write(into: &buffer)
        buffer.append(self.state.rawValue)
        buffer.append(self.wasCancelled ? 1 : 0)
        buffer.append(integer: self.leftovers)
        buffer.append(integer: self.runTimeNanoseconds)
        buffer.append(integer: self.cpuNanoseconds)
        buffer.append(integer: self.peakMemory)
        buffer.append(integer: self.countdownNanoseconds ?? .max)
        buffer.append(contentsOf: self.content)
    }

    /// Reads a payload. Whether the content is JSON is for the reader of the content to find out.
    public init(decoding payload: Bytes) throws(FrameError) {
        var reader = PayloadReader(payload)
        guard let number = reader.integer(UInt8.self), let state = State(rawValue: number),
            let flags = reader.integer(UInt8.self), let leftovers = reader.integer(UInt16.self),
            let runTime = reader.integer(UInt64.self), let cpu = reader.integer(UInt64.self),
            let peak = reader.integer(UInt64.self), let countdown = reader.integer(UInt64.self)
        else { throw .badPayload(.outcome) }
        self.init(state, content: reader.remainder())
        self.wasCancelled = flags & 1 != 0
        self.leftovers = leftovers
        self.runTimeNanoseconds = runTime
        self.cpuNanoseconds = cpu
        self.peakMemory = peak
        self.countdownNanoseconds = countdown == .max ? nil : countdown
    }
}
