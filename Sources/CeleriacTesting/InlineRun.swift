import Celeriac
import JSON
import Supervision
import Wire

/// What an attempt did.
public struct InlineRun: Sendable {
    /// How it ended.
    public enum Outcome: Equatable, Sendable {
        /// It returned; the result as it would be stored.
        case success(JSONValue)
        /// It threw an error, or its arguments did not fit.
        case failure(type: String, message: String)
        /// It asked for another attempt, after a wait of its own if it named one.
        case retry(after: Duration?, reason: String)
        /// It rejected its message.
        case rejected(reason: String)
    }

    /// A task that it published. A failed attempt's are not sent.
    public struct Published: Equatable, Sendable {
        /// The task's name.
        public let task: String
        /// Its positional arguments.
        public let arguments: [JSONValue]
        /// Its keyword arguments.
        public let keywords: JSONObject
        /// The time before it may start, in seconds; `nil` for at once.
        public let countdown: Double?
    }

    /// How it ended.
    public let outcome: Outcome
    /// What it published.
    public let published: [Published]
    /// What it wrote with its context's logger.
    public let log: [String]

    init(_ report: OutcomeReport, _ frames: [(kind: FrameKind, payload: Bytes)]) throws {
        self.outcome = try Self.outcome(report)
        self.published = try frames.filter { $0.kind == .followUp }.map { try Self.published($0.payload) }
        self.log = try frames.filter { $0.kind == .log }.map {
            String(decoding: try LogReport(decoding: $0.payload).message, as: UTF8.self)
        }
    }

    private static func outcome(_ report: OutcomeReport) throws -> Outcome {
        let content = try JSONValue(parsing: report.content)
        let message = content["message"]?.string ?? ""
        switch report.state {
        case .success: return .success(content)
        case .failure: return .failure(type: content["type"]?.string ?? "", message: message)
        case .rejected: return .rejected(reason: message)
        case .retry:
            let wait = report.countdownNanoseconds.map { Duration.nanoseconds(Int64(clamping: $0)) }
            return .retry(after: wait, reason: message)
        }
    }

    private static func published(_ line: Bytes) throws -> Published {
        let message = try JSONValue(parsing: line)
        var arguments: [JSONValue] = []
        var keywords = JSONObject()
        if case .array(let elements)? = message["args"] { arguments = elements }
        if case .object(let members)? = message["kwargs"] { keywords = members }
        var countdown: Double?
        if case .number(let number)? = message["countdown"] { countdown = number.asDouble }
        return Published(
            task: message["task"]?.string ?? "", arguments: arguments, keywords: keywords, countdown: countdown)
    }
}

extension JSONValue {
    fileprivate var string: String? { if case .string(let text) = self { text } else { nil } }
}
