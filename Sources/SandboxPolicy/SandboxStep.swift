/// One mechanism of a sandbox, in the order in which a child enters it.
///
/// The order matters: what needs rights comes before they are given up, and the filter, which would forbid most of the
/// others, comes last.
public enum SandboxStep: String, CaseIterable, Sendable {
    /// A network, System V objects and a host name of its own.
    case namespaces
    /// A `/tmp` of its own in memory.
    case privateTmp = "private_tmp"
    /// No core dumps, locked memory and message queues.
    case limits
    /// The capabilities that an executed program could get.
    case boundingSet = "bounding_set"
    /// User and group.
    case credentials
    /// The capabilities that it has.
    case capabilities
    /// No rights by executing programs, and memory hidden from others.
    case privileges
    /// The environment is a list.
    case environment
    /// Signals and abstract sockets (Landlock, Linux 6.12).
    case scope
    /// Files and TCP ports (Landlock, Linux 5.13 and 6.7).
    case landlock
    /// System calls (seccomp).
    case seccomp

    /// What it is, in a few words.
    public var meaning: String {
        switch self {
        case .namespaces: "network, IPC and host name of its own"
        case .privateTmp: "a /tmp of its own, in memory and bounded"
        case .limits: "no core dumps, locked memory, message queues"
        case .boundingSet: "capabilities that an executed program could get"
        case .credentials: "user and group"
        case .capabilities: "capabilities that it has"
        case .privileges: "no rights by executing programs, memory hidden from others"
        case .environment: "variables"
        case .scope: "signals and abstract sockets"
        case .landlock: "files and TCP ports"
        case .seccomp: "system calls"
        }
    }
}
