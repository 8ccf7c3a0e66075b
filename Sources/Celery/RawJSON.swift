import JSON

/// A JSON value kept as it was written. Nothing is built until it is asked for.
public struct RawJSON: Sendable, Hashable {
    /// The value's bytes, without space around it.
    public let bytes: ArraySlice<UInt8>

    /// Bytes that are known to be one JSON value.
    public init(unchecked bytes: ArraySlice<UInt8>) { self.bytes = bytes }

    /// A text.
    public init(_ text: String) {
        var buffer: [UInt8] = []
        PythonJSON.write(text, into: &buffer)
        self.bytes = buffer[...]
    }

    /// A text or null.
    public init(_ text: String?) { self = text.map { RawJSON($0) } ?? .null }

    /// An integer.
    public init(_ integer: Int) { self.bytes = Array(String(integer).utf8)[...] }

    /// An integer or null.
    public init(_ integer: Int?) { self = integer.map { RawJSON($0) } ?? .null }

    /// A boolean.
    public init(_ bool: Bool) { self.bytes = Array((bool ? "true" : "false").utf8)[...] }

    /// An array.
    public init(_ elements: [RawJSON]) {
        var buffer: [UInt8] = []
        var separator = Separator()
        buffer.append(UInt8(ascii: "["))
        for element in elements {
            separator.write(into: &buffer)
            buffer.append(contentsOf: element.bytes)
        }
        buffer.append(UInt8(ascii: "]"))
        self.bytes = buffer[...]
    }

    /// A value. Throws ``BodyError`` for what JSON has no form for.
    public init(_ value: CeleryValue) throws(BodyError) { self.bytes = try value.json()[...] }

    /// `null`.
    public static let null = RawJSON(unchecked: Array("null".utf8)[...])

    /// The text, `nil` for anything but a string.
    public var text: String? {
        guard self.bytes.first == UInt8(ascii: "\"") else { return nil }
        let inner = self.bytes.dropFirst().dropLast()
        return inner.contains(UInt8(ascii: "\\")) ? self.slice?.text?.string : String(decoding: inner, as: UTF8.self)
    }

    /// The integer, `nil` for anything else and for integers that do not fit.
    public var integer: Int? { self.number?.asInt }

    /// The number, `nil` for anything else.
    public var number: JSONNumber? {
        guard let first = self.bytes.first, first == UInt8(ascii: "-") || (0x30...0x39).contains(first) else {
            return nil
        }
        return self.slice?.number
    }

    /// The boolean, `nil` for anything else.
    public var bool: Bool? {
        switch self.bytes.first {
        case UInt8(ascii: "t"): true
        case UInt8(ascii: "f"): false
        default: nil
        }
    }

    /// Whether it is `null`.
    public var isNull: Bool { self.bytes.elementsEqual("null".utf8) }

    /// The elements, `nil` for anything but an array.
    public var elements: [RawJSON]? {
        guard self.bytes.first == UInt8(ascii: "[") else { return nil }
        return try? self.elements(limits: JSONLimits(maxDepth: 512))
    }

    /// The elements of an array, validated but not built. Throws ``JSONError``.
    func elements(limits: JSONLimits) throws(JSONError) -> [RawJSON] {
        try scanning(self.bytes) { mask throws(JSONError) in
            var elements: [RawJSON] = []
            var scanner = JSONScanner(mask, limits: limits)
            try scanner.enterArray()
            while let element = try scanner.nextElement() {
                elements.append(RawJSON(unchecked: self.bytes[element.bytes.indices]))
            }
            try scanner.finish()
            return elements
        }
    }

    /// The value, built. Throws ``BodyError``.
    public func value(limits: BodyLimits = BodyLimits()) throws(BodyError) -> CeleryValue {
        try CeleryValue(parsing: self.bytes, limits: limits)
    }

    private var slice: JSONSlice? { try? JSONSlice(validating: self.bytes, limits: JSONLimits(maxDepth: 512)) }
}

extension RawJSON: CustomStringConvertible {
    /// The value as it was written.
    public var description: String { String(decoding: self.bytes, as: UTF8.self) }
}
