import Supervision

/// What the children of a pool may do: a value, complete and checked before anything of it is applied.
public struct SandboxProfile: Equatable, Sendable {
    /// What may be reached by network.
    public enum Network: Equatable, Sendable {
        /// Everything.
        case on
        /// Nothing: no socket can be made.
        case off
        /// Sockets of files, and TCP to and on these ports.
        case ports(connect: [UInt16], bind: [UInt16])
    }

    /// Whom the child acts as.
    public enum User: Equatable, Sendable {
        /// The worker's user.
        case same
        /// `nobody` when the worker is root; otherwise the worker's user.
        case unprivileged
        /// A user that no other child has.
        case perChild
        /// This user, by name or number.
        case named(String)
    }

    /// What it may do beyond what its user may.
    public enum Capabilities: Equatable, Sendable {
        /// What the worker may.
        case same
        /// These, by the kernel's names; mostly none.
        case only([String])

        fileprivate var bits: UInt64 {
            guard case .only(let names) = self else { return .max }
            return names.reduce(0) { $0 | (CapabilityNames.bit($1) ?? 0) }
        }
    }

    /// The variables that it keeps.
    public enum Environment: Equatable, Sendable {
        /// All.
        case all
        /// These; a name that ends with `*` is all that begin so.
        case only([String])
    }

    /// The files that it sees and changes.
    public enum Files: Equatable, Sendable {
        /// What its user may.
        case all
        /// These, and what is below them.
        case only([PathRule])
    }

    /// A path and what may be done there.
    public struct PathRule: Equatable, Sendable {
        /// An absolute path.
        public let path: String
        /// Whether files may be written, made and removed there, too.
        public let isWritable: Bool
        /// Whether it may be missing.
        public let isOptional: Bool

        /// A rule for a path.
        public init(_ path: String, isWritable: Bool = false, isOptional: Bool = true) {
            self.path = path
            self.isWritable = isWritable
            self.isOptional = isOptional
        }
    }

    /// What the configuration calls it.
    public var name: String
    /// Whom it acts as.
    public var user = User.same
    /// The group, by name or number; `nil` is the user's.
    public var group: String?
    /// What it may do beyond what its user may.
    public var capabilities = Capabilities.same {
        didSet { self.keptCapabilities = self.capabilities.bits }
    }
    /// Whether programs that it executes gain no rights, and its memory is hidden from other processes.
    public var dropsPrivileges = false
    /// Whether core dumps are impossible.
    public var forbidsCoreDumps = false
    /// Whether locked memory and message queues are impossible, too.
    public var forbidsKernelMemory = false
    /// Variables that it keeps.
    public var environment = Environment.all
    /// Files that it sees and changes.
    public var files = Files.all
    /// The size of a `/tmp` of its own; `nil` shares the machine's.
    public var privateTmp: ByteCount?
    /// What may be reached by network.
    public var network = Network.on
    /// Whether it has a network of its own, with nothing in it.
    public var hasOwnNetwork = false
    /// Whether System V objects and the host name are its own.
    public var hasOwnIPC = false
    /// Whether it can signal, and look into, only what it started itself.
    public var signalsOnlyOwn = false
    /// Whether abstract sockets of others cannot be reached.
    public var seesNoAbstractSockets = false
    /// System calls.
    public var calls = CallPolicy(.everything, onDenied: .fail(1))
    /// Steps that a host may be unable to take: then the worker says so and goes on.
    public var optional: Set<SandboxStep> = []

    /// The bits of the capabilities that stay; all when there is no list. Looked up once, not by each child.
    public private(set) var keptCapabilities = UInt64.max

    /// A profile that allows everything.
    public init(name: String) { self.name = name }

    /// The steps that this profile has something to do in, in order.
    public var steps: [SandboxStep] { SandboxStep.allCases.filter(self.has) }

    private func has(_ step: SandboxStep) -> Bool {
        switch step {
        case .namespaces: self.hasOwnNetwork || self.hasOwnIPC
        case .privateTmp: self.privateTmp != nil
        case .limits: self.forbidsCoreDumps || self.forbidsKernelMemory
        case .credentials: self.user != .same || self.group != nil
        case .boundingSet, .capabilities: self.capabilities != .same
        case .privileges: self.dropsPrivileges
        case .environment: self.environment != .all
        case .scope: self.signalsOnlyOwn || self.seesNoAbstractSockets
        case .landlock: self.files != .all || self.hasPorts
        case .seccomp: self.calls.basis != .everything || !self.calls.denied.isEmpty
        }
    }

    private var hasPorts: Bool { if case .ports = self.network { true } else { false } }
}
