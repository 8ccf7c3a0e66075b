import Supervision
import Testing

@testable import WorkerLog

struct LogTextTests {
    private static func escaped(_ bytes: [UInt8]) -> String {
        var buffer: [UInt8] = []
        LogText.escape(bytes[...], into: &buffer)
        return String(validating: buffer, as: UTF8.self)!
    }

    private static func written(
        _ bytes: [UInt8],
        _ write: (ArraySlice<UInt8>, inout [UInt8]) -> Void
    ) -> String {
        var buffer: [UInt8] = []
        write(bytes[...], &buffer)
        return String(validating: buffer, as: UTF8.self)!
    }

    @Test(arguments: [
        ("plain text", "plain text"), ("größe 🙂", "größe 🙂"), ("👨‍👩‍👧", "👨‍👩‍👧"),
        ("a\r\nb\tc", #"a\r\nb\tc"#), (#"back\slash "quoted""#, #"back\\slash \"quoted\""#),
        ("\u{1b}[31mred", #"\x1b[31mred"#), ("\0\u{7f}", #"\x00\x7f"#), ("\u{85}\u{9b}", #"\u{85}\u{9b}"#),
        ("user\u{202e}gpj", #"user\u{202e}gpj"#), ("\u{2028}\u{2029}", #"\u{2028}\u{2029}"#),
        ("\u{61c}\u{200e}\u{200f}\u{2066}\u{2069}", #"\u{61c}\u{200e}\u{200f}\u{2066}\u{2069}"#),
    ])
    func textIsEscaped(text: String, expected: String) {
        #expect(Self.escaped(Array(text.utf8)) == expected)
    }

    @Test(
        arguments: [
            ([0xFF], #"\xff"#), ([0xC3], #"\xc3"#), ([0xC3, 0x28], #"\xc3("#), ([0xE2, 0x80], #"\xe2\x80"#),
            ([0xC0, 0x8A], #"\xc0\x8a"#), ([0xED, 0xA0, 0x80], #"\xed\xa0\x80"#),
            ([0xF4, 0x90, 0x80, 0x80], #"\xf4\x90\x80\x80"#),
            ([0x80, 0xC3, 0xBC], #"\x80ü"#), ([0xF0, 0x9F, 0x99], #"\xf0\x9f\x99"#),
        ] as [([UInt8], String)]
    )
    func bytesThatAreNotUTF8AreShownEach(bytes: [UInt8], expected: String) {
        #expect(Self.escaped(bytes) == expected)
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func whateverGoesInOneLineComesOutAndLeadsBack(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<100 {
            let bytes = Self.hostileBytes(&random)
            let text = Self.escaped(bytes)
            #expect(text.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control })
            #expect(!text.unicodeScalars.contains { harmful.contains($0.value) })
            #expect(Self.unescaped(text) == bytes)

            let value = Self.written(bytes, LogText.writeValue)
            let isQuoted = value.hasPrefix("\"")
            #expect((isQuoted ? Self.unescaped(String(value.dropFirst().dropLast())) : Array(value.utf8)) == bytes)
            #expect(isQuoted || !value.utf8.contains(UInt8(ascii: " ")))

            let json = Self.written(bytes, LogText.writeJSON)
            #expect(!json.unicodeScalars.contains { $0.value < 0x20 || harmful.contains($0.value) })
            if String(validating: bytes, as: UTF8.self) != nil { #expect(Self.jsonContent(json) == bytes) }
        }
    }

    @Test(arguments: [
        ("a", "a"), ("", #""""#), ("a b", #""a b""#), ("a=b", #""a=b""#), ("ü", #""ü""#), ("/x-1:2,3", "/x-1:2,3"),
    ])
    func valuesAreQuotedWhenNeeded(text: String, expected: String) {
        #expect(Self.written(Array(text.utf8), LogText.writeValue) == expected)
    }

    @Test func aLongValueIsCutWithAMark() {
        let exact = String(repeating: "x", count: 4096)
        #expect(Self.written(Array(exact.utf8), LogText.writeValue) == exact)
        #expect(Self.written(Array((exact + "yz").utf8), LogText.writeValue) == "\"\(exact)…[+2 bytes]\"")
        #expect(Self.written(Array((exact + "yz").utf8), LogText.writeJSON) == "\"\(exact)…[+2 bytes]\"")
    }

    @Test func aLongValueIsNotCutInsideACharacter() {
        let start = String(repeating: "x", count: 4094)
        #expect(Self.written(Array((start + "🙂!").utf8), LogText.writeValue) == "\"\(start)…[+5 bytes]\"")
    }

    @Test func aLongValueThatIsNotUTF8IsCutToo() {
        let value = Self.written([UInt8](repeating: 0x80, count: 5000), LogText.writeValue)
        #expect(value.hasSuffix(#"\x80…[+904 bytes]""#))
    }

    // MARK: - The way back

    /// What the escaped text stands for.
    private static func unescaped(_ text: String) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = Substring(text).unicodeScalars
        while let scalar = rest.popFirst() {
            guard scalar == "\\" else {
                bytes += Array(String(scalar).utf8)
                continue
            }
            switch rest.popFirst()! {
            case "n": bytes.append(10)
            case "r": bytes.append(13)
            case "t": bytes.append(9)
            case "x":
                bytes.append(UInt8(String(Substring(rest.prefix(2))), radix: 16)!)
                rest = rest.dropFirst(2)
            case "u":
                let digits = rest.dropFirst().prefix { $0 != "}" }
                rest = rest.dropFirst(digits.count + 2)
                bytes += Array(String(Unicode.Scalar(UInt32(String(Substring(digits)), radix: 16)!)!).utf8)
            case let other: bytes += Array(String(other).utf8)
            }
        }
        return bytes
    }

    /// What a JSON parser makes of a string with the escapes that are used here.
    private static func jsonContent(_ json: String) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = json.dropFirst().dropLast().unicodeScalars
        while let scalar = rest.popFirst() {
            guard scalar == "\\" else {
                bytes += Array(String(scalar).utf8)
                continue
            }
            let kind = rest.popFirst()!
            guard kind == "u" else {
                bytes += Array(String(kind).utf8)
                continue
            }
            bytes += Array(String(Unicode.Scalar(UInt32(String(Substring(rest.prefix(4))), radix: 16)!)!).utf8)
            rest = rest.dropFirst(4)
        }
        return bytes
    }

    /// Bytes in which all that is dangerous is frequent.
    private static func hostileBytes(_ random: inout SeededGenerator) -> [UInt8] {
        var bytes: [UInt8] = []
        for _ in 0..<Int.random(in: 0..<60, using: &random) {
            switch Int.random(in: 0..<4, using: &random) {
            case 0: bytes.append(UInt8.random(in: 0...255, using: &random))
            case 1: bytes.append(contentsOf: #"\"=x1 {}u"#.utf8.randomElement(using: &random).map { [$0] }!)
            case 2: bytes += Array(String(Unicode.Scalar(harmful.randomElement(using: &random)!)!).utf8)
            default: bytes += Array("aü€🙂".unicodeScalars.randomElement(using: &random).map(String.init)!.utf8)
            }
        }
        return bytes
    }
}

/// Scalars that must not reach a terminal.
private let harmful: Set<UInt32> = Set(
    [0x61C] + Array(0x80...0x9F) + Array(0x200E...0x200F) + Array(0x2028...0x202E) + Array(0x2066...0x2069)
)
