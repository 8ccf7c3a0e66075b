import JSON
import Supervision
import Testing

@testable import Celery

@Suite struct MessageHeadTests {
    /// What ``Envelope`` and ``TaskHeaders`` say of a message, in the words of the head.
    private func reference(_ bytes: ArraySlice<UInt8>) throws(EnvelopeError) -> MessageHead {
        let envelope = try Envelope(parsing: bytes)
        var head = MessageHead()
        head.deliveryTag = self.content(envelope.deliveryTag)
        head.replyTo = envelope.replyTo.map(self.content)
        head.routingKey = envelope.routingKey.map(self.content)
        head.priority = min(max(envelope.priority, 0), 9)
        head.isRedelivered = envelope.isRedelivered
        head.losses = max(0, envelope.headers["celeriac_losses"]?.integer ?? 0)
        head.isPeriodic = envelope.headers["celery_beat_task"]?.bool == true
        head.contentType = envelope.contentType.map(self.content)
        head.body = envelope.body
        head.isProtocolOne = envelope.protocolVersion == .one
        if !head.isProtocolOne { self.read(try TaskHeaders(envelope.headers), into: &head) }
        return head
    }

    private func read(_ headers: TaskHeaders, into head: inout MessageHead) {
        head.task = self.content(headers.task)
        head.id = self.content(headers.id)
        head.eta = headers.eta?.seconds
        head.expires = headers.expires?.seconds
        head.retries = headers.retries
        head.hardLimit = headers.timeLimits.hard?.asDouble.flatMap { $0 > 0 ? $0 : nil }
        head.softLimit = headers.timeLimits.soft?.asDouble.flatMap { $0 > 0 ? $0 : nil }
        head.ignoresResult = headers.ignoreResult
        head.rootID = headers.rootID.map(self.content)
        head.parentID = headers.parentID.map(self.content)
        head.groupID = headers.group.map(self.content)
        head.groupIndex = headers.groupIndex
    }

    private func content(_ text: String) -> ArraySlice<UInt8> { Array(text.utf8)[...] }

    /// Whether the head is what the message says, or the error the same.
    private func agrees(_ bytes: ArraySlice<UInt8>) -> Bool {
        let head = Result { () throws(EnvelopeError) in try MessageHead(scanning: bytes) }
        let reference = Result { () throws(EnvelopeError) in try self.reference(bytes) }
        return head == reference
    }

    private func message(
        _ headers: String = "", properties: String = "", other: String = ""
    ) -> ArraySlice<UInt8> {
        let text = """
            {"body": "", "headers": {"id": "1", "task": "t"\(headers)}, \
            "properties": {"delivery_tag": "d"\(properties)}\(other)}
            """
        return Array(text.utf8)[...]
    }

    @Test(arguments: Fixture.messages)
    func headsSayWhatMessagesSay(_ fixture: Fixture) {
        #expect(self.agrees(fixture.slice))
        let behindOthers = ([0, 0, 0] + fixture.bytes + [0]).dropFirst(3).dropLast()
        #expect(self.agrees(behindOthers))
    }

    @Test(arguments: TaskHeadersTests.protocolTwo)
    func ordinaryMessagesAreReadInOnePass(_ fixture: Fixture) {
        #expect(HeadScan.head(of: fixture.slice, limits: JSONLimits()) != nil)
    }

    @Test(arguments: Fixture.messages)
    func headsOfChangedMessagesAgreeToo(_ fixture: Fixture) {
        var random = SeededGenerator(seed: UInt64(fixture.bytes.count))
        for _ in 0..<30 {
            let bytes = mutated(fixture.bytes, using: &random)
            #expect(self.agrees(bytes[...]), "\(String(decoding: bytes, as: UTF8.self))")
        }
    }

    @Test(arguments: ["simple", "retry-options-1-republished", "redelivered", "proto1", "non-ascii"])
    func headsOfTruncatedMessagesAgreeToo(_ name: String) throws {
        let fixture = try Fixture.named("messages/\(name).json")
        for count in 0..<fixture.bytes.count { #expect(self.agrees(fixture.slice.prefix(count))) }
    }

    /// Pieces of JSON of every kind, in every place that a head looks at and in one that it does not.
    private static let values = [
        "null", "true", "false", "0", "7", "-1", "-0", "1.0", "1e2", "00", "01", "999999999999999999",
        "9223372036854775807", "9223372036854775808", "0.5", "\"\"", "\"x\"", #""a\u0062""#, "\"\u{E9}\"", #""\ud800""#,
        "[]", "[null, null]", "[ 2,1.5 ]", "[null,0]", "[-3, 1e999]", "[1]", "[[]]", "{}", #"{"a": 1}"#,
        #"{"routing_key": "q", "redelivered": true}"#, #"{"redelivered": 1, "routing_key": null}"#,
        #"{"routing_key": "q", "routing_key": "r"}"#, #"{"x": {}, "y": [], "x": 1}"#,
        "\"2026-01-02T03:04:05\"", "\"2026-01-02T03:04:05.678901+02:00\"", "\"2026-01-02 03:04Z\"",
        "\"2026-01-02T00:53:28.5+00:53:28\"", "\"2026-01-02T03:04:05.1234567890123456789\"", "NaN", "-Infinity", "",
        "nul", "\"", "{", "1 2", "\u{1}",
    ]

    @Test(arguments: [
        "eta", "expires", "group", "group_index", "retries", "timelimit", "root_id", "parent_id", "ignore_result",
        "replaced_task_nesting", "redelivered", "celeriac_losses", "task", "id", "lang", "shadow", "origin", "stamps",
        "x",
    ])
    func valuesOfEveryKindAgreeInHeaders(_ name: String) {
        for value in Self.values {
            #expect(self.agrees(self.message(", \"\(name)\": \(value)")), "\(name): \(value)")
            let first = #"{"headers": {"\#(name)": \#(value), "task": "t", "id": "1"}, "body": "b", "properties": {}}"#
            #expect(self.agrees(Array(first.utf8)[...]))
            let alone = #"{"headers": {"\#(name)": \#(value)}, "body": "b", "properties": {"delivery_tag": "d"}}"#
            #expect(self.agrees(Array(alone.utf8)[...]))
        }
    }

    @Test(arguments: ["delivery_info", "priority", "reply_to", "delivery_tag", "delivery_mode"])
    func valuesOfEveryKindAgreeInProperties(_ name: String) {
        for value in Self.values {
            #expect(self.agrees(self.message(properties: ", \"\(name)\": \(value)")), "\(name): \(value)")
            let alone = #"{"headers": {"task": "t", "id": "1"}, "body": "b", "properties": {"\#(name)": \#(value)}}"#
            #expect(self.agrees(Array(alone.utf8)[...]))
        }
    }

    @Test(arguments: ["body", "content-type", "content-encoding", "headers", "properties", "x"])
    func valuesOfEveryKindAgreeInTheMessage(_ name: String) {
        for value in Self.values {
            #expect(self.agrees(self.message(other: ", \"\(name)\": \(value)")), "\(name): \(value)")
            for others in ["", #""body": "", "#, #""body": "", "headers": {}, "#] {
                let text = #"{\#(others)"\#(name)": \#(value), "properties": {"delivery_tag": "d"}}"#
                #expect(self.agrees(Array(text.utf8)[...]), "\(text)")
            }
        }
    }

    @Test func namesOfAnyNumberAgree() {
        for count in [1, 10, 200] {
            let names = (0..<count).map { #", "x-\#($0)": \#($0)"# }.joined()
            #expect(self.agrees(self.message(names, properties: names, other: names)))
            #expect(self.agrees(self.message(names + #", "x-0": 1"#)))
        }
        #expect(self.agrees(self.message(#", "i\u0064": "2""#)))
        #expect(self.agrees(self.message(#", "\u0065ta": "2026-01-02""#)))
    }

    @Test func depthIsLimitedAsInEnvelopes() {
        for depth in 58...66 {
            let nested = String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
            #expect(self.agrees(self.message(#", "x": \#(nested)"#)), "\(depth)")
            #expect(self.agrees(self.message(properties: #", "x": \#(nested)"#)), "\(depth)")
            #expect(self.agrees(self.message(properties: #", "delivery_info": {"x": \#(nested)}"#)), "\(depth)")
            #expect(self.agrees(self.message(other: #", "x": \#(nested)"#)), "\(depth)")
        }
        let bottomless = self.message(", \"x\": " + String(repeating: "[", count: 100_000))
        #expect(throws: EnvelopeError.self) { try MessageHead(scanning: bottomless) }
    }

    @Test func everythingIsRead() throws {
        let head = try MessageHead(scanning: Fixture.named("messages/retry-options-1-republished.json").slice)
        #expect(head.task.elementsEqual("tasks.retry_noexc".utf8))
        #expect(head.id.elementsEqual("8123d701-6765-4796-964b-8b5a4cda5c00".utf8))
        #expect(head.eta == 1_795_426_183.766114)
        #expect(head.expires == 1_795_426_303.557826)
        #expect(head.retries == 1)
        #expect(head.hardLimit == 50)
        #expect(head.softLimit == 40)
        #expect(head.ignoresResult == false)
        #expect(head.rootID == head.id)
        #expect(head.parentID == head.id)
        #expect(head.groupID == nil)
        #expect(head.groupIndex == nil)
        #expect(head.replyTo?.elementsEqual("026302e7-beaa-378a-a6f9-18a2d4587833".utf8) == true)
        #expect(head.routingKey?.elementsEqual("celery".utf8) == true)
        #expect(head.deliveryTag.elementsEqual("0eb4e9ec-0d52-470d-8c14-38263eea54df".utf8))
        #expect(head.priority == 6)
        #expect(head.losses == 0)
        #expect(!head.isRedelivered && !head.isProtocolOne)
        #expect(head.body.bytes.starts(with: #""W1sieiJd"#.utf8))
    }

    @Test func textsAreSlicesOfTheMessage() throws {
        let fixture = try Fixture.named("messages/group-3-1.json")
        let head = try MessageHead(scanning: fixture.slice)
        for slice in [head.task, head.id, try #require(head.groupID), head.deliveryTag, head.body.bytes] {
            #expect(fixture.bytes[slice.indices] == slice)
        }
        #expect(head.groupIndex == 1)
    }

    @Test func messagesOfProtocolOneAreToldApart() throws {
        let head = try MessageHead(scanning: Fixture.named("messages/proto1.json").slice)
        #expect(head.isProtocolOne)
        #expect(head.task.isEmpty && head.id.isEmpty)
        #expect(head.routingKey?.elementsEqual("celery".utf8) == true)
    }
}
