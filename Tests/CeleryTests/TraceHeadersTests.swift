import JSON
import Testing
import Traces

@testable import Celery

@Suite struct TraceHeadersTests {
    private static let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    private static let context = TraceContext(parsing: parent.utf8)

    private static var sender: TaskHeaders {
        var headers = TaskHeaders(task: "tasks.add", id: "one")
        headers.trace = self.context
        headers.traceState = "vendor=1"
        return headers
    }

    private static func message(_ headers: TaskHeaders) throws -> Envelope {
        var task = NewTask(task: headers.task, id: headers.id)
        task.headers = headers
        return try task.envelope(deliveryTag: "tag")
    }

    private static func ids() -> () -> String {
        var count = 0
        return {
            count += 1
            return "id-\(count)"
        }
    }

    private static func expectTrace(_ publication: Publication, _ place: SourceLocation = #_sourceLocation) {
        let headers = publication.envelope.headers
        #expect(headers["traceparent"]?.text == self.parent, sourceLocation: place)
        #expect(headers["tracestate"]?.text == "vendor=1", sourceLocation: place)
    }

    @Test func theScanFindsWhatTheReaderFinds() throws {
        var headers = Self.sender
        headers.others["celeriac_sent"] = RawJSON(unchecked: Array("1732476000.5".utf8)[...])
        let envelope = try Self.message(headers)
        for head in [try MessageHead(envelope), try MessageHead(scanning: envelope.serialized()[...])] {
            #expect(head.trace == Self.context)
            #expect(head.sent == 1_732_476_000.5)
        }
    }

    @Test(arguments: ["7", "null", "[\"\(parent)\"]", "\"nonsense\"", "{}"])
    func whatIsNoTraceIsNoError(_ value: String) throws {
        var headers = TaskHeaders(task: "tasks.add", id: "one")
        headers.others["traceparent"] = RawJSON(unchecked: Array(value.utf8)[...])
        headers.others["celeriac_sent"] = RawJSON(unchecked: Array(value.utf8)[...])
        let envelope = try Self.message(headers)
        for head in [try MessageHead(envelope), try MessageHead(scanning: envelope.serialized()[...])] {
            #expect(head.trace == nil)
            #expect(head.task.elementsEqual("tasks.add".utf8))
        }
    }

    @Test func callbacksAndTheNextStepAreInTheTrace() throws {
        var embed = Embed()
        embed.callbacks = [Signature(task: "tasks.note")]
        embed.chain = [Signature(task: "tasks.mul")]
        let success = try Continuation(of: Self.sender, embed).succeeded(with: 3, now: 1_000, makeID: Self.ids())
        #expect(success.publications.count == 2)
        for publication in success.publications {
            Self.expectTrace(publication)
            #expect(publication.envelope.headers["celeriac_sent"]?.number?.asDouble == 1_000)
        }
    }

    @Test func errbacksAndReplacementsAreInTheTrace() throws {
        var embed = Embed()
        embed.errbacks = [Signature(task: "tasks.note")]
        let continuation = Continuation(of: Self.sender, embed)
        let failure = continuation.failed(now: 0, makeID: Self.ids())
        Self.expectTrace(try #require(failure.publications.first))
        let replaced = try continuation.replaced(
            by: Signature.group([Signature(task: "a"), Signature(task: "b")]), now: 0, makeID: Self.ids())
        #expect(replaced.publications.count == 2)
        for publication in replaced.publications { Self.expectTrace(publication) }
    }

    @Test func theJoinOfAChordIsInTheTraceOfThePartThatReturnsLast() throws {
        var headers = Self.sender
        headers.group = "group"
        var embed = Embed()
        embed.chord = Signature(task: "tasks.xsum")
        let success = try Continuation(of: headers, embed).succeeded(with: 3, now: 0, makeID: Self.ids())
        let join = try #require(success.part?.join)
        Self.expectTrace(join)
        let message = try TaskMessage(join.envelope)
        let body = try BodyDecoder().taskBody(of: join.envelope)
        let joined = try Continuation(of: message.headers, body.embed).joined([3], now: 0, makeID: Self.ids())
        Self.expectTrace(try #require(joined.publications.first))
    }

    @Test func aStaleTraceOfASignatureIsReplaced() throws {
        var signature = Signature(task: "tasks.mul")
        signature.options["headers"] = ["traceparent": "00-11111111111111111111111111111111-2222222222222222-01"]
        var embed = Embed()
        embed.chain = [signature]
        let success = try Continuation(of: Self.sender, embed).succeeded(with: 3, now: 0, makeID: Self.ids())
        Self.expectTrace(try #require(success.publications.first))
    }

    @Test func withoutATraceNothingIsAdded() throws {
        var embed = Embed()
        embed.chain = [Signature(task: "tasks.mul")]
        let success = try Continuation(of: TaskHeaders(task: "t", id: "i"), embed)
            .succeeded(with: 3, now: 0, makeID: Self.ids())
        let headers = try #require(success.publications.first).envelope.headers
        #expect(headers["traceparent"] == nil && headers["celeriac_sent"] == nil)
    }

    @Test func aStateThatIsTooLongIsNotCarriedOn() {
        var headers = Self.sender
        headers.traceState = String(repeating: "x", count: 513)
        #expect(headers.traceState == nil)
    }

    @Test func aRetryKeepsTheTrace() throws {
        let again = try Self.message(Self.sender).retried(countdown: 1, now: 0, deliveryTag: "other")
        #expect(again.headers["traceparent"]?.text == Self.parent)
    }
}
