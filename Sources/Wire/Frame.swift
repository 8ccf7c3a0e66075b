/// Bytes of a message, a frame or a file, as a slice that shares its storage.
public typealias Bytes = ArraySlice<UInt8>

/// What a frame is about. The number is its type byte on the pipe; `docs/pipe-protocol.md` describes each.
public enum FrameKind: UInt8, Sendable {
    /// Master → child: run a task.
    case task = 1
    /// Master → child: finish what runs, then exit.
    case stop = 2

    /// Child → master: booted, waiting for tasks.
    case ready = 0x81
    /// Child → master: this delivery's task starts now.
    case accepted = 0x82
    /// Child → master: this delivery is over.
    case outcome = 0x83
    /// Child → master: a task to publish if this delivery succeeds.
    case followUp = 0x84
    /// Child → master: a log record of a task.
    case log = 0x85
    /// Child → master: this child cannot boot, and no other could.
    case bootFailed = 0x86
    /// Child → master: a crash record, written by a signal handler.
    case crash = 0x87
    /// Child → master: what a delivery's outcome brings along, right before the outcome.
    case aftermath = 0x88
    /// Child → master: what the child holds while no task runs in it.
    case ledger = 0x89
}

/// The first 16 bytes of every frame. All integers are little-endian.
///
/// | offset | bytes | field |
/// |---|---|---|
/// | 0 | 2 | magic, `43 65` |
/// | 2 | 1 | version, 1 |
/// | 3 | 1 | kind |
/// | 4 | 4 | payload length |
/// | 8 | 8 | delivery tag, 0 when the frame is not about one |
public struct FrameHeader: Equatable, Sendable {
    /// Bytes that a header takes.
    public static let size = 16
    static let magic: [UInt8] = [0x43, 0x65]
    static let version: UInt8 = 1

    /// What the frame is about.
    public var kind: FrameKind
    /// Bytes that follow the header.
    public var length: Int
    /// The delivery it belongs to, or 0.
    public var delivery: UInt64

    /// A header for a payload of so many bytes.
    public init(_ kind: FrameKind, length: Int, delivery: UInt64 = 0) {
        self.kind = kind
        self.length = length
        self.delivery = delivery
    }

    /// Appends the header's bytes.
    public func write(into buffer: inout [UInt8]) {
        buffer.append(contentsOf: Self.magic)
        buffer.append(Self.version)
        buffer.append(self.kind.rawValue)
        buffer.append(integer: UInt32(self.length))
        buffer.append(integer: self.delivery)
    }
}

/// Why bytes on a pipe are not frames. The child that wrote them is ended.
public enum FrameError: Error, Equatable, Sendable {
    /// The first two bytes are not the magic.
    case badMagic
    /// The version is not ours.
    case unknownVersion(UInt8)
    /// The kind is unknown, or not for this direction.
    case unknownKind(UInt8)
    /// The payload is longer than the limit for its kind.
    case tooLong(kind: FrameKind, length: Int, limit: Int)
    /// The payload is not what its kind says.
    case badPayload(FrameKind)
}

extension FrameError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .badMagic: "bytes that are not a frame"
        case .unknownVersion(let version): "frame version \(version), expected \(FrameHeader.version)"
        case .unknownKind(let kind): "frame of unknown kind \(kind)"
        case .tooLong(let kind, let length, let limit): "\(kind) frame of \(length) bytes, limit \(limit)"
        case .badPayload(let kind): "\(kind) frame with a malformed payload"
        }
    }
}

extension Array where Element == UInt8 {
    /// Appends an integer in little-endian order.
    mutating func append<Integer: FixedWidthInteger>(integer: Integer) {
        Swift.withUnsafeBytes(of: integer.littleEndian) { self.append(contentsOf: $0) }
    }
}

/// Reads fields from the front of a payload; `nil` once it has run out.
struct PayloadReader {
    private var rest: Bytes

    init(_ payload: Bytes) { self.rest = payload }

    mutating func integer<Integer: FixedWidthInteger>(_: Integer.Type) -> Integer? {
        guard let field = self.bytes(MemoryLayout<Integer>.size) else { return nil }
        return Integer(littleEndian: field.withUnsafeBytes { $0.loadUnaligned(as: Integer.self) })
    }

    mutating func bytes(_ count: Int) -> Bytes? {
        guard count >= 0, count <= self.rest.count else { return nil }
        defer { self.rest = self.rest.dropFirst(count) }
        return self.rest.prefix(count)
    }

    /// All that is left.
    mutating func remainder() -> Bytes {
        defer { self.rest = [] }
        return self.rest
    }
}
