/// A string inside a validated document: the bytes between its quotes, not yet unescaped.
public struct JSONText: Sendable {
    /// The bytes between the quotes: valid UTF-8, valid escapes.
    public let raw: ArraySlice<UInt8>
    /// Whether `raw` has escapes. Without, it is the text itself.
    public let isEscaped: Bool

    init(raw: ArraySlice<UInt8>, isEscaped: Bool) {
        self.raw = raw
        self.isEscaped = isEscaped
    }

    /// The text. Allocates when it is longer than 15 bytes.
    public var string: String {
        self.raw.withUnsafeBufferPointer { self.isEscaped ? unescaped($0) : String(decoding: $0, as: UTF8.self) }
    }

    /// Whether the text is exactly `name`, byte for byte. Allocates only when the text has escapes.
    public func equals(_ name: StaticString) -> Bool {
        let name = UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount)
        if self.isEscaped { return self.string.utf8.elementsEqual(name) }
        return self.raw.count == name.count && self.raw.elementsEqual(name)
    }

    /// Lets a `switch` over a text have string literals as cases.
    public static func ~= (name: StaticString, text: JSONText) -> Bool { text.equals(name) }

    /// Appends the text as a JSON string, as it was written.
    public func write(into buffer: inout [UInt8]) {
        buffer.append(ASCII.quote)
        buffer.append(contentsOf: self.raw)
        buffer.append(ASCII.quote)
    }
}

/// The text that valid escaped bytes stand for.
func unescaped(_ raw: UnsafeBufferPointer<UInt8>) -> String {
    // Every escape is longer than what it stands for: a pair of surrogates is twelve bytes for four.
    String(unsafeUninitializedCapacity: raw.count) { output in
        var input = raw.makeIterator()
        var count = 0
        func hexUnit() -> UInt16 {
            (0..<4).reduce(0) { unit, _ in unit << 4 | input.next().flatMap(ASCII.hexValue)! }
        }
        while let byte = input.next() {
            guard byte == ASCII.backslash, let escape = input.next() else {
                output[count] = byte
                count += 1
                continue
            }
            var scalar = Unicode.Scalar(escape)
            switch escape {
            case UInt8(ascii: "b"): scalar = "\u{8}"
            case UInt8(ascii: "f"): scalar = "\u{C}"
            case UInt8(ascii: "n"): scalar = "\n"
            case UInt8(ascii: "r"): scalar = "\r"
            case UInt8(ascii: "t"): scalar = "\t"
            case UInt8(ascii: "u"):
                let unit = hexUnit()
                if UTF16.isLeadSurrogate(unit) {
                    _ = (input.next(), input.next())
                    scalar = UTF16.decode(UTF16.EncodedScalar([unit, hexUnit()]))
                } else {
                    scalar = Unicode.Scalar(unit)!
                }
            default: break
            }
            for unit in UTF8.encode(scalar)! {
                output[count] = unit
                count += 1
            }
        }
        return count
    }
}
