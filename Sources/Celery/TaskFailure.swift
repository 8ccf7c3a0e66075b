import JSON

/// An error as a result document tells it: the Python class, its module, and its arguments.
public struct TaskFailure: Sendable, Hashable {
    /// The qualified name of the class.
    public var type: String
    /// What the error was made with.
    public var arguments: [CeleryValue]
    /// The module of the class; `nil` when the document does not say.
    public var module: String?

    /// An error.
    public init(type: String, arguments: [CeleryValue], module: String?) {
        self.type = type
        self.arguments = arguments
        self.module = module
    }

    /// Reads an error; `nil` when the value is none. A text in place of the arguments is the one argument.
    public init?(_ value: CeleryValue) {
        guard let type = value["exc_type"]?.asString, let message = value["exc_message"] else { return nil }
        self.init(type: type, arguments: message.asArray ?? [message], module: value["exc_module"]?.asString)
    }

    /// The error as it is written.
    public var value: CeleryValue {
        [
            "exc_type": .string(self.type), "exc_message": .array(self.arguments),
            "exc_module": self.module.map(CeleryValue.string) ?? nil,
        ]
    }
}

extension TaskFailure {
    /// Why a task was called off. The raw value is what the document says.
    public enum Revocation: String, Sendable {
        case revoked, expired, terminated
    }

    /// The task was called off.
    public static func revoked(_ why: Revocation) -> TaskFailure {
        TaskFailure(type: "TaskRevokedError", arguments: [.string(why.rawValue)], module: "celery.exceptions")
    }

    /// The task ran into its hard time limit, in seconds as it was given.
    public static func timeLimitExceeded(_ limit: JSONNumber) -> TaskFailure {
        TaskFailure(type: "TimeLimitExceeded", arguments: [.number(limit)], module: "billiard.exceptions")
    }

    /// The task ran into its soft time limit and did not handle it.
    public static let softTimeLimitExceeded = TaskFailure(
        type: "SoftTimeLimitExceeded", arguments: [], module: "billiard.exceptions"
    )

    /// The child died; the text tells how.
    public static func workerLost(_ message: String) -> TaskFailure {
        TaskFailure(type: "WorkerLostError", arguments: [.string(message)], module: "billiard.exceptions")
    }

    /// No task of that name is known.
    public static func notRegistered(_ task: String) -> TaskFailure {
        TaskFailure(type: "NotRegistered", arguments: [.string(task)], module: "celery.exceptions")
    }

    /// The task was retried too often.
    public static func maxRetriesExceeded(_ message: String) -> TaskFailure {
        TaskFailure(type: "MaxRetriesExceededError", arguments: [.string(message)], module: "celery.exceptions")
    }

    /// The task refused its message.
    public static func rejected(_ reason: String?) -> TaskFailure {
        TaskFailure(
            type: "Reject", arguments: [reason.map(CeleryValue.string) ?? nil, false], module: "celery.exceptions")
    }

    /// The message could not be decoded.
    public static func undecodable(_ message: String) -> TaskFailure {
        TaskFailure(type: "DecodeError", arguments: [.string(message)], module: "kombu.exceptions")
    }

    /// The result could not be encoded.
    public static func unencodable(_ message: String) -> TaskFailure {
        TaskFailure(type: "EncodeError", arguments: [.string(message)], module: "kombu.exceptions")
    }

    /// A part of a chord failed.
    public static func chord(_ message: String) -> TaskFailure {
        TaskFailure(type: "ChordError", arguments: [.string(message)], module: "celery.exceptions")
    }
}
