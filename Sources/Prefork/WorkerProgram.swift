import Celery
import SandboxPolicy

/// What a worker program brings: its tasks, and what runs before and after the fork.
///
/// Built before anything starts, in the master and in the template alike, since both run the same program.
public struct WorkerProgram {
    /// Task bodies by name.
    public var bodies: [String: TaskBody] = [:]
    /// Runs once in the template before the first fork; must leave it with one thread and no sockets.
    public var preload: () throws -> Void = {}
    /// Runs in each child before its first task.
    public var prepareChild: () throws -> Void = {}
    /// Async tasks that a child of each pool runs at the same time, by the pool's index.
    public var childConcurrency: [Int] = [1]

    /// What the children of each pool may do, by the pool's index.
    public var sandboxes: [SandboxProfile] = [.standard]

    /// The worker's name in result documents and in messages that its tasks publish: `celery@host`.
    public var nodeName = "celery@localhost"
    /// Whether result documents tell the task's name, arguments and worker. Celery: `result_extended`.
    public var extendsResults = false
    /// The part of its time that a child may spend on looking at what it holds; infinite looks after each attempt.
    public var lookShare = 0.0

    /// Whether bodies in Celery's `auth` envelope are opened. Their signatures are the broker's to check.
    public var opensSignedBodies = false

    /// A program without tasks.
    public init() {}
}

/// How a task is called.
public enum TaskBody {
    /// Runs on the child's main thread.
    case synchronous((TaskCall) throws -> [UInt8])
    /// Runs as a Swift `Task`, cancelled at a soft limit.
    case asynchronous(@Sendable (TaskCall) async throws -> [UInt8])
    /// One of the above, as the call asks for.
    indirect case chosen((TaskCall) throws -> TaskBody)
}

/// What a task body throws to end its attempt otherwise than by failing.
public enum TaskDecision: Error {
    /// Run again: after so long, or as the task's policy says. The text is kept as the error's message.
    case retry(after: Duration?, message: String)
    /// Refuse the message for good.
    case reject(reason: String)
    /// Have a workflow do the work and return the result in this task's place.
    case replace(Signature)
}

/// A failure with a type name of its own choice, where the Swift type's name would say too little.
public struct NamedFailure: Error, CustomStringConvertible {
    /// The error type of the outcome.
    public let type: String
    /// The error message of the outcome.
    public let description: String

    /// A failure of the given type.
    public init(type: String, message: String) {
        self.type = type
        self.description = message
    }
}
