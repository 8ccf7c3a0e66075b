/// A JSON number of any size, kept as it was written: `1.0`, `1` and `1e0` are three different numbers.
public struct JSONNumber: Sendable, Hashable, CustomStringConvertible {
    private enum Storage: Hashable {
        /// An integer whose only spelling is its digits.
        case integer(Int64)
        /// Any other number.
        case text(String)
    }

    private let storage: Storage

    /// The number that a text spells; `nil` when JSON does not know the text as a number.
    public init?(_ text: String) {
        var text = text
        let extent = text.withUTF8 { bytes -> NumberExtent? in
            var cursor = Cursor(bytes, limits: JSONLimits(maxNumberLength: .max))
            guard let extent = try? cursor.skipNumber(), cursor.offset == bytes.count else { return nil }
            return extent
        }
        guard let extent else { return nil }
        self.storage = extent.integer.map(Storage.integer) ?? .text(text)
    }

    /// An integer.
    public init(_ integer: some BinaryInteger) {
        self.storage = Int64(exactly: integer).map(Storage.integer) ?? .text(String(integer))
    }

    /// A floating-point number with the fewest digits that identify it; `nil` unless it is finite.
    public init?(_ number: Double) {
        guard number.isFinite else { return nil }
        self.storage = .text(number.description)
    }

    /// A floating-point number with the fewest digits that identify it; `nil` unless it is finite.
    public init?(_ number: Float) {
        guard number.isFinite else { return nil }
        self.storage = .text(number.description)
    }

    /// Bytes that the scanner has accepted as a number.
    init(validated bytes: UnsafeBufferPointer<UInt8>) {
        var cursor = Cursor(bytes, limits: JSONLimits(maxNumberLength: .max))
        self.init(extent: try! cursor.skipNumber(), of: bytes)
    }

    init(extent: NumberExtent, of bytes: UnsafeBufferPointer<UInt8>) {
        if let integer = extent.integer {
            self.storage = .integer(integer)
        } else {
            self.storage = .text(String(decoding: UnsafeBufferPointer(rebasing: bytes[extent.range]), as: UTF8.self))
        }
    }

    /// The number as it was written.
    public var description: String {
        switch self.storage {
        case .integer(let integer): String(integer)
        case .text(let text): text
        }
    }

    /// The value if it is written as an integer and fits; `1.0` and `1e3` are not integers.
    public var asInt: Int? { self.asInteger(Int.self) }

    /// The nearest floating-point value; `nil` when that is infinite.
    public var asDouble: Double? {
        switch self.storage {
        case .integer(let integer): return Double(integer)
        case .text(let text):
            guard let value = Double(text), value.isFinite else { return nil }
            return value
        }
    }

    /// The value if it is written as an integer and fits `type`.
    public func asInteger<Integer: FixedWidthInteger>(_ type: Integer.Type) -> Integer? {
        switch self.storage {
        case .integer(let integer): Integer(exactly: integer)
        case .text(let text): Integer(text)
        }
    }

    /// Appends the number as it was written.
    public func write(into buffer: inout [UInt8]) {
        switch self.storage {
        case .integer(let integer): writeDecimal(integer, into: &buffer)
        case .text(let text): buffer.append(contentsOf: text.utf8)
        }
    }
}

/// Appends the decimal digits of an integer. Allocates nothing but room in the buffer.
public func writeDecimal(_ integer: Int64, into buffer: inout [UInt8]) {
    if integer < 0 { buffer.append(ASCII.minus) }
    let start = buffer.count
    var rest = integer.magnitude
    repeat {
        buffer.append(ASCII.zero + UInt8(truncatingIfNeeded: rest % 10))
        rest /= 10
    } while rest > 0
    buffer[start...].reverse()
}
