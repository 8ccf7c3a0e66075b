import JSON
import Traces

/// The trace that a message belongs to, where OpenTelemetry's instrumentation of Celery has it: among the headers.
extension TaskHeaders {
    static let traceParent = "traceparent"
    static let traceState = "tracestate"
    /// When the message was sent, in seconds since 1970, for the time that it waited; only with a trace.
    public static let sent = "celeriac_sent"

    /// The span that the message was sent in; `nil` when it does not say, or says something else.
    public var trace: TraceContext? {
        get { self.others[Self.traceParent]?.content.flatMap { TraceContext(parsing: $0) } }
        set { self.others[Self.traceParent] = newValue.map { RawJSON($0.text) } }
    }

    /// What vendors have added to the trace; `nil` for nothing, and for more than ``TraceContext/longestState`` bytes.
    public var traceState: String? {
        get { self.others[Self.traceState]?.text.flatMap { $0.utf8.count <= TraceContext.longestState ? $0 : nil } }
        set { self.others[Self.traceState] = newValue.map { RawJSON($0) } }
    }

    /// Puts a message that is sent now, in seconds since 1970, into a trace.
    public mutating func follow(_ trace: TraceContext?, state: String?, now: Double) {
        guard let trace else { return }
        self.trace = trace
        self.traceState = state
        // A time of the clock has a JSON form.
        self.others[Self.sent] = try? RawJSON(CeleryValue(now))
    }

    /// Puts a message that is sent now into the sender's trace, if that is in one.
    mutating func follow(_ sender: TaskHeaders?, now: Double) {
        self.follow(sender?.trace, state: sender?.traceState, now: now)
    }
}
