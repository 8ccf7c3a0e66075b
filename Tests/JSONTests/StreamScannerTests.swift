import JSON
import Supervision
import Testing

@Suite struct StreamScannerTests {
    /// What the whole document is to the other reader: `nil` when it is JSON.
    private func verdict(_ bytes: [UInt8], _ limits: JSONLimits = JSONLimits()) -> JSONError? {
        do throws(JSONError) {
            _ = try JSONSlice(validating: bytes[...], limits: limits)
            return nil
        } catch {
            return error
        }
    }

    private func verdict(_ pieces: [ArraySlice<UInt8>], _ limits: JSONLimits = JSONLimits()) -> JSONError? {
        var scanner = JSONStreamScanner(limits: limits)
        do throws(JSONError) {
            for piece in pieces {
                try piece.withUnsafeBufferPointer { bytes throws(JSONError) in try scanner.feed(bytes) }
            }
            try scanner.finish()
            return nil
        } catch {
            return error
        }
    }

    private static let documents = [
        "null", " true ", "false", "0", "-1.5e+10", "\"\"", "[]", "{}", "[ ]", "{ }", "[1,2 , 3]", #"{"a":1,"b":[{}]}"#,
        #"["\u00e9\n\"\\","é漢😀","\ud83d\ude00"]"#, " [ [ ] , { \"a\" : null } ] \n", "[1e5,-0,0.1]", #""plain text""#,
        "", " ", "nul", "nulx", "tru", "+1", "01", "1.", "1e", "-", "[1 2]", "[1,]", "[,1]", "{,}", #"{"a"}"#,
        #"{"a":}"#,
        #"{"a":1,}"#, "{1:2}", "[", "]", "{", "}", "[}", "{]", "[[]", "[]]", "1 2", "[] x", "NaN", "[Infinity]", "-I",
        #""abc"#, #""\x""#, #""\u12""#, #""\u12g4""#, #""\ud800""#, #""\ud800\u0041""#, #""\udc00""#, "\"\u{1}\"",
        "\"\n\"",
        "[\"a\":1]", #"{"a":1 "b":2}"#, #"{"a" 1}"#, "\u{0}", "[1]\u{0}", #"{"a":"#, #"{"a"#, #"["a\"#,
    ]

    @Test(arguments: documents) func everySplitGivesTheVerdictOnTheWhole(document: String) {
        let bytes = Array(document.utf8)
        let expected = self.verdict(bytes)
        for first in 0...bytes.count {
            for second in first...bytes.count {
                let found = self.verdict([bytes[..<first], bytes[first..<second], bytes[second...]])
                #expect(found?.code == expected?.code, "\(document) cut at \(first) and \(second)")
            }
        }
        #expect(self.verdict(bytes.indices.map { bytes[$0...$0] })?.code == expected?.code)
        #expect(self.verdict([bytes[...]]) == expected, "in one piece the place is the same as well")
    }

    @Test(
        arguments: [
            [0x22, 0xC3, 0x28, 0x22], [0x22, 0xE2, 0x82, 0x22], [0x22, 0xFF, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22],
            [0x22, 0xF0, 0x9F, 0x98, 0x80, 0x22], [0x22, 0xF4, 0x90, 0x80, 0x80, 0x22], [0x22, 0xC3],
        ] as [[UInt8]]) func onlyWellFormedUTF8IsAccepted(bytes: [UInt8])
    {
        let expected = self.verdict(bytes)
        for cut in 0...bytes.count {
            #expect(self.verdict([bytes[..<cut], bytes[cut...]])?.code == expected?.code)
        }
    }

    @Test func randomDocumentsWithErrorsAreJudgedAlike() {
        var generator = SeededGenerator(seed: 11)
        for _ in 0..<2_000 {
            var bytes = JSONValue.random(depth: 4, using: &generator).serialized()
            if Bool.random(using: &generator), !bytes.isEmpty {
                bytes[Int.random(in: bytes.indices, using: &generator)] = UInt8(truncatingIfNeeded: generator.next())
            }
            let found = self.verdict(Self.cut(bytes, using: &generator))
            #expect(found?.code == self.verdict(bytes)?.code, "\(String(decoding: bytes, as: UTF8.self))")
        }
    }

    private static func cut(_ bytes: [UInt8], using generator: inout SeededGenerator) -> [ArraySlice<UInt8>] {
        var pieces: [ArraySlice<UInt8>] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = rest.prefix(Int.random(in: 1...20, using: &generator))
            pieces.append(piece)
            rest = rest.dropFirst(piece.count)
        }
        return pieces
    }

    @Test func limitsAreKept() {
        let limits = JSONLimits(maxDepth: 3, maxNumberLength: 5)
        for document in ["[[[]]]", "[[[[]]]]", "{\"a\":[{}]}", "[12345]", "[123456]", "[-1.2e3]", "-1.234"] {
            let bytes = Array(document.utf8)
            let expected = self.verdict(bytes, limits)
            for cut in 0...bytes.count {
                #expect(self.verdict([bytes[..<cut], bytes[cut...]], limits)?.code == expected?.code, "\(document)")
            }
        }
    }

    /// A number has no end in sight: it is refused as soon as it is too long.
    @Test func aNumberWithoutEndIsNotKept() throws {
        var scanner = JSONStreamScanner()
        let digits = [UInt8](repeating: UInt8(ascii: "1"), count: 1_000)
        #expect(throws: JSONError.self) {
            for _ in 0..<10 { try digits.withUnsafeBufferPointer { try scanner.feed($0) } }
        }
    }

    @Test func tokensTellWhereTheyAre() throws {
        var scanner = JSONStreamScanner()
        var found: [String] = []
        try Array(#" {"a":[1,{}]}"#.utf8).withUnsafeBufferPointer { bytes in
            try scanner.feed(bytes) { token in
                found.append(
                    "\(token.offset) \(token.depth) \(String(decoding: token.bytes, as: UTF8.self)) \(token.kind)")
            }
        }
        #expect(
            found == [
                "0 0   space", "1 1 { open", "2 1 \" other", "3 1 a other", "4 1 \" other", "5 1 : other", "6 2 [ open",
                "7 2 1 other", "8 2 , other", "9 3 { open", "10 3 } close", "11 2 ] close", "12 1 } close",
            ])
    }
}
