import JSON
import Testing

@Suite struct QuotingTests {
    @Test(arguments: [
        ("", #""""#), ("plain", #""plain""#), ("a\"b\\c/d", #""a\"b\\c/d""#), ("\u{8}\u{C}\n\r\t", #""\b\f\n\r\t""#),
        ("\0\u{1F}\u{7F}", "\"\\u0000\\u001f\u{7F}\""),
        ("é漢😀", "\"é漢😀\""), ("longer than a word, \"quoted\"", #""longer than a word, \"quoted\"""#),
    ])
    func textIsEscaped(text: String, expected: String) throws {
        var buffer = Array(">".utf8)
        quoted(text, into: &buffer)
        #expect(String(decoding: buffer, as: UTF8.self) == ">" + expected)
        var fromBytes: [UInt8] = []
        quoted(Array(text.utf8), into: &fromBytes)
        #expect(fromBytes == Array(expected.utf8))
        #expect(try JSONValue(parsing: fromBytes) == .string(text))
    }

    @Test func aSubstringIsQuoted() {
        var buffer: [UInt8] = []
        quoted("abc"[...].dropFirst(), into: &buffer)
        #expect(buffer == Array(#""bc""#.utf8))
    }

    @Test func bytesThatAreNotUTF8AreReplaced() throws {
        var buffer: [UInt8] = []
        quoted([0x61, 0xFF, 0xC3, 0x62, 0xE2, 0x82] as [UInt8], into: &buffer)
        #expect(try JSONValue(parsing: buffer) == "a\u{FFFD}\u{FFFD}b\u{FFFD}\u{FFFD}")
    }
}
