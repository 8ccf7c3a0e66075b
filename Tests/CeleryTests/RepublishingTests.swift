import JSON
import Testing

@testable import Celery

@Suite struct RepublishingTests {
    @Test(arguments: [
        ("exc", 0.0, "da34121e-1ea0-40fd-8e15-4f62a8b915a7"), ("noexc", 0.4, "e029c23d-c241-4251-83b9-36a1b90be010"),
        ("options", 0.2, "0eb4e9ec-0d52-470d-8c14-38263eea54df"),
    ])
    func retriesAreWrittenAsCeleryDoes(_ name: String, _ countdown: Double, _ tag: String) throws {
        let original = try Envelope(parsing: Fixture.named("messages/retry-\(name)-0-original.json").slice)
        let expected = try Fixture.named("messages/retry-\(name)-1-republished.json")
        let due = try MessageHead(scanning: expected.slice).eta ?? countdown
        let retried = try original.retried(countdown: countdown, now: due - countdown, deliveryTag: tag)
        #expect(String(decoding: retried.serialized(), as: UTF8.self) == expected.text)
        #expect(retried.body.bytes.indices == original.body.bytes.indices)
    }

    @Test func aSecondRetryChangesTheSameFields() throws {
        let first = try Envelope(parsing: Fixture.named("messages/retry-options-1-republished.json").slice)
        let second = try first.retried(countdown: 0, now: 2_000_000_000, deliveryTag: "t")
        #expect(second.headers["retries"]?.integer == 2)
        #expect(second.headers["eta"]?.isNull == true)
        #expect(second.properties["expiration"]?.text == "0")
        #expect(second.properties["origin"]?.text == "gen17829@host.example")
        #expect(second.headers.all.map(\.name) == first.headers.all.map(\.name))
        #expect(second.properties.all.map(\.name) == first.properties.all.map(\.name))
    }

    @Test func aRetryIsNoRedeliveryButKeepsItsLosses() throws {
        let message = try Envelope(parsing: Fixture.named("messages/redelivered.json").slice).returned(losses: 1)
        let retried = try message.retried(countdown: 0, now: 0, deliveryTag: "t")
        #expect(!retried.isRedelivered)
        #expect(retried.losses == 1)
        #expect(retried.routingKey == "celery")
    }

    @Test func retriesThatCannotBeAreRefused() throws {
        let message = try Envelope(parsing: Fixture.named("messages/simple.json").slice)
        let error = #expect(throws: EnvelopeError.self) {
            try message.retried(countdown: .infinity, now: 0, deliveryTag: "t")
        }
        #expect(error?.description == "headers.eta does not tell a time.")
        let old = try Envelope(parsing: Fixture.named("messages/proto1.json").slice)
        #expect(throws: EnvelopeError.self) { try old.retried(countdown: 0, now: 0, deliveryTag: "t") }
        var often = message
        often.headers["retries"] = RawJSON(Int.max)
        #expect(try often.retried(countdown: 0, now: 0, deliveryTag: "t").headers["retries"]?.integer == .max)
    }

    @Test(arguments: Fixture.all(in: "unacked"))
    func returnedMessagesAreMarkedAndCount(_ fixture: Fixture) throws {
        let envelope = try UnackedEntry(parsing: fixture.slice).envelope
        var marked = envelope
        marked.markRedelivered()
        #expect(envelope.returned(losses: 0) == marked)
        let lost = envelope.returned(losses: 2)
        #expect(lost.losses == 2)
        #expect(try MessageHead(scanning: lost.serialized()[...]).losses == 2)
        #expect(lost.returned(losses: 0) == marked)
        #expect(lost.body.bytes.indices == envelope.body.bytes.indices)
    }
}
