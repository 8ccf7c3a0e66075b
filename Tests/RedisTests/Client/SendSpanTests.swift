import CeleriacClient
import Celery
import InMemoryTracing
import Testing
import Tracing

extension RedisTests {
    /// The tracer that a program has given to swift-distributed-tracing sees what it sends, and workers hear of it.
    @Suite struct SendSpanTests {
        private static let tracer: InMemoryTracer = {
            let tracer = InMemoryTracer()
            InstrumentationSystem.bootstrap(tracer)
            return tracer
        }()

        private func headers(_ server: RedisServer, _ index: Int) throws -> Fields {
            let text = try server.command("LINDEX", "traced", "\(index)").text ?? ""
            return try Envelope(parsing: Array(text.utf8)[...]).headers
        }

        private func span(_ name: String) -> FinishedInMemorySpan? {
            Self.tracer.finishedSpans.first { $0.operationName == name }
        }

        @Test func sendingIsASpanWithinTheCallers() async throws {
            _ = Self.tracer
            let server = try RedisServer()
            let client = try server.makeClient()
            try await withSpan("the request") { _ in
                _ = try await client.send("spans.one", 1, options: SendOptions(queue: "traced", id: "one"))
            }
            let (outer, span) = (
                try #require(self.span("the request")), try #require(self.span("apply_async/spans.one"))
            )
            #expect(span.kind == .producer)
            #expect(span.traceID == outer.traceID && span.parentSpanID == outer.spanID)
            #expect(span.attributes.get("messaging.message.id") == "one")
            let headers = try self.headers(server, 0)
            #expect(headers[InMemoryTracer.spanIDKey]?.text == span.spanID, "as the tracer writes its contexts")
            #expect(headers["celeriac_sent"]?.number != nil)
        }

        @Test func batchesAndWorkflowsAreOneSpanEach() async throws {
            _ = Self.tracer
            let server = try RedisServer()
            let client = try server.makeClient()
            let options = SendOptions(queue: "traced")
            try await client.sendBatch([
                try TaskCall("spans.two", options: options), try TaskCall("spans.x", options: options),
            ])
            var step = Signature("spans.three")
            step.options["queue"] = "traced"
            try await client.send(group([step, step]))
            let batch = try #require(self.span("apply_async/spans.two"))
            let workflow = try #require(
                Self.tracer.finishedSpans.last { $0.operationName.hasPrefix("apply_async/celery.group") })
            let ids = try (0..<4).map { try self.headers(server, $0)[InMemoryTracer.spanIDKey]?.text }
            #expect(ids == [workflow.spanID, workflow.spanID, batch.spanID, batch.spanID])
        }

        @Test func whatCannotBeSentIsAnErrorOfItsSpan() async throws {
            _ = Self.tracer
            var options = ClientOptions()
            options.waitsForServer = false
            let client = try Client("redis://127.0.0.1:1", options: options)
            await #expect(throws: ClientError.self) { try await client.send("spans.lost", 1) }
            let span = try #require(self.span("apply_async/spans.lost"))
            #expect(span.status?.code == .error)
            #expect(!span.errors.isEmpty)
        }
    }
}
