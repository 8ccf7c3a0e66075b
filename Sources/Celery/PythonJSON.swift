/// JSON as Python's `json.dumps` writes it: ASCII only, a space behind every comma and colon.
public enum PythonJSON {
    static func append(_ literal: StaticString, into buffer: inout [UInt8]) {
        buffer.append(contentsOf: UnsafeBufferPointer(start: literal.utf8Start, count: literal.utf8CodeUnitCount))
    }

    /// Appends a text as a JSON string.
    public static func write(_ text: String, into buffer: inout [UInt8]) {
        buffer.append(UInt8(ascii: "\""))
        if text.utf8.allSatisfy(isPlain) {
            buffer.append(contentsOf: text.utf8)
        } else {
            for unit in text.utf16 { self.write(unit, into: &buffer) }
        }
        buffer.append(UInt8(ascii: "\""))
    }

    /// Appends a text in UTF-8 as a JSON string.
    public static func write(_ text: ArraySlice<UInt8>, into buffer: inout [UInt8]) {
        guard text.allSatisfy(isPlain) else {
            return self.write(String(decoding: text, as: UTF8.self), into: &buffer)
        }
        buffer.append(UInt8(ascii: "\""))
        buffer.append(contentsOf: text)
        buffer.append(UInt8(ascii: "\""))
    }

    private static func write(_ unit: UInt16, into buffer: inout [UInt8]) {
        switch unit {
        case 0x22: self.append(#"\""#, into: &buffer)
        case 0x5C: self.append(#"\\"#, into: &buffer)
        case 0x08: self.append(#"\b"#, into: &buffer)
        case 0x09: self.append(#"\t"#, into: &buffer)
        case 0x0A: self.append(#"\n"#, into: &buffer)
        case 0x0C: self.append(#"\f"#, into: &buffer)
        case 0x0D: self.append(#"\r"#, into: &buffer)
        case 0x20...0x7E: buffer.append(UInt8(unit))
        default: self.escape(unit, into: &buffer)
        }
    }

    private static func escape(_ unit: UInt16, into buffer: inout [UInt8]) {
        self.append(#"\u"#, into: &buffer)
        for shift: UInt16 in [12, 8, 4, 0] { buffer.append(hexDigit(UInt8(unit >> shift & 15))) }
    }
}

/// Whether a byte stands for itself in a string.
private func isPlain(_ byte: UInt8) -> Bool {
    (0x20...0x7E).contains(byte) && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
}

/// The lower-case digit of a value below 16.
func hexDigit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 + value : 0x61 + value - 10 }

/// Writes the separators between the elements or members of one container.
struct Separator {
    private var isFirst = true

    mutating func write(into buffer: inout [UInt8]) {
        if !self.isFirst { PythonJSON.append(", ", into: &buffer) }
        self.isFirst = false
    }
}
