/// A validated JSON value that was not built: its kind and its bytes.
public struct JSONSlice: Sendable {
    /// What the value is.
    public let kind: JSONKind
    /// The value's bytes in the document, without space around it. Indices are those of the document.
    public let bytes: ArraySlice<UInt8>
    private let isEscaped: Bool

    init(kind: JSONKind, bytes: ArraySlice<UInt8>, isEscaped: Bool) {
        self.kind = kind
        self.bytes = bytes
        self.isEscaped = isEscaped
    }

    /// Validates a whole document.
    ///
    /// Throws ``JSONError`` at the first byte that is not JSON or passes a limit.
    public init(validating bytes: ArraySlice<UInt8>, limits: JSONLimits = JSONLimits()) throws(JSONError) {
        var scanner = JSONScanner(bytes, limits: limits)
        self = try scanner.nextValue()
        try scanner.finish()
    }

    /// The content of a string, `nil` for any other kind.
    public var text: JSONText? {
        guard self.kind == .string else { return nil }
        return JSONText(raw: self.bytes.dropFirst().dropLast(), isEscaped: self.isEscaped)
    }

    /// The value as a number, `nil` for any other kind.
    public var number: JSONNumber? {
        guard self.kind == .number else { return nil }
        return self.bytes.withUnsafeBufferPointer { JSONNumber(validated: $0) }
    }

    /// Whether the value is `true`; `nil` unless it is a boolean.
    public var bool: Bool? { self.kind == .bool ? self.bytes.first == UInt8(ascii: "t") : nil }
}
