import JSON

/// What a task message says about its task without opening the body: the headers of protocol 2.
public struct TaskHeaders: Sendable, Hashable {
    /// The language of the sender.
    public var lang: String? = "py"
    /// The task's name.
    public var task: String
    /// The task's id.
    public var id: String
    /// A name to show in place of ``task``.
    public var shadow: String?
    /// Not before this time.
    public var eta: WallTime?
    /// Not after this time.
    public var expires: WallTime?
    /// The group that the task is a part of.
    public var group: String?
    /// The task's place in its group.
    public var groupIndex: Int?
    /// How often the task was retried: 0 the first time.
    public var retries = 0
    /// Limits that override the task's own.
    public var timeLimits = TimeLimits()
    /// The first task of the workflow.
    public var rootID: String?
    /// The task that sent this one.
    public var parentID: String?
    /// The positional arguments as text for humans.
    public var argsRepr: String?
    /// The keyword arguments as text for humans.
    public var kwargsRepr: String?
    /// Who sent the task.
    public var origin: String?
    /// Whether nothing is to be stored; `nil` leaves it to the task's own setting.
    public var ignoreResult: Bool?
    /// How often the task was replaced by another.
    public var replacedTaskNesting = 0
    /// The names of the task's stamps.
    public var stampedHeaders: [String]?
    /// The stamps: a JSON object.
    public var stamps = Fields()
    /// All other headers: what the caller added, `compression`, `redelivered`.
    public var others = Fields()

    /// The headers of a first try.
    public init(task: String, id: String) {
        self.task = task
        self.id = id
    }

    /// The name to show.
    public var displayName: String { self.shadow ?? self.task }

    /// The compression of the body: a content type, `nil` when it is not compressed.
    public var compression: String? { self.others["compression"]?.text }

    /// Whether the message was handed out before.
    public var isRedelivered: Bool { self.others["redelivered"]?.bool == true }
}
