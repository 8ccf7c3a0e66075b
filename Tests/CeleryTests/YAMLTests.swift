import JSON
import Testing

@testable import Celery

@Suite struct YAMLTests {
    private func read(_ text: String, limits: BodyLimits = BodyLimits()) throws(BodyError) -> CeleryValue {
        try CeleryValue(yaml: Array(text.utf8)[...], limits: limits)
    }

    @Test func aCapturedBodyIsRead() throws {
        let envelope = try Envelope(parsing: Fixture.named("messages/serializer-yaml.json").slice)
        let body = try BodyDecoder(accepted: [.yaml]).taskBody(of: envelope)
        #expect(body.args == [["k": [1, CeleryValue(2.5), nil, true, "\u{E9}"]]])
        #expect(body.embed.callbacks.isEmpty && body.embed.chord == nil)
    }

    static let values: [(String, CeleryValue)] = [
        ("", nil), ("~", nil), ("null", nil), ("yes", true), ("off", false), ("0x1F", 31), ("1_000", 1_000),
        ("017", 15), ("0o17", "0o17"), ("-0b11", -3), ("1:30", 90), ("1e3", "1e3"), ("0x", "0x"), ("08", "08"),
        ("1:30.5", .number(JSONNumber("90.5")!)), ("!!float 1e3", .number(JSONNumber("1000.0")!)),
        ("1.", CeleryValue(1.0)),
        ("!!int '1_0'", 10), ("\u{FEFF}---\n3", 3), ("\u{FEFF}a: 1", ["a": 1]),
        ("12345678901234567890123", .number(JSONNumber("12345678901234567890123")!)), ("-3", -3), ("+4", 4),
        ("1.5e+3", .number(JSONNumber("1500.0")!)), (".inf", .notFinite(.infinity)),
        ("-.Inf", .notFinite(.negativeInfinity)),
        (".nan", .notFinite(.nan)), ("'1'", "1"), ("plain text", "plain text"), ("!!binary aGk=", .bytes([104, 105])),
        ("2026-01-02", .special(SpecialValue(.date, "2026-01-02")!)),
        ("2026-01-02 03:04:05", .special(SpecialValue(.datetime, "2026-01-02T03:04:05")!)),
        ("[a, {b: 1}]", ["a", ["b": 1]]), ("a: &x [1]\nb: *x", ["a": [1], "b": [1]]), ("1: a", ["1": "a"]),
    ]

    @Test(arguments: YAMLTests.values)
    func valuesAreReadAsPythonReadsThem(_ text: String, _ value: CeleryValue) throws {
        let read = try self.read(text)
        if case .notFinite(.nan) = value { return #expect(read == .notFinite(.nan)) }
        #expect(read == value)
    }

    @Test(
        arguments: [
            nil, true, -7, "", "a\"b\\c\n\u{0}\u{7F}\u{E9}\u{20AC}\u{1F600}", "yes", "1", "~", [], [:],
            .bytes([0, 255]),
            .notFinite(.nan), .notFinite(.negativeInfinity), CeleryValue(1e300), CeleryValue(1.5e-7), CeleryValue(-0.0),
            ["k: - #": [[], [nil, ["a": "b"]]]],
        ] as [CeleryValue])
    func whatIsWrittenIsRead(_ value: CeleryValue) throws {
        #expect(try CeleryValue(yaml: value.yaml()[...]) == value)
    }

    @Test(arguments: [
        "!!python/object/apply:os.system [ls]", "!own x", "{[1]: 2}", "*nowhere", "[1", "a: b: c", "!!int x",
        "<<: {a: 1}", "!!python/name:a : 1", "!!int a: 1",
        "!!int 0o17",
        "!!int ''", "!!float 0x10", "0xffffffffffffffffff", "1:2:3:4:5:6:7:8:9:10:11:12",
        "--- 1\n--- 2", "a: 1\na: 2",
    ])
    func otherDocumentsAreRefused(_ text: String) {
        let error = #expect(throws: BodyError.self) { try self.read(text) }
        #expect(error?.code == .malformed)
    }

    /// Nine lines that stand for a billion values.
    @Test func aliasesCountAsOftenAsTheyAreUsed() {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1...8 {
            let uses = [String](repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
            text += "a\(level): &a\(level) [\(uses)]\n"
        }
        let error = #expect(throws: BodyError.self) { try self.read(text, limits: BodyLimits(maxValues: 10_000)) }
        #expect(error?.code == .tooManyValues)
    }

    @Test func depthIsLimited() {
        let text = String(repeating: "[", count: 200) + String(repeating: "]", count: 200)
        #expect(throws: BodyError.self) { try self.read(text) }
    }
}
