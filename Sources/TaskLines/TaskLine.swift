import JSON
import Supervision

/// A task message as one line of JSON: an object with `task` and, as needed, the other fields below.
///
/// Slices point into the line. A field that is `null` counts as missing.
public struct TaskLine: Sendable {
    /// When a message that has not started is dropped.
    public enum Expiry: Equatable, Sendable {
        /// At an instant, in seconds since 1970.
        case at(Double)
        /// So long after the line was read.
        case after(Duration)
    }

    /// The task id, not empty; `nil` leaves the choice to the reader.
    public private(set) var id: JSONText?
    /// The name of the task, not empty.
    public let task: JSONText
    /// The positional arguments, a JSON array. Default `[]`.
    public private(set) var args = Self.noArgs
    /// The keyword arguments, a JSON object. Default `{}`.
    public private(set) var kwargs = Self.noKwargs
    /// Not to start before this instant, in seconds since 1970.
    ///
    /// Written as such a number or as ISO 8601 text, without a zone in UTC.
    public private(set) var eta: Double?
    /// Not to start before so much time has passed since the line was read. Written in seconds; excludes ``eta``.
    public private(set) var countdown: Duration?
    /// Not to start after this. Written as seconds from now or as ISO 8601 text, as in Celery.
    public private(set) var expires: Expiry?
    /// From 0, the most urgent and the default, to 9, as on Celery's Redis transport.
    public private(set) var priority = 0
    /// Retries already done. Default 0.
    public private(set) var retries = 0
    /// What differs from the limits that the configuration gives the task.
    public private(set) var limits = LimitOverrides()

    private static let noArgs = Array("[]".utf8)[...]
    private static let noKwargs = Array("{}".utf8)[...]

    /// Parses one line, without its newline; `nil` when it is blank.
    ///
    /// Throws ``TaskLineError`` for malformed JSON, a missing `task`, and a field that is unknown, repeated, or of the
    /// wrong type or range.
    public init?(parsing line: ArraySlice<UInt8>) throws(TaskLineError) {
        if line.allSatisfy({ $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") || $0 == UInt8(ascii: "\r") }) {
            return nil
        }
        var reader = try FieldReader(line, lineStart: line.startIndex, fields: TaskField.all)
        var task: JSONText?
        while let (field, value) = try reader.next() {
            if value.isNull { continue }
            switch field {
            case .id: self.id = try value.identifier()
            case .task: task = try value.text()
            case .args: self.args = try value.bytes(of: .array)
            case .kwargs: self.kwargs = try value.bytes(of: .object)
            case .eta: self.eta = try value.instant()
            case .countdown: self.countdown = try value.seconds()
            case .expires: self.expires = try value.expiry()
            case .priority: self.priority = try value.integer(in: 0...9)
            case .retries: self.retries = try value.integer(in: 0...Int.max)
            case .limits: self.limits = try LimitOverrides(value)
            }
        }
        guard let task else { throw reader.error("\"task\" is missing") }
        if self.eta != nil, self.countdown != nil { throw reader.error("\"eta\" and \"countdown\" exclude each other") }
        self.task = task
    }
}

private enum TaskField: String, CaseIterable {
    case id, task, args, kwargs, eta, countdown, expires, priority, retries, limits

    static let all = Array(Self.allCases)
}

extension FieldValue {
    /// A task id. Longer ones than 1,024 bytes have no use, and would go with every log line.
    fileprivate func identifier() throws(TaskLineError) -> JSONText {
        let text = try self.text()
        guard text.raw.count <= 1_024 else { throw self.problem("is longer than 1,024 bytes") }
        return text
    }

    fileprivate func expiry() throws(TaskLineError) -> TaskLine.Expiry {
        self.isNumber ? .after(try self.seconds()) : .at(try self.instant())
    }
}
