import JSON
import Testing

@testable import Celery

@Suite struct TaskHeadersTests {
    static let protocolTwo = Fixture.messages.filter {
        !$0.name.contains("proto1") && !$0.name.contains("rpc-message")
    }

    private func headers(_ json: String) throws -> TaskHeaders {
        try TaskHeaders(Fields(parsing: Array(json.utf8)[...]))
    }

    @Test(arguments: TaskHeadersTests.protocolTwo)
    func headersAreWrittenAsTheyWereRead(_ fixture: Fixture) throws {
        let envelope = try Envelope(parsing: fixture.slice)
        let message = try TaskMessage(envelope)
        #expect(message.headers.fields == envelope.headers)
    }

    @Test func everyHeaderIsRead() throws {
        let envelope = try Envelope(parsing: Fixture.named("messages/retry-options-1-republished.json").slice)
        let headers = try TaskHeaders(envelope.headers)
        #expect(headers.lang == "py")
        #expect(headers.task == "tasks.retry_noexc")
        #expect(headers.id == "8123d701-6765-4796-964b-8b5a4cda5c00")
        #expect(headers.displayName == "shade")
        #expect(headers.eta?.text == "2026-11-23T09:29:43.766114+00:00")
        #expect(headers.expires?.text == "2026-11-23T09:31:43.557826+00:00")
        #expect(headers.group == nil)
        #expect(headers.groupIndex == nil)
        #expect(headers.retries == 1)
        #expect(headers.timeLimits == TimeLimits(hard: JSONNumber(50), soft: JSONNumber(40)))
        #expect(headers.rootID == headers.id)
        #expect(headers.parentID == headers.id)
        #expect(headers.argsRepr == "('z',)")
        #expect(headers.kwargsRepr == "{}")
        #expect(headers.origin == "gen17829@host.example")
        #expect(headers.ignoreResult == false)
        #expect(headers.replacedTaskNesting == 0)
        #expect(headers.stampedHeaders == nil)
        #expect(headers.stamps.all.isEmpty)
        #expect(headers.others["x-one"]?.integer == 1)
    }

    @Test func stampsGroupAndCompressionAreRead() throws {
        let stamped = try TaskHeaders(Envelope(parsing: Fixture.named("messages/stamped.json").slice).headers)
        #expect(stamped.stampedHeaders == ["mtask", "monitoring_id"])
        #expect(stamped.stamps["monitoring_id"]?.text == "1f3c")
        let part = try TaskHeaders(Envelope(parsing: Fixture.named("messages/group-3-2.json").slice).headers)
        #expect(part.groupIndex == 2)
        #expect(part.group != nil)
        let small = try TaskHeaders(Envelope(parsing: Fixture.named("messages/compression-zlib.json").slice).headers)
        #expect(small.compression == "application/x-gzip")
        let again = try TaskHeaders(Envelope(parsing: Fixture.named("messages/redelivered.json").slice).headers)
        #expect(again.isRedelivered)
        #expect(again.eta?.isNaive == false)
    }

    @Test func nameAndIDAreEnough() throws {
        let headers = try self.headers(#"{"id": "1", "task": "t"}"#)
        #expect(headers.retries == 0)
        #expect(headers.timeLimits == TimeLimits())
        #expect(headers.ignoreResult == nil)
    }

    @Test func whatOnlyInformsMayBeOfAnyKind() throws {
        let json = #"{"id": "1", "task": "t", "argsrepr": 1, "origin": [], "shadow": {}, "stamps": null, "lang": null}"#
        let headers = try self.headers(json)
        #expect(headers.argsRepr == nil)
        #expect(headers.displayName == "t")
        #expect(headers.stamps.all.isEmpty)
    }

    @Test(arguments: [
        (#"{"task": "t"}"#, "The message has no headers.id."),
        (#"{"task": "t", "id": 5}"#, "headers.id is not of the kind that it must be."),
        (#"{"task": null, "id": "1"}"#, "headers.task is not of the kind that it must be."),
        (#"{"task": "t", "id": "1", "eta": "soon"}"#, "headers.eta does not tell a time."),
        (#"{"task": "t", "id": "1", "expires": 60}"#, "headers.expires is not of the kind that it must be."),
        (#"{"task": "t", "id": "1", "retries": "3"}"#, "headers.retries is not of the kind that it must be."),
        (#"{"task": "t", "id": "1", "retries": 1e3}"#, "headers.retries is not of the kind that it must be."),
        (#"{"task": "t", "id": "1", "timelimit": [1]}"#, "headers.timelimit is not of the kind that it must be."),
        (#"{"task": "t", "id": "1", "timelimit": ["1", 2]}"#, "headers.timelimit is not of the kind that it must be."),
        (#"{"task": "t", "id": "1", "group_index": []}"#, "headers.group_index is not of the kind that it must be."),
        (#"{"task": "t", "id": "1", "root_id": 1}"#, "headers.root_id is not of the kind that it must be."),
    ])
    func otherHeadersAreRefused(_ json: String, _ reason: String) {
        let error = #expect(throws: EnvelopeError.self) { try self.headers(json) }
        #expect(error?.description == reason)
        #expect(error?.taskID == (json.contains(#""id": "1""#) ? "1" : nil))
        #expect(error?.task == (json.contains(#""task": "t""#) ? "t" : nil))
    }

    @Test(arguments: [
        ("messages/eta-utc.json", 1_935_630_121.654321, false), ("messages/eta-naive.json", 1_935_630_121, true),
        ("messages/eta-offset.json", 1_935_642_721, false),
    ])
    func timesAreRead(_ name: String, _ seconds: Double, _ isNaive: Bool) throws {
        let eta = try TaskHeaders(Envelope(parsing: Fixture.named(name).slice).headers).eta
        #expect(eta?.seconds == seconds)
        #expect(eta?.isNaive == isNaive)
    }

    @Test(arguments: [
        ("2026-01-02", 1_767_312_000.0), ("2026-01-02T00:00:00Z", 1_767_312_000),
        ("2026-01-02T00:53:28.5+00:53:28", 1_767_312_000.5), ("2026-01-01T23:06:32-00:53:28", 1_767_312_000),
    ])
    func otherSpellingsOfTimesAreRead(_ text: String, _ seconds: Double) {
        #expect(WallTime(text)?.seconds == seconds)
    }

    @Test(arguments: ["", "2026", "2026-13-01", "2026-01-02T25:00", "+00:53:28", "2026-01-02T00:00:00+00:53:99", "now"])
    func otherTextsTellNoTime(_ text: String) {
        #expect(WallTime(text) == nil)
    }

    @Test func timesAreWrittenAsPythonDoes() {
        #expect(WallTime(seconds: 1_935_630_121.25)?.text == "2031-05-04T03:02:01.250000+00:00")
        #expect(WallTime(seconds: 1_935_630_121)?.text == "2031-05-04T03:02:01+00:00")
        #expect(WallTime(seconds: .infinity) == nil)
        #expect(WallTime(seconds: .nan) == nil)
    }

    @Test func protocolOneIsRead() throws {
        let envelope = try Envelope(parsing: Fixture.named("messages/proto1.json").slice)
        #expect(envelope.protocolVersion == .one)
        #expect(throws: EnvelopeError.self) { try TaskMessage(envelope) }
        let task = try BodyDecoder().protocolOneTask(of: envelope)
        let headers = try task.headers(overriddenBy: envelope.headers)
        #expect(headers.task == "tasks.add")
        #expect(headers.id == "30f3e50b-be22-46f9-8412-6b354c77021a")
        #expect(headers.eta?.text == "2026-11-23T09:29:24.550856+00:00")
        #expect(headers.lang == nil)
        #expect(headers.others.all.isEmpty)
        #expect(task.isUTC)
        let body = try task.body()
        #expect(body.args == [2, 3])
        #expect(body.embed == Embed())
    }

    @Test func protocolOneCarriesLinksAndItsGroup() throws {
        let links = try Envelope(parsing: Fixture.named("messages/proto1-links.json").slice)
        let body = try BodyDecoder().protocolOneTask(of: links).body()
        #expect(body.kwargs == ["y": 3])
        #expect(body.embed.callbacks.map(\.task) == ["tasks.mul"])
        #expect(body.embed.errbacks.map(\.task) == ["tasks.errback_old"])
        let chord = try Envelope(parsing: Fixture.named("messages/proto1-chord-0.json").slice)
        let part = try BodyDecoder().protocolOneTask(of: chord)
        #expect(try part.headers().group != nil)
        #expect(try part.headers().groupIndex == 0)
        #expect(try part.body().embed.chord?.task == "tasks.xsum")
    }

    @Test func bodyOfProtocolOneIsTakenFromOtherSerializersToo() throws {
        let task = try ProtocolOneTask(["task": "t", "id": "1", "taskset": "g", "args": [1], "utc": false])
        #expect(try task.headers().group == "g")
        #expect(try task.body().args == [1])
        #expect(!task.isUTC)
        let override = Fields([Fields.Field("id", RawJSON("2"))])
        #expect(try task.headers(overriddenBy: override).id == "2")
    }

    @Test(arguments: ["[]", "{}", "1", "{", #"{"id": "1"}"#])
    func otherBodiesAreNoTask(_ body: String) {
        #expect(throws: BodyError.self) { try ProtocolOneTask(parsing: Array(body.utf8)[...]) }
    }
}
