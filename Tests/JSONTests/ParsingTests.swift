import JSON
import Testing

@Suite struct ParsingTests {
    @Test(
        arguments: [
            ("null", JSONValue.null), (" true ", true), ("false", false), ("\t\r\n-12", -12), ("0", 0), (#""""#, ""),
            ("[]", []), ("[ ]", []), ("{}", [:]), ("{ }", [:]),
            ("[1,[2],{\"a\":[]}]", [1, [2], ["a": []]]), (" { \"a\" : 1 , \"b\" : [ null ] } ", ["a": 1, "b": [nil]]),
            (#""\"\\\/\b\f\n\r\t\u00e9\u6F22\uD83D\uDE00x""#, "\"\\/\u{8}\u{C}\n\r\t\u{e9}漢😀x"), (#""\u0000""#, "\0"),
            (#"{"\u0061":1}"#, ["a": 1]),
            ("\"é漢😀\u{10FFFF}\"", "é漢😀\u{10FFFF}"),
            ("\"exactly 8 b\u{7F}tes, and more than two words\"", "exactly 8 b\u{7F}tes, and more than two words"),
        ] as [(String, JSONValue)]
    )
    func documentsAreRead(text: String, expected: JSONValue) throws {
        #expect(try JSONValue(parsing: text.utf8) == expected)
        #expect(try JSONSlice(validating: Array(text.utf8)[...]).kind == expected.kind)
    }

    @Test(arguments: [
        ("", JSONError.Code.unexpectedEnd, 0), ("  ", .unexpectedEnd, 2), ("nul", .unexpectedEnd, 3),
        ("nulL", .unexpectedByte, 3), ("True", .unexpectedByte, 0),
        ("1 2", .trailingBytes, 2), ("[1,]", .unexpectedByte, 3), ("[1 2]", .unexpectedByte, 3),
        ("[,1]", .unexpectedByte, 1), ("{\"a\":1,}", .unexpectedByte, 7),
        ("{a:1}", .unexpectedByte, 1), ("{\"a\"1}", .unexpectedByte, 4), ("{\"a\":}", .unexpectedByte, 5),
        ("[1}", .unexpectedByte, 2), ("'a'", .unexpectedByte, 0),
        ("\u{FEFF}1", .unexpectedByte, 0), ("/**/1", .unexpectedByte, 0), ("1\u{0}", .trailingBytes, 1),
        ("[\u{0}]", .unexpectedByte, 1),
        ("01", .invalidNumber, 0), ("-01", .invalidNumber, 1), ("-", .unexpectedEnd, 1), ("-a", .invalidNumber, 1),
        ("1.", .unexpectedEnd, 2), ("1.e1", .invalidNumber, 2), (".5", .unexpectedByte, 0),
        ("+1", .unexpectedByte, 0), ("1e", .unexpectedEnd, 2), ("1e+", .unexpectedEnd, 3), ("1ex", .invalidNumber, 2),
        ("0x10", .trailingBytes, 1),
        ("NaN", .notFinite, 0), ("[Infinity]", .notFinite, 1), ("-Infinity", .notFinite, 1),
        ("\"a", .unexpectedEnd, 2), ("\"a\nb\"", .controlCharacter, 2), ("\"1234567\u{0}\"", .controlCharacter, 8),
        (#""\x""#, .invalidEscape, 2), (#""\u12G4""#, .invalidEscape, 5), (#""\"#, .unexpectedEnd, 2),
        (#""\uD800""#, .loneSurrogate, 1), (#""\uDC00""#, .loneSurrogate, 1), (#""\uD800\u0041""#, .loneSurrogate, 1),
        (#""\uD800\uD800""#, .loneSurrogate, 1), (#""\uD800x""#, .loneSurrogate, 1),
    ])
    func malformedDocumentsAreRefused(text: String, code: JSONError.Code, offset: Int) {
        #expect(throws: JSONError(code, at: offset)) { try JSONValue(parsing: text.utf8) }
        #expect(throws: JSONError(code, at: offset)) { try JSONSlice(validating: Array(text.utf8)[...]) }
    }

    @Test(
        arguments: [
            [0x80], [0xC0, 0x80], [0xC1, 0xBF], [0xC3], [0xC3, 0x28], [0xE0, 0x9F, 0xBF], [0xED, 0xA0, 0x80],
            [0xE2, 0x82], [0xE2, 0x28, 0xA1], [0xF0, 0x8F, 0xBF, 0xBF],
            [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xF0, 0x9F, 0x98], [0xFF],
        ] as [[UInt8]]
    )
    func onlyWellFormedUTF8IsAccepted(sequence: [UInt8]) {
        let document = [0x22, 0x61] + sequence + [0x22]
        #expect(throws: JSONError(.invalidUTF8, at: 2)) { try JSONValue(parsing: document) }
        #expect(throws: JSONError(.invalidUTF8, at: 2)) { try JSONSlice(validating: document[...]) }
    }

    @Test func everyScalarPassesRawAndEscaped() throws {
        for code in stride(from: UInt32(0x20), through: 0x10FFFF, by: 97) {
            guard let scalar = Unicode.Scalar(code), scalar != "\"", scalar != "\\" else { continue }
            let escaped = String(scalar).utf16.map { unit in
                let digits = String(unit, radix: 16, uppercase: unit % 2 == 0)
                return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            }
            #expect(try JSONValue(parsing: "\"\(scalar)\"".utf8) == .string(String(scalar)))
            #expect(try JSONValue(parsing: "\"\(escaped.joined())\"".utf8) == .string(String(scalar)))
        }
    }

    @Test func everyTruncationIsAnError() throws {
        let document = Array(#"{"a":[1,-2.5e+10,true,false,null,"x\n\uD83D\uDE00é漢😀"],"b":{"c":{},"d":[]}}"#.utf8)
        _ = try JSONValue(parsing: document)
        for end in document.indices {
            #expect(throws: JSONError.self) { try JSONValue(parsing: document[..<end]) }
            #expect(throws: JSONError.self) { try JSONSlice(validating: document[..<end]) }
        }
    }

    @Test(arguments: [("[", "]"), ("{\"a\":", "}")])
    func depthIsBounded(open: String, close: String) throws {
        func nested(_ depth: Int) -> [UInt8] {
            Array((String(repeating: open, count: depth) + "1" + String(repeating: close, count: depth)).utf8)
        }
        #expect(try JSONValue(parsing: nested(64)).serialized() == nested(64))
        _ = try JSONSlice(validating: nested(64)[...])
        for depth in [65, 100_000] {
            #expect(throws: JSONError(.tooDeep, at: 64 * open.utf8.count)) { try JSONValue(parsing: nested(depth)) }
            #expect(throws: JSONError(.tooDeep, at: 64 * open.utf8.count)) {
                try JSONSlice(validating: nested(depth)[...])
            }
        }
        var limits = JSONLimits(maxDepth: .max)
        #expect(limits.maxDepth == 512)
        #expect(try JSONValue(parsing: nested(512), limits: limits).serialized() == nested(512))
        limits.maxDepth = 0
        #expect(throws: JSONError(.tooDeep, at: 0)) { try JSONValue(parsing: nested(1), limits: limits) }
    }

    @Test func theLastOfTwoEqualKeysCounts() throws {
        let text = #"{"a":1,"b":2,"\u0061":3}"#
        #expect(try JSONValue(parsing: text.utf8).serialized() == Array(#"{"a":3,"b":2}"#.utf8))
        let strict = JSONLimits(rejectDuplicates: true)
        #expect(throws: JSONError(.duplicateKey, at: 13)) { try JSONValue(parsing: text.utf8, limits: strict) }
    }

    @Test func aLargeObjectIsReadInLinearTime() throws {
        let members = (0..<100_000).map { "\"key \($0)\":\($0)" }.joined(separator: ",")
        let object = try JSONValue(parsing: "{\(members),\"key 7\":-7}".utf8)
        #expect(object["key 7"] == -7)
        #expect(object["key 99999"] == 99_999)
        #expect(object["key"] == nil)
    }

    @Test func bytesMayComeFromAnySequence() throws {
        let bytes = Array("[1]".utf8)
        #expect(try JSONValue(parsing: bytes.lazy.map { $0 }) == [1])
        #expect(try JSONValue(parsing: ([0x20, 0x20] + bytes)[2...]) == [1])
        #expect(throws: JSONError(.unexpectedEnd, at: 0)) { try JSONValue(parsing: EmptyCollection()) }
    }

    @Test func errorsSayWhatAndWhere() {
        #expect(JSONError(.notFinite, at: 3).description == "NaN and Infinity are not JSON numbers at byte 3")
    }
}
