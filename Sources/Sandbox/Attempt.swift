import CAttempts
import SandboxPolicy
import Syscalls

/// A forbidden act that a process can try, to show that its sandbox forbids it. Harmless where it does not.
public struct Attempt: Equatable, Sendable {
    /// A word for it.
    public let name: String
    /// What it would mean.
    public let meaning: String
    private let index: Int32

    /// Every act.
    public static let all = (0..<celeriac_attempt_count()).map(Attempt.init)

    private init(_ index: Int32) {
        let attempt = celeriac_attempt_at(index)
        self.name = String(cString: attempt.name)
        self.meaning = String(cString: attempt.meaning)
        self.index = index
    }

    /// What attempts are about.
    public struct Target: Sendable {
        /// A process that is not the caller's.
        public var stranger: ProcessID
        /// A file that is none of its business.
        public var secret: String
        /// A directory where it should not write.
        public var directory: String
        /// A port of this machine where somebody listens.
        public var port: UInt16

        /// What attempts are about.
        public init(stranger: ProcessID, secret: String, directory: String, port: UInt16) {
            self.stranger = stranger
            self.secret = secret
            self.directory = directory
            self.port = port
        }
    }

    /// Tries in this process, which may not outlive it. Returns the error number of the refusal; 0 when nothing
    /// refused.
    public func run(_ target: Target) -> Int32 {
        target.secret.withCString { secret in
            target.directory.withCString { directory in
                var plain = celeriac_target(
                    stranger: target.stranger, secret: secret, directory: directory, port: target.port)
                return celeriac_attempt_run(self.index, &plain)
            }
        }
    }

    // MARK: What profiles forbid

    private static let files = ["read_secret", "write_directory", "symlink", "symlink_race", "hard_link"]
    private static let network = ["internet", "listen", "datagram", "local_socket"]
    private static let programs = ["fork_bomb", "exec", "exec_self"]
    private static let rootsRights = ["setuid", "setgroups", "capset", "core_limit"]
    private static let ownBusiness = ["undump", "second_filter", "signal_queue"]

    /// Whether the profile is there to forbid it, for a worker that is root.
    public func isForbidden(by profile: SandboxProfile) -> Bool {
        switch profile.calls.basis {
        case .everything: false
        case .harmless: !(self.isPlain || Self.rootsRights.contains(self.name) || Self.ownBusiness.contains(self.name))
        case .only:
            !(Self.files.contains(self.name) && profile.files == .all
                || Self.network.contains(self.name) && profile.network != .off
                || Self.programs.contains(self.name) && profile.calls.sets.contains(.process))
        }
    }

    /// Whether every program may do it.
    private var isPlain: Bool {
        Self.files.contains(self.name) || Self.network.contains(self.name) || Self.programs.contains(self.name)
    }
}
