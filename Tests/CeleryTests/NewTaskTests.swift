import JSON
import Testing

@testable import Celery

@Suite struct NewTaskTests {
    /// Messages whose argument texts tell Python types that do not travel: lists for arguments, tuples elsewhere, keys
    /// that are not texts, the parts of a time.
    private static let otherTexts = ["int-keys", "kombu-types", "beat-tasks-add", "chunks", "map", "starmap"]

    @Test(arguments: BodyTests.protocolTwo)
    func messagesAreMadeAsCeleryMakesThem(_ fixture: Fixture) throws {
        let envelope = try Envelope(parsing: fixture.slice)
        let decoder = BodyDecoder(accepted: [.json, .messagePack])
        var task = NewTask(task: "", id: "", routingKey: try #require(envelope.routingKey))
        task.headers = try TaskHeaders(envelope.headers)
        task.body = try decoder.taskBody(of: envelope)
        task.priority = envelope.priority
        task.replyTo = envelope.replyTo
        task.expiration = envelope.properties["expiration"]?.text.flatMap { Int($0) }
        task.serializer = try decoder.serializer(of: envelope)
        var made = try task.envelope(deliveryTag: envelope.deliveryTag)
        // The compressors of different libraries need not agree; see the tests of bodies.
        if envelope.compression != nil { made.body = envelope.body }
        #expect(made.headers == envelope.headers)
        if envelope.properties["origin"] == nil, !envelope.isRedelivered {
            #expect(String(decoding: made.serialized(), as: UTF8.self) == fixture.text)
        }
    }

    @Test(arguments: BodyTests.protocolTwo)
    func argumentsAreShownAsCeleryShowsThem(_ fixture: Fixture) throws {
        if Self.otherTexts.contains(where: fixture.name.contains) { return }
        let envelope = try Envelope(parsing: fixture.slice)
        let headers = try TaskHeaders(envelope.headers)
        let body = try BodyDecoder(accepted: [.json, .messagePack]).taskBody(of: envelope)
        #expect(PythonRepr.text(args: body.args) == headers.argsRepr)
        #expect(PythonRepr.text(kwargs: body.kwargs) == headers.kwargsRepr)
    }

    @Test func newTaskIsTheFirstOfItsWorkflow() throws {
        let task = NewTask(task: "t", id: "1", args: [1, "it's"], kwargs: ["k": nil])
        let envelope = try task.envelope(deliveryTag: "tag")
        let headers = try TaskHeaders(envelope.headers)
        #expect(headers.rootID == "1")
        #expect(headers.argsRepr == "(1, 'it\\'s')")
        #expect(headers.kwargsRepr == "{'k': None}")
        #expect(envelope.properties["reply_to"] == nil)
        #expect(envelope.routingKey == "celery")
        #expect(try BodyDecoder().taskBody(of: Envelope(parsing: envelope.serialized()[...])) == task.body)
    }

    @Test func longArgumentsAreCut() {
        let long = String(repeating: "ab ", count: 1000)
        let text = PythonRepr.text(args: [.string(long), 1, [2, [3]]])
        #expect(text.hasSuffix("ab...', ...)"))
        #expect(text.utf8.count < 1060)
        let many = PythonRepr.text(kwargs: CeleryObject((0..<1000).map { .init(key: "k\($0)", value: [.array([])]) }))
        #expect(many.hasSuffix(", ...}"))
        #expect(many.utf8.count < 1060)
    }
}
