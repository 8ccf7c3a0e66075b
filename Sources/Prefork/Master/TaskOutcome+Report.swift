import Broker
import JSON
import Supervision
import Syscalls
import Wire

extension TaskOutcome {
    /// What a child has reported, as the supervisor decided about it. Nothing is measured, and nothing follows from it.
    package init(
        _ ending: FinishedDelivery.Ending, _ report: OutcomeReport, result: Payload, attempts: Int
    ) {
        self.init(Self.state(ending, report.state), attempts: attempts)
        if self.state == .success {
            self.result = result
        } else {
            self.failure = Failure(ending, report)
        }
    }

    private static func state(_ ending: FinishedDelivery.Ending, _ reported: OutcomeReport.State) -> State {
        switch (ending, reported) {
        case (.revoked, _): .revoked
        case (.reported, .success): .success
        case (.reported, .rejected): .rejected
        default: .failure
        }
    }

    /// Whether what the child told follows from its report: not when the delivery ends otherwise than it knew.
    package func keeps(_ reported: OutcomeReport.State) -> Bool {
        switch (self.state, reported) {
        case (.success, .success), (.rejected, .rejected): true
        case (.failure, .failure), (.failure, .retry): true
        case (.revoked, .failure), (.revoked, .retry), (.revoked, .rejected): true
        default: false
        }
    }
}

extension TaskOutcome.Failure {
    /// The error that a child reported, or what it led to.
    package init(_ ending: FinishedDelivery.Ending, _ report: OutcomeReport) {
        let content = ErrorContent(report.content)
        switch ending {
        case .reported, .lost: self.init(type: content.type, message: content.message)
        case .gaveUp(let cause):
            let message = "\(cause); the task ended with \(content.type): \(content.message)"
            self.init(type: cause.errorType, message: message, cause: cause.name)
        case .retriesExhausted(let most):
            let message = "retried \(most) times; the last reason: \(content.message)"
            self.init(type: "MaxRetriesExceededError", message: message)
        case .revoked: self.init(type: "TaskRevokedError", message: "terminated", cause: Cause.terminated.name)
        }
    }
}

/// The error object of an outcome report.
struct ErrorContent {
    let type: String
    let message: String

    init(_ content: Bytes) {
        let value = try? JSONValue(parsing: content)
        self.type = Self.text(value?["type"]) ?? "UnknownError"
        self.message = Self.text(value?["message"]) ?? ""
    }

    private static func text(_ value: JSONValue?) -> String? {
        if case .string(let text)? = value { text } else { nil }
    }
}
