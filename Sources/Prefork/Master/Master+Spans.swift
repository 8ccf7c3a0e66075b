import Broker
import JSON
import Supervision
import Syscalls
import Traces
import Wire

/// Spans: the time that a message waited for its attempt, and the attempt. Both are told when they are over.
extension Master {
    /// What is kept of a message while it is in a child.
    func label(_ message: TakenMessage) -> DeliveryLabel {
        var label = DeliveryLabel(id: message.id, task: message.delivery.task)
        label.trace = self.trace(of: message)
        guard label.trace?.isRecorded == true else { return label }
        label.sent = message.sent.map { UInt64(clamping: Int64(min(max($0, 0), 9e9) * 1e9)) } ?? Self.wallTime
        return label
    }

    /// What only tells what follows from another attempt has no span of its own.
    private func trace(of message: TakenMessage) -> AttemptTrace? {
        var policy = self.settings.spans
        if message.delivery.hasFailed || message.isJoin { policy.ratio = nil }
        return policy.attempt(of: message.trace, using: &self.spanIDs)
    }

    private static var wallTime: UInt64 { UInt64(clamping: wallNanoseconds()) }

    func traceID(of tag: UInt64, in child: ChildHandle) -> String? { child.labels[tag]?.trace?.context.traceText }

    /// The wait is over.
    func attemptBegan(_ tag: UInt64, of child: ChildHandle) {
        guard let label = child.labels[tag], let trace = label.trace, trace.isRecorded else { return }
        let now = Self.wallTime
        child.labels[tag]!.began = now
        let id = UInt64.random(in: 1 ... .max, using: &self.spanIDs)
        // What begins a trace has waited within its own span, as the only place that there is.
        guard let context = trace.context.child(id) else { return }
        var span = SpanRecord(
            context, parent: trace.parent ?? trace.context.spanID, name: "wait/\(self.settings.taskNames[label.task])",
            kind: .internal, start: label.sent, end: now)
        span.attributes = self.attributes(label)
        self.hooks.ended(span)
    }

    /// The child has told how the attempt ended.
    func attemptReported(_ tag: UInt64, _ report: OutcomeReport, of child: ChildHandle) {
        guard child.labels[tag]?.began != nil else { return }
        let failure = report.state == .success ? nil : ErrorContent(report.content)
        let state =
            switch report.state {
            case .success: "SUCCESS"
            case .failure: "FAILURE"
            case .retry: "RETRY"
            case .rejected: "REJECTED"
            }
        self.endAttempt(tag, state: state, error: failure.map { "\($0.type): \($0.message)" }, of: child)
    }

    /// The child is gone.
    func attemptDied(_ tag: UInt64, _ cause: Cause, of child: ChildHandle) {
        self.endAttempt(tag, state: cause.errorType, error: "\(cause)", of: child)
    }

    private func endAttempt(_ tag: UInt64, state: String, error: String?, of child: ChildHandle) {
        guard let label = child.labels[tag], let trace = label.trace, let began = label.began else { return }
        child.labels[tag]!.began = nil
        var span = SpanRecord(
            trace.context, parent: trace.parent, name: "run/\(self.settings.taskNames[label.task])", kind: .consumer,
            start: began, end: Self.wallTime)
        span.attributes = self.attributes(label)
        span.attributes.append(("celery.state", .string(state)))
        if let pid = child.pid { span.attributes.append(("process.pid", .number(JSONNumber(Int(pid))))) }
        span.error = error
        self.hooks.ended(span)
    }

    private func attributes(_ label: DeliveryLabel) -> [(key: String, value: JSONValue)] {
        [
            ("messaging.system", "celery"), ("messaging.message.id", .string(label.text)),
            ("celery.task_name", .string(self.settings.taskNames[label.task])),
            ("celery.hostname", .string(self.settings.nodeName)),
        ]
    }
}

extension TakenMessage {
    fileprivate var isJoin: Bool { if case .join = self.body { true } else { false } }
}
