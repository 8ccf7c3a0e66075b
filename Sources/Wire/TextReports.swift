/// The payload of a ``FrameKind/log`` frame: a log record that a task wrote.
///
/// One byte for the level (0 trace … 6 critical), then the message (UTF-8).
public struct LogReport: Equatable, Sendable {
    /// 0 trace, 1 debug, 2 info, 3 notice, 4 warning, 5 error, 6 critical.
    public var level: UInt8
    /// The text, metadata included.
    public var message: Bytes

    /// A record.
    public init(level: UInt8, message: Bytes) {
        self.level = level
        self.message = message
    }

    /// Appends the whole frame.
    public func write(delivery: UInt64, into buffer: inout [UInt8]) {
        FrameHeader(.log, length: 1 + self.message.count, delivery: delivery).write(into: &buffer)
        buffer.append(self.level)
        buffer.append(contentsOf: self.message)
    }

    /// Reads a payload.
    public init(decoding payload: Bytes) throws(FrameError) {
        guard let level = payload.first, level <= 6 else { throw .badPayload(.log) }
        self.init(level: level, message: payload.dropFirst())
    }
}

/// Frames whose payload is text or nothing.
public enum PlainFrame {
    /// Appends a frame without a payload: ``FrameKind/stop``, ``FrameKind/ready``, ``FrameKind/accepted``.
    public static func write(_ kind: FrameKind, delivery: UInt64 = 0, into buffer: inout [UInt8]) {
        FrameHeader(kind, length: 0, delivery: delivery).write(into: &buffer)
    }

    /// Appends a frame whose payload is the given bytes: ``FrameKind/followUp`` (a task line as `celeriac run` reads
    /// it), ``FrameKind/bootFailed`` (the reason in UTF-8).
    public static func write(_ kind: FrameKind, payload: Bytes, delivery: UInt64 = 0, into buffer: inout [UInt8]) {
        FrameHeader(kind, length: payload.count, delivery: delivery).write(into: &buffer)
        buffer.append(contentsOf: payload)
    }
}
