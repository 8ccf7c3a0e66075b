/// A task that is to be sent later, with what is known of it. Members that are not known stay as they are.
public struct Signature: Sendable, Hashable {
    /// All members, in their order.
    public private(set) var members: CeleryObject

    /// What a signature is made of.
    public enum Kind: Hashable, Sendable {
        /// One message.
        case task
        /// Steps, each with the result of the one before.
        case chain
        /// Tasks that run side by side.
        case group
        /// A group, and a task that gets its results.
        case chord
        /// Something else.
        case other(String)
    }

    /// A signature of one task.
    public init(
        task: String,
        args: [CeleryValue] = [],
        kwargs: CeleryObject = CeleryObject(),
        options: CeleryObject = CeleryObject(),
        isImmutable: Bool = false
    ) {
        self.members = [
            "task": .string(task), "args": .array(args), "kwargs": .object(kwargs), "options": .object(options),
            "subtask_type": nil, "immutable": .bool(isImmutable),
        ]
    }

    /// Takes what was decoded; `nil` when it is no object that names a task, or a member is of the wrong kind.
    public init?(_ value: CeleryValue) {
        guard let members = value.asObject, members["task"]?.asString != nil,
            Self.isAbsent(members["args"]) || members["args"]?.asArray != nil,
            Self.isAbsent(members["kwargs"]) || members["kwargs"]?.asObject != nil,
            Self.isAbsent(members["options"]) || members["options"]?.asObject != nil
        else { return nil }
        self.members = members
    }

    private static func isAbsent(_ value: CeleryValue?) -> Bool { value?.isNull ?? true }

    /// The task's name.
    public var task: String { self.members["task"]?.asString ?? "" }

    /// Positional arguments.
    public var args: [CeleryValue] {
        get { self.members["args"]?.asArray ?? [] }
        set { self.members["args"] = .array(newValue) }
    }

    /// Keyword arguments.
    public var kwargs: CeleryObject {
        get { self.members["kwargs"]?.asObject ?? CeleryObject() }
        set { self.members["kwargs"] = .object(newValue) }
    }

    /// How the task is to be sent.
    public var options: CeleryObject {
        get { self.members["options"]?.asObject ?? CeleryObject() }
        set { self.members["options"] = .object(newValue) }
    }

    /// What the signature is made of.
    public var kind: Kind {
        switch self.members["subtask_type"]?.asString {
        case nil: .task
        case "chain": .chain
        case "group": .group
        case "chord": .chord
        case .some(let other): .other(other)
        }
    }

    mutating func setKind(_ kind: String) { self.members["subtask_type"] = .string(kind) }

    /// Whether the task takes no result of the one before.
    public var isImmutable: Bool {
        get { self.members["immutable"]?.asBool ?? false }
        set { self.members["immutable"] = .bool(newValue) }
    }
}
