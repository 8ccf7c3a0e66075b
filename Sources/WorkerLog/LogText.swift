/// Makes text of any origin harmless in a log: one line, no terminal commands, nothing that reorders what is shown.
///
/// The input is arbitrary bytes. Escaped are
/// - a backslash and a quotation mark: `\\`, `\"`;
/// - line feed, carriage return and tab: `\n`, `\r`, `\t`;
/// - other control bytes, and bytes that are not UTF-8: `\x1b`, two digits for the byte;
/// - the controls U+0080 to U+009F, line and paragraph separators and bidirectional controls: `\u{202e}`, digits for the
///   scalar.
///
/// Everything else stays as it is, so that the input can be had back from the output.
public enum LogText {
    /// Most bytes of one value that a log line shows.
    public static let longestValue = 4096

    /// Appends `bytes`, escaped.
    public static func escape(_ bytes: ArraySlice<UInt8>, into buffer: inout [UInt8]) {
        self.forEachPart(of: bytes) { part, rest in
            switch part {
            case .byte(let byte): self.escape(byte, into: &buffer)
            case .scalar(let scalar) where self.isHarmful(scalar): self.write(scalar, into: &buffer)
            case .scalar: buffer.append(contentsOf: rest)
            }
        }
    }

    /// Appends `bytes` as a value of a text line: as they are when they are plain, else escaped between quotation marks.
    static func writeValue(_ bytes: ArraySlice<UInt8>, into buffer: inout [UInt8]) {
        guard bytes.isEmpty || bytes.count > self.longestValue || !bytes.allSatisfy(self.isPlain) else {
            return buffer.append(contentsOf: bytes)
        }
        buffer.append(UInt8(ascii: "\""))
        self.capped(bytes, into: &buffer) { self.escape($0, into: &$1) }
        buffer.append(UInt8(ascii: "\""))
    }

    /// Appends `bytes` as a JSON string. What JSON parsers make of it is the text, if it was UTF-8, else the escaped text.
    static func writeJSON(_ bytes: ArraySlice<UInt8>, into buffer: inout [UInt8]) {
        buffer.append(UInt8(ascii: "\""))
        self.capped(bytes, into: &buffer) { bytes, buffer in
            if self.isUTF8(bytes) { return self.escapeJSON(bytes, into: &buffer) }
            var escaped: [UInt8] = []
            self.escape(bytes, into: &escaped)
            self.escapeJSON(escaped[...], into: &buffer)
        }
        buffer.append(UInt8(ascii: "\""))
    }

    /// Appends the first ``longestValue`` bytes and, if there are more, how many: `…[+123 bytes]`.
    private static func capped(
        _ bytes: ArraySlice<UInt8>,
        into buffer: inout [UInt8],
        _ write: (ArraySlice<UInt8>, inout [UInt8]) -> Void
    ) {
        var shown = bytes.prefix(self.longestValue)
        if shown.count < bytes.count {
            // Not in the middle of a character: leave out its first bytes as well.
            let start = shown.suffix(4).lastIndex { $0 & 0xC0 != 0x80 } ?? shown.endIndex
            if bytes[shown.endIndex] & 0xC0 == 0x80 { shown = shown[..<start] }
        }
        write(shown, &buffer)
        if shown.count < bytes.count { buffer.append(contentsOf: "…[+\(bytes.count - shown.count) bytes]".utf8) }
    }

    /// Appends the inside of a JSON string. `bytes` is UTF-8.
    private static func escapeJSON(_ bytes: ArraySlice<UInt8>, into buffer: inout [UInt8]) {
        self.forEachPart(of: bytes) { part, rest in
            switch part {
            case .byte(let byte) where byte < 0x20 || byte == 0x7F: self.writeUnit(UInt16(byte), into: &buffer)
            case .byte(let byte): buffer.append(contentsOf: [UInt8(ascii: "\\"), byte])
            // Every harmful scalar is in the first plane: one UTF-16 unit.
            case .scalar(let scalar) where self.isHarmful(scalar): self.writeUnit(UInt16(scalar.value), into: &buffer)
            case .scalar: buffer.append(contentsOf: rest)
            }
        }
    }

    private enum Part {
        /// A character that is not ASCII, or a run of harmless ASCII, whose first is given.
        case scalar(Unicode.Scalar)
        /// A control byte, a backslash, a quotation mark, or a byte that is not UTF-8.
        case byte(UInt8)
    }

    /// Cuts bytes into parts that are escaped, or not, as a whole.
    private static func forEachPart(of bytes: ArraySlice<UInt8>, _ body: (Part, ArraySlice<UInt8>) -> Void) {
        var rest = bytes
        while let first = rest.first {
            let length: Int
            if first >= 0x80 {
                var parser = Unicode.UTF8.ForwardParser()
                var iterator = rest.prefix(4).makeIterator()
                if case .valid(let encoded) = parser.parseScalar(from: &iterator) {
                    length = encoded.count
                    body(.scalar(Unicode.UTF8.decode(encoded)), rest.prefix(length))
                } else {
                    length = 1
                    body(.byte(first), rest.prefix(1))
                }
            } else if self.isHarmless(first) {
                length = rest.firstIndex { !self.isHarmless($0) }.map { $0 - rest.startIndex } ?? rest.count
                body(.scalar(Unicode.Scalar(first)), rest.prefix(length))
            } else {
                length = 1
                body(.byte(first), rest.prefix(1))
            }
            rest = rest.dropFirst(length)
        }
    }

    private static func isUTF8(_ bytes: ArraySlice<UInt8>) -> Bool { String(validating: bytes, as: UTF8.self) != nil }

    /// ASCII that needs no escape between quotation marks.
    private static func isHarmless(_ byte: UInt8) -> Bool {
        byte >= 0x20 && byte < 0x7F && byte != UInt8(ascii: "\\") && byte != UInt8(ascii: "\"")
    }

    /// ASCII that needs no quotation marks.
    private static func isPlain(_ byte: UInt8) -> Bool {
        self.isHarmless(byte) && byte != UInt8(ascii: " ") && byte != UInt8(ascii: "=")
    }

    private static func isHarmful(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x80...0x9F: true  // C1 controls: U+009B starts a terminal command, U+0085 is a line break.
        case 0x61C, 0x200E...0x200F, 0x202A...0x202E, 0x2066...0x2069: true  // bidirectional controls
        case 0x2028...0x2029: true  // line and paragraph separator
        default: false
        }
    }

    private static func escape(_ byte: UInt8, into buffer: inout [UInt8]) {
        buffer.append(UInt8(ascii: "\\"))
        switch byte {
        case UInt8(ascii: "\\"), UInt8(ascii: "\""): buffer.append(byte)
        case UInt8(ascii: "\n"): buffer.append(UInt8(ascii: "n"))
        case UInt8(ascii: "\r"): buffer.append(UInt8(ascii: "r"))
        case UInt8(ascii: "\t"): buffer.append(UInt8(ascii: "t"))
        default:
            buffer.append(UInt8(ascii: "x"))
            self.writeHex(UInt32(byte), digits: 2, into: &buffer)
        }
    }

    private static func write(_ scalar: Unicode.Scalar, into buffer: inout [UInt8]) {
        buffer.append(contentsOf: #"\u{"#.utf8)
        buffer.append(contentsOf: String(scalar.value, radix: 16).utf8)
        buffer.append(UInt8(ascii: "}"))
    }

    private static func writeUnit(_ unit: UInt16, into buffer: inout [UInt8]) {
        buffer.append(contentsOf: #"\u"#.utf8)
        self.writeHex(UInt32(unit), digits: 4, into: &buffer)
    }

    private static func writeHex(_ value: UInt32, digits: Int, into buffer: inout [UInt8]) {
        for shift in stride(from: digits * 4 - 4, through: 0, by: -4) {
            let digit = UInt8(value >> UInt32(shift) & 15)
            buffer.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
        }
    }
}
