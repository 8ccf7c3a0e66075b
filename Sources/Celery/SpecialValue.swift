import JSON

/// A Python value that kombu writes into JSON as `{"__type__": …, "__value__": …}`. Each keeps its text.
public struct SpecialValue: Sendable, Hashable {
    /// Which type it is. The raw value is what `__type__` says.
    public enum Kind: String, Sendable {
        /// `2026-01-02T03:04:05.678900`, with an offset or without.
        case datetime
        /// `2026-01-02`.
        case date
        /// `03:04:05.000006`.
        case time
        /// `10.50`, `1E+5`, `NaN`.
        case decimal
        /// 32 hexadecimal digits.
        case uuid
    }

    /// Which type it is.
    public let kind: Kind
    /// The value's text.
    public let text: String

    /// A value; `nil` when the text is not one of that kind.
    public init?(_ kind: Kind, _ text: String) {
        let isValid =
            switch kind {
            case .datetime: WallTime(text) != nil
            case .date: text.utf8.count == 10 && WallTime(text) != nil
            case .time: WallTime("1970-01-01T" + text) != nil
            case .decimal: Self.isDecimal(text)
            case .uuid: text.utf8.count == 32 && text.utf8.allSatisfy(isHexDigit)
            }
        guard isValid else { return nil }
        self.kind = kind
        self.text = text
    }

    /// Whether Python's `Decimal` reads a text as Python's `str(Decimal)` writes it.
    private static func isDecimal(_ text: String) -> Bool {
        var digits = text.utf8[...]
        if digits.first == UInt8(ascii: "-") || digits.first == UInt8(ascii: "+") { digits.removeFirst() }
        let magnitude = Substring(digits)
        if magnitude == "Infinity" || magnitude == "NaN" || magnitude == "sNaN" { return true }
        return JSONNumber(String(magnitude)) != nil && magnitude.utf8.first != UInt8(ascii: "-")
    }
}

/// Whether a byte is a hexadecimal digit.
func isHexDigit(_ byte: UInt8) -> Bool { Unicode.Scalar(byte).properties.isASCIIHexDigit }
