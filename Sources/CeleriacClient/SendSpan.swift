import Celery
import JSON
import Tracing

/// The span of a sending, made by the tracer that the program has given to swift-distributed-tracing; without one nothing
/// is made, and messages belong to no trace. Its name is the one that OpenTelemetry's instrumentation of Celery uses.
struct SendSpan {
    private let span: any Span
    /// The headers by which workers go on with the trace: `traceparent` and `tracestate`, as the tracer writes them.
    let headers: [(name: String, value: String)]

    /// Begins the span, as a part of the one that the calling task is in.
    init(_ task: String, queue: String) {
        self.span = startSpan("apply_async/\(task)", ofKind: .producer)
        self.span.updateAttributes {
            $0["messaging.system"] = "celery"
            $0["messaging.destination"] = queue
            $0["celery.task_name"] = task
        }
        var carrier: [String: String] = [:]
        InstrumentationSystem.instrument.inject(self.span.context, into: &carrier, using: CarrierInjector())
        self.headers = carrier.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    /// The span was that of one task, of this id.
    func isOf(_ id: String) { self.span.attributes["messaging.message.id"] = id }

    /// Ends the span with what is done in it.
    func end<Value>(_ body: () async throws -> Value) async throws -> Value {
        defer { self.span.end() }
        do {
            return try await body()
        } catch {
            self.span.recordError(error)
            self.span.setStatus(SpanStatus(code: .error, message: "\(error)"))
            throw error
        }
    }

    /// Puts a message into the trace.
    func add(to headers: inout Fields, now: Double) {
        for (name, value) in self.headers { headers[name] = RawJSON(value) }
        if !self.headers.isEmpty { headers[TaskHeaders.sent] = try? RawJSON(CeleryValue(now)) }
    }
}

private struct CarrierInjector: Injector {
    func inject(_ value: String, forKey key: String, into carrier: inout [String: String]) { carrier[key] = value }
}
