import Traces

/// The payload of a ``FrameKind/task`` frame: run this task.
///
/// | bytes | field |
/// |---|---|
/// | 4 | attempt, from 1 |
/// | 4 | flags: 1 = exit after this task, 2 = the body is a Celery message, 4 = do not run it: it has failed, 8 = trace it, 16 = join a chord; the highest byte: the flags of the trace context |
/// | 8 | soft time limit in nanoseconds, 0 for none |
/// | 8 | hard time limit in nanoseconds, 0 for none |
/// | 8 | largest result in bytes |
/// | 8 | open files (`RLIMIT_NOFILE`), 0 keeps the child's own |
/// | 8 | largest file in bytes (`RLIMIT_FSIZE`), 0 keeps the child's own |
/// | 8 | private memory to map beyond the child's own (`RLIMIT_DATA`), 0 for no limit |
/// | 16 | id of the trace that the attempt belongs to, high half first; 0 for none |
/// | 8 | id of the span that is the parent of what the task does |
/// | 2, n | length of the task's name, name (UTF-8) |
/// | 2, n | length of the task's id, id (UTF-8) |
/// | rest | body: JSON `[args, kwargs, {}]`, as in Celery's protocol 2; with flag 2 a whole message as kombu writes it; with flag 16 the message and the parts, each behind its length: see ``JoinOrder`` |
public struct TaskOrder: Equatable, Sendable {
    /// Which attempt this is, from 1. Grows with retries and with lost children.
    public var attempt: UInt32
    /// Whether the child exits after this task.
    public var isLast: Bool
    /// What the body is.
    public var bodyFormat = BodyFormat.call
    /// Whether the task is not to be run: it has failed, and the child only tells what follows from that.
    public var hasFailed = false
    /// Whether the child leaves breadcrumbs of its own on the way: the message has cost a child before.
    public var isTraced = false
    /// Wall time until the child will be told to stop; 0 for never.
    public var softTimeNanoseconds: UInt64
    /// Wall time until the child will be killed; 0 for never.
    public var hardTimeNanoseconds: UInt64
    /// Largest encoded result in bytes.
    public var resultLimit: UInt64
    /// Open files, or 0.
    public var openFiles: UInt64
    /// Largest file in bytes, or 0.
    public var fileSize: UInt64
    /// Bytes of private writable memory that may be mapped beyond what the child has at the start, or 0.
    public var dataGrowth: UInt64
    /// Where what the task does belongs; `nil` for no trace.
    public var trace: TraceContext?
    /// The task's name.
    public let name: Bytes
    /// The task's id.
    public let id: Bytes

    /// What a body is.
    public enum BodyFormat: Sendable {
        /// JSON `[args, kwargs, {}]`.
        case call
        /// A Celery message as kombu puts it on a Redis list.
        case envelope
        /// A message that asks for the join of a chord, and what the chord's parts returned.
        case join
    }

    private enum Flag {
        static let isLast: UInt32 = 1
        static let isEnvelope: UInt32 = 2
        static let hasFailed: UInt32 = 4
        static let isTraced: UInt32 = 8
        static let isJoin: UInt32 = 16
        static let traceShift: UInt32 = 24
    }

    private var flags: UInt32 {
        (self.isLast ? Flag.isLast : 0) | self.formatFlag
            | (self.hasFailed ? Flag.hasFailed : 0) | (self.isTraced ? Flag.isTraced : 0)
            | UInt32(self.trace?.flags ?? 0) << Flag.traceShift
    }

    private var formatFlag: UInt32 {
        switch self.bodyFormat {
        case .call: 0
        case .envelope: Flag.isEnvelope
        case .join: Flag.isJoin
        }
    }

    /// An order without limits.
    public init(attempt: UInt32, name: Bytes, id: Bytes) {
        self.attempt = attempt
        self.isLast = false
        self.softTimeNanoseconds = 0
        self.hardTimeNanoseconds = 0
        self.resultLimit = .max
        self.openFiles = 0
        self.fileSize = 0
        self.dataGrowth = 0
        self.name = name.prefix(Self.longestText)
        self.id = id.prefix(Self.longestText)
    }

    /// What the 16-bit lengths hold. Whoever sends a longer id gets it back cut, and the master goes on.
    private static let longestText = Int(UInt16.max)
    private static let fixedSize = 4 + 4 + 9 * 8 + 2 + 2

    /// Appends header and payload up to the body, which the caller sends right after: bodies are not copied here.
    public func write(delivery: UInt64, bodyLength: Int, into buffer: inout [UInt8]) {
        let length = Self.fixedSize + self.name.count + self.id.count + bodyLength
        FrameHeader(.task, length: length, delivery: delivery).write(into: &buffer)
        buffer.append(integer: self.attempt)
        buffer.append(integer: self.flags)
        for field in [
            self.softTimeNanoseconds, self.hardTimeNanoseconds, self.resultLimit, self.openFiles, self.fileSize,
            self.dataGrowth, UInt64(truncatingIfNeeded: (self.trace?.traceID ?? 0) >> 64),
            UInt64(truncatingIfNeeded: self.trace?.traceID ?? 0), self.trace?.spanID ?? 0,
        ] {
            buffer.append(integer: field)
        }
        for text in [self.name, self.id] {
            buffer.append(integer: UInt16(text.count))
            buffer.append(contentsOf: text)
        }
    }

    /// Bytes that the frame takes without its body, header included.
    public var frameSize: Int { FrameHeader.size + Self.fixedSize + self.name.count + self.id.count }

    /// Reads a payload; the body is what follows the order.
    public static func decode(_ payload: Bytes) throws(FrameError) -> (order: TaskOrder, body: Bytes) {
        var reader = PayloadReader(payload)
        guard let attempt = reader.integer(UInt32.self), let flags = reader.integer(UInt32.self),
            let softTime = reader.integer(UInt64.self), let hardTime = reader.integer(UInt64.self),
            let resultLimit = reader.integer(UInt64.self), let openFiles = reader.integer(UInt64.self),
            let fileSize = reader.integer(UInt64.self), let dataGrowth = reader.integer(UInt64.self),
            let traceHigh = reader.integer(UInt64.self), let traceLow = reader.integer(UInt64.self),
            let spanID = reader.integer(UInt64.self),
            let name = reader.text(), let id = reader.text()
        else { throw .badPayload(.task) }
        var order = TaskOrder(attempt: attempt, name: name, id: id)
        order.isLast = flags & Flag.isLast != 0
        order.bodyFormat = flags & Flag.isEnvelope != 0 ? .envelope : flags & Flag.isJoin != 0 ? .join : .call
        order.hasFailed = flags & Flag.hasFailed != 0
        order.isTraced = flags & Flag.isTraced != 0
        order.softTimeNanoseconds = softTime
        order.hardTimeNanoseconds = hardTime
        order.resultLimit = resultLimit
        order.openFiles = openFiles
        order.fileSize = fileSize
        order.dataGrowth = dataGrowth
        order.trace = TraceContext(
            traceID: UInt128(traceHigh) << 64 | UInt128(traceLow), spanID: spanID,
            flags: UInt8(truncatingIfNeeded: flags >> Flag.traceShift))
        return (order, reader.remainder())
    }
}

extension PayloadReader {
    /// A text behind its 16-bit length.
    mutating func text() -> Bytes? {
        guard let length = self.integer(UInt16.self) else { return nil }
        return self.bytes(Int(length))
    }
}
