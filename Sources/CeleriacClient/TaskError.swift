import Celery

/// A task that failed: the error as its worker stored it.
public struct TaskError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The task's id.
    public let id: String
    /// The name of the error's class: `ValueError`.
    public let type: String
    /// The Python module of the class; `nil` when the worker did not say.
    public let module: String?
    /// What the error was made with; the first is mostly its text.
    public let arguments: [CeleryValue]
    /// The traceback, if there is one.
    public let traceback: String?

    init(id: String, _ failure: TaskFailure, traceback: String?) {
        self.id = id
        self.type = failure.type
        self.module = failure.module
        self.arguments = failure.arguments
        self.traceback = traceback
    }

    /// The arguments as text.
    public var message: String {
        self.arguments.map { $0.asString ?? (try? $0.plainJSON().description) ?? "\($0)" }.joined(separator: ", ")
    }

    public var description: String { self.message.isEmpty ? self.type : "\(self.type): \(self.message)" }
}

/// A task that was called off before its end.
public struct TaskRevokedError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The task's id.
    public let id: String
    /// `revoked`, `expired` or `terminated`.
    public let reason: String

    public var description: String { "the task was called off: \(self.reason)" }
}
