/// Which trace something belongs to, and which of its spans is the parent of what is done there: W3C's Trace Context.
///
/// In a Celery message it is the header `traceparent`, as OpenTelemetry's instrumentation of Celery writes it.
public struct TraceContext: Hashable, Sendable {
    /// The trace; not 0.
    public let traceID: UInt128
    /// The span; not 0.
    public let spanID: UInt64
    /// Bit 0: the trace is recorded. Bit 1: the trace's id is random. The others have no meaning yet and are dropped.
    public let flags: UInt8

    /// Most bytes of a `tracestate` that are carried on.
    public static let longestState = 512

    private static let knownFlags: UInt8 = 3

    /// A context; `nil` when one of the ids is 0, which stands for none.
    public init?(traceID: UInt128, spanID: UInt64, flags: UInt8) {
        guard traceID != 0, spanID != 0 else { return nil }
        (self.traceID, self.spanID, self.flags) = (traceID, spanID, flags & Self.knownFlags)
    }

    /// Whether the trace is recorded.
    public var isSampled: Bool { self.flags & 1 != 0 }

    /// The same trace with another span as the parent.
    public func child(_ spanID: UInt64) -> TraceContext? {
        TraceContext(traceID: self.traceID, spanID: spanID, flags: self.flags)
    }

    /// The trace's id: 32 lowercase hexadecimal digits.
    public var traceText: String { Hexadecimal.text(self.traceID) }

    /// The span's id: 16 lowercase hexadecimal digits.
    public var spanText: String { Hexadecimal.text(self.spanID) }
}

extension TraceContext {
    private static let length = 55
    private static let dash = UInt8(ascii: "-")

    /// Reads a `traceparent`; `nil` for what is none. One of a later version is read as far as this version goes.
    public init?(parsing text: some Collection<UInt8>) {
        let bytes = Array(text.prefix(Self.length + 1))
        guard bytes.count >= Self.length, [2, 35, 52].allSatisfy({ bytes[$0] == Self.dash }),
            let version = Hexadecimal.value(bytes[0..<2], UInt8.self), version != 0xFF,
            let traceID = Hexadecimal.value(bytes[3..<35], UInt128.self),
            let spanID = Hexadecimal.value(bytes[36..<52], UInt64.self),
            let flags = Hexadecimal.value(bytes[53..<55], UInt8.self)
        else { return nil }
        if bytes.count > Self.length, version == 0 || bytes[Self.length] != Self.dash { return nil }
        self.init(traceID: traceID, spanID: spanID, flags: flags)
    }

    /// The `traceparent` of version 00.
    public var text: String { "00-\(self.traceText)-\(self.spanText)-\(Hexadecimal.text(self.flags))" }
}

/// Numbers in lowercase hexadecimal digits, as many as they have.
enum Hexadecimal {
    static func text<Integer: FixedWidthInteger & UnsignedInteger>(_ value: Integer) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: Integer.bitWidth / 4 - digits.utf8.count) + digits
    }

    /// `nil` unless all are lowercase digits.
    static func value<Integer: FixedWidthInteger & UnsignedInteger>(
        _ digits: ArraySlice<UInt8>, _: Integer.Type
    ) -> Integer? {
        var value: Integer = 0
        for digit in digits {
            switch digit {
            case 0x30...0x39: value = value << 4 | Integer(digit - 0x30)
            case 0x61...0x66: value = value << 4 | Integer(digit - 0x61 + 10)
            default: return nil
            }
        }
        return value
    }
}
