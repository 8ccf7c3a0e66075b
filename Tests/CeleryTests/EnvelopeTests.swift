import JSON
import Testing

@testable import Celery

@Suite struct EnvelopeTests {
    @Test func everyFixtureIsThere() {
        #expect(Fixture.messages.count == 155)
    }

    @Test(arguments: Fixture.messages)
    func messagesAreWrittenAsTheyWereRead(_ fixture: Fixture) throws {
        let envelope = try Envelope(parsing: fixture.slice)
        #expect(String(decoding: envelope.serialized(), as: UTF8.self) == fixture.text)
    }

    @Test func propertiesAreRead() throws {
        let envelope = try Envelope(parsing: Fixture.named("messages/priority-12.json").slice)
        #expect(envelope.deliveryTag == "dc2df3ec-98a1-44b8-8c36-01037387af47")
        #expect(envelope.correlationID == "a41b023d-9e33-4bf9-baf8-36e6a7c15b38")
        #expect(envelope.replyTo == "2973f60d-c2a4-3c5d-a18f-a80f47e3e10d")
        #expect(envelope.priority == 12)
        #expect(envelope.bodyEncoding == "base64")
        #expect(envelope.exchange.isEmpty)
        #expect(envelope.routingKey == "celery")
        #expect(envelope.contentType == "application/json")
        #expect(envelope.contentEncoding == "utf-8")
        #expect(!envelope.isRedelivered)
        #expect(envelope.protocolVersion == .two)
    }

    @Test func bodyIsASliceOfTheMessage() throws {
        let fixture = try Fixture.named("messages/simple.json")
        let body = try Envelope(parsing: fixture.slice).bodyText
        #expect(fixture.bytes[body.indices] == body)
        #expect(body.starts(with: "W1syLCAz".utf8))
    }

    @Test func bodyWithEscapesIsUnescaped() throws {
        let bytes = Array(#"{"body":"a\/b\u0041","properties":{"delivery_tag":"t"}}"#.utf8)
        #expect(try Envelope(parsing: bytes[...]).bodyText.elementsEqual("a/bA".utf8))
    }

    @Test func redeliveredMessageHasBothMarks() throws {
        let marked = try Envelope(parsing: Fixture.named("messages/redelivered.json").slice)
        #expect(marked.isRedelivered)
        var envelope = marked
        envelope.headers["redelivered"] = nil
        envelope.properties["delivery_info"] = RawJSON(
            unchecked: Array(#"{"exchange": "", "routing_key": "celery"}"#.utf8)[...]
        )
        #expect(!envelope.isRedelivered)
        envelope.markRedelivered()
        #expect(envelope == marked)
        envelope.markRedelivered()
        #expect(envelope.serialized() == marked.serialized())
    }

    @Test func fieldsComeInAnyOrderAndUnknownOnesSurvive() throws {
        let text = """
            {"x": [1,  2], "properties": {"zz": {"b":1}, "delivery_tag": "t"}, "headers": {"n": NaN, "i": [-Infinity]}, \
            "content-encoding": null, "content-type": "application/json", "body": ""}
            """
        let envelope = try Envelope(parsing: Array(text.utf8)[...])
        #expect(envelope.others["x"]?.elements?.count == 2)
        #expect(envelope.contentEncoding == nil)
        #expect(envelope.headers["n"]?.number == nil)
        #expect(try envelope.headers["i"]?.value() == [.notFinite(.negativeInfinity)])
        let again = try Envelope(parsing: envelope.serialized()[...])
        #expect(again == envelope)
        #expect(again.properties["zz"]?.bytes.elementsEqual(#"{"b":1}"#.utf8) == true)
    }

    @Test(arguments: [
        ("", "The message is not JSON: the document ends too early at byte 0."),
        ("[]", "The message is not of the kind that it must be."),
        ("?", "The message is not JSON: unexpected byte at byte 0."),
        ("{}", "The message has no body."),
        (#"{"body": {}, "properties": {}}"#, "body is not of the kind that it must be."),
        (#"{"body": ""}"#, "The message has no properties."),
        (#"{"body": "", "properties": []}"#, "properties is not of the kind that it must be."),
        (#"{"body": "", "properties": {}}"#, "The message has no properties.delivery_tag."),
        (
            #"{"body": "", "properties": {"delivery_tag": 1}}"#,
            "properties.delivery_tag is not of the kind that it must be."
        ),
        (
            #"{"body": "", "headers": null, "properties": {"delivery_tag": "t"}}"#,
            "headers is not of the kind that it must be."
        ),
        (
            #"{"body": "", "content-type": 1, "properties": {"delivery_tag": "t"}}"#,
            "content-type is not of the kind that it must be."
        ),
        (
            #"{"body": "", "body": "", "properties": {"delivery_tag": "t"}}"#,
            "The message is not JSON: key that the object already has at byte 23."
        ),
        (
            #"{"body": "", "headers": {"id": "a", "i\u0064": "b"}, "properties": {"delivery_tag": "t"}}"#,
            "headers cannot be read: key that the object already has at byte 26."
        ),
    ])
    func otherBytesAreRefused(_ text: String, _ reason: String) {
        let error = #expect(throws: EnvelopeError.self) { try Envelope(parsing: Array(text.utf8)[...]) }
        #expect(error?.description == reason)
    }

    @Test(arguments: ["1NaN", "NaN1", "-NaN", "NaN NaN", "Inf", "1-Infinity", "[NaN", "{NaN: 1}", "nan"])
    func wordsThatOnlyLookLikeFloatsAreRefused(_ word: String) {
        let text = #"{"body": "NaN", "headers": {"a": NaN, "x": \#(word)}, "properties": {"delivery_tag": "t"}}"#
        #expect(throws: EnvelopeError.self) { try Envelope(parsing: Array(text.utf8)[...]) }
    }

    @Test func depthIsLimited() {
        let deep = String(repeating: "[", count: 100_000)
        let text = #"{"body": "", "headers": {"x": \#(deep)"#
        #expect(throws: EnvelopeError.self) { try Envelope(parsing: Array(text.utf8)[...]) }
    }

    @Test func missingDeliveryInfoIsAnAnonymousExchange() throws {
        let bytes = Array(#"{"body": "", "properties": {"delivery_tag": "t", "priority": "high"}}"#.utf8)
        let envelope = try Envelope(parsing: bytes[...])
        #expect(envelope.exchange.isEmpty)
        #expect(envelope.routingKey == nil)
        #expect(envelope.priority == 0)
        #expect(envelope.protocolVersion == .one)
    }

    @Test(arguments: Fixture.all(in: "unacked"))
    func unackedEntriesAreWrittenAsTheyWereRead(_ fixture: Fixture) throws {
        let entry = try UnackedEntry(parsing: fixture.slice)
        #expect(entry.exchange.isEmpty)
        #expect(entry.routingKey == "celery")
        #expect(String(decoding: entry.serialized(), as: UTF8.self) == fixture.text)
    }

    @Test(arguments: ["", "[]", "{}", "[{}, \"\", \"q\"]", "[1, 2, 3]", "[{}, \"\"]"])
    func otherUnackedEntriesAreRefused(_ text: String) {
        #expect(throws: EnvelopeError.self) { try UnackedEntry(parsing: Array(text.utf8)[...]) }
    }
}
