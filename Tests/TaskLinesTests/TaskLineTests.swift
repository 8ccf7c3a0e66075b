import JSON
import Supervision
import TaskLines
import Testing

@Suite struct TaskLineTests {
    /// Parses a line that does not start where its buffer does.
    private func parse(_ text: String) throws(TaskLineError) -> TaskLine? {
        try TaskLine(parsing: Array("####\(text)".utf8).dropFirst(4))
    }

    private func message(_ text: String) -> String? {
        do { return try self.parse(text) == nil ? "blank" : "accepted" } catch { return error.description }
    }

    @Test func aNameIsEnough() throws {
        let line = try #require(try self.parse(#"{"task":"tasks.add"}"#))
        #expect(line.task.string == "tasks.add")
        #expect(line.id == nil)
        #expect(String(decoding: line.args, as: UTF8.self) == "[]")
        #expect(String(decoding: line.kwargs, as: UTF8.self) == "{}")
        #expect(line.eta == nil && line.countdown == nil && line.expires == nil)
        #expect(line.priority == 0 && line.retries == 0)
        #expect(line.limits == LimitOverrides())
    }

    @Test func everyFieldIsRead() throws {
        let line = try #require(
            try self.parse(
                #" {"id":"a\u0062c", "task":"t", "args": [1, {"x":[]}] ,"kwargs":{ "k" : null },"eta":1772368200.5,"expires":90,"priority":9,"retries":2,"limits":{}} "#
            )
        )
        #expect(line.id?.string == "abc")
        #expect(String(decoding: line.args, as: UTF8.self) == #"[1, {"x":[]}]"#)
        #expect(String(decoding: line.kwargs, as: UTF8.self) == #"{ "k" : null }"#)
        #expect(line.eta == 1_772_368_200.5)
        #expect(line.expires == .after(.seconds(90)))
        #expect(line.priority == 9)
        #expect(line.retries == 2)
    }

    @Test func instantsMayBeText() throws {
        let line = try #require(
            try self.parse(#"{"task":"t","eta":"2026-03-01T12:30:00","expires":"2026-03-01T13:30:00.5+01:00"}"#)
        )
        #expect(line.eta == 1_772_368_200)
        #expect(line.expires == .at(1_772_368_200.5))
    }

    @Test func aCountdownIsInSeconds() throws {
        #expect(try self.parse(#"{"task":"t","countdown":1.5}"#)?.countdown == .milliseconds(1500))
        #expect(try self.parse(#"{"task":"t","countdown":0}"#)?.countdown == .zero)
    }

    @Test func nullCountsAsMissing() throws {
        let line = try self.parse(
            #"{"task":"t","id":null,"args":null,"kwargs":null,"eta":null,"countdown":1,"expires":null,"priority":null,"retries":null,"limits":null}"#
        )
        #expect(line?.id == nil)
        #expect(line?.countdown == .seconds(1))
    }

    @Test(arguments: ["", " ", "\t \r"])
    func blankLinesAreNoTask(text: String) throws { #expect(try self.parse(text) == nil) }

    @Test(arguments: [
        ("[]", "column 1: a task line must be an object"),
        ("  7", "column 3: a task line must be an object"),
        ("{", "column 2: malformed JSON: the document ends too early"),
        (#"{"task":"t"} x"#, "column 14: malformed JSON: more bytes after the document"),
        (#"{"task":"t","args":[1,]}"#, "column 23: malformed JSON: unexpected byte"),
        (#"{"task":"t","args":[NaN]}"#, "column 21: malformed JSON: NaN and Infinity are not JSON numbers"),
        (#"{"task":"\uD800"}"#, "column 10: malformed JSON: half of a surrogate pair"),
        ("{}", "column 1: \"task\" is missing"),
        (#"{"task":null}"#, "column 1: \"task\" is missing"),
        (#"{"task":""}"#, "column 9: \"task\" must not be empty"),
        (#"{"task":["t"]}"#, "column 9: \"task\" must be a string, not array"),
        (#"{"task":"t","id":7}"#, "column 18: \"id\" must be a string, not 7"),
        (#"{"task":"t","task":"u"}"#, "column 14: \"task\" is there twice"),
        (#"{"tsak":"t"}"#, "column 3: unknown field \"tsak\"; did you mean \"task\"?"),
        (
            #"{"task":"t","queue":"q"}"#,
            "column 14: unknown field \"queue\"; known are id, task, args, kwargs, eta, countdown, expires, priority, retries, limits"
        ),
        (#"{"task":"t","args":{}}"#, "column 20: \"args\" must be an array, not object"),
        (#"{"task":"t","kwargs":"x"}"#, "column 22: \"kwargs\" must be an object, not string"),
        (#"{"task":"t","priority":10}"#, "column 24: \"priority\" must be an integer from 0 to 9, not 10"),
        (#"{"task":"t","priority":1.0}"#, "column 24: \"priority\" must be an integer from 0 to 9, not 1.0"),
        (#"{"task":"t","retries":-1}"#, "column 23: \"retries\" must be an integer from 0 up, not -1"),
        (#"{"task":"t","retries":"1"}"#, "column 23: \"retries\" must be an integer from 0 up, not string"),
        (
            #"{"task":"t","countdown":-0.1}"#,
            "column 25: \"countdown\" must be a number of seconds from 0 to 3155760000, not -0.1"
        ),
        (
            #"{"task":"t","countdown":1e999}"#,
            "column 25: \"countdown\" must be a number of seconds from 0 to 3155760000, not 1e999"
        ),
        (#"{"task":"t","countdown":1,"eta":1}"#, "column 1: \"eta\" and \"countdown\" exclude each other"),
        (#"{"task":"t","eta":true}"#, "column 19: \"eta\" must be seconds since 1970 or ISO 8601 text, not bool"),
        (
            #"{"task":"t","eta":1772368200000}"#,
            "column 19: \"eta\" is not in the years 1 to 9999; it counts in seconds"
        ),
        (
            #"{"task":"t","eta":"soon"}"#,
            "column 19: \"eta\" must be an instant such as \"2026-03-01T12:30:00Z\", not \"soon\""
        ),
        (
            #"{"task":"t","expires":-1}"#,
            "column 23: \"expires\" must be a number of seconds from 0 to 3155760000, not -1"
        ),
        (
            #"{"task":"t","expires":[]}"#,
            "column 23: \"expires\" must be seconds since 1970 or ISO 8601 text, not array"
        ),
    ])
    func malformedLinesSayWhereAndWhy(text: String, expected: String) { #expect(self.message(text) == expected) }

    @Test func longTextIsCutInErrors() throws {
        let long = String(repeating: "x", count: 100_000)
        for text in [
            #"{"\#(long)":1}"#, #"{"task":"t","eta":"\#(long)"}"#, #"{"task":"t","limits":{"memory":"\#(long)"}}"#,
        ] {
            let message = try #require(self.message(text))
            #expect(message.contains("xxxx") && message.utf8.count < 400)
        }
    }

    @Test func invalidUTF8IsMalformed() {
        let line = Array(#"{"task":""#.utf8) + [0xFF] + Array(#""}"#.utf8)
        #expect(throws: TaskLineError(message: "malformed JSON: invalid UTF-8", column: 10)) {
            try TaskLine(parsing: line[...])
        }
    }

    @Test func depthIsBounded() {
        let bomb = String(repeating: "[", count: 1_000_000)
        #expect(
            self.message(#"{"task":"t","args":\#(bomb)"#)
                == "column 83: malformed JSON: arrays and objects are nested too deeply"
        )
    }

    static let full = Array(
        #"{"id":"i","task":"täsk","args":[1,"x\n"],"kwargs":{"k":{}},"eta":"2026-03-01","expires":5.5,"priority":3,"retries":1,"limits":{"soft_time":"1m","memory":null}}"#
            .utf8
    )

    @Test func everyTruncationIsAnError() throws {
        _ = try TaskLine(parsing: Self.full[...])
        for end in Self.full.indices.dropFirst() {
            #expect(throws: TaskLineError.self) { try TaskLine(parsing: Self.full[..<end]) }
        }
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func mutatedLinesNeverTrap(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<500 {
            var line = Self.full
            for _ in 0...generator.next() % 5 {
                let position = Int(generator.next() % UInt64(line.count))
                switch generator.next() % 3 {
                case 0: line[position] = UInt8(truncatingIfNeeded: generator.next())
                case 1: line.remove(at: position)
                default: line.insert(line.randomElement(using: &generator)!, at: position)
                }
            }
            do { _ = try TaskLine(parsing: line[...]) } catch { #expect((1...line.count + 1).contains(error.column)) }
        }
    }
}
