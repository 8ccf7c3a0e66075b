import CShims
import Glibc
import SystemPackage

/// What a process gives up for itself, for good.
public enum Confinement {
    /// No program that is executed gains rights by it (`PR_SET_NO_NEW_PRIVS`).
    public static func setNoNewPrivileges() throws(Errno) { try check(celeriac_set_no_new_privileges()) }

    /// No other process of the same user reads this one's memory or environment, or traces it (`PR_SET_DUMPABLE`).
    public static func hideMemory() throws(Errno) { try check(celeriac_set_dumpable(0)) }

    /// Whether ``hideMemory()`` is in force.
    public static var isMemoryHidden: Bool { celeriac_get_dumpable() != 1 }

    /// How capabilities are treated from now on (`PR_SET_SECUREBITS`).
    public static func setSecureBits(_ bits: UInt32) throws(Errno) { try check(celeriac_set_secure_bits(bits)) }

    /// No core dump, however high the limit was.
    public static func forbidCoreDumps() throws(Errno) { try check(celeriac_forbid_core_dumps()) }

    /// No memory that cannot be swapped.
    public static func forbidLockedMemory() throws(Errno) { try check(celeriac_forbid_locked_memory()) }

    /// No POSIX message queues.
    public static func forbidMessageQueues() throws(Errno) { try check(celeriac_forbid_message_queues()) }

    /// A seccomp program for this thread and those that it starts: eight bytes for each instruction.
    public static func installFilter(_ program: [UInt64]) throws(Errno) {
        try check(celeriac_seccomp_install(program, UInt16(program.count)))
    }

    /// The same, with a descriptor that tells of each call that the program notifies about.
    public static func installListeningFilter(_ program: [UInt64]) throws(Errno) -> CInt {
        try check(celeriac_seccomp_listen(program, UInt16(program.count)))
    }

    // MARK: User and group

    /// Leaves every supplementary group (`setgroups(2)`).
    public static func clearGroups() throws(Errno) { try check(celeriac_clear_groups()) }

    /// Becomes the group, in all three senses (`setresgid(2)`).
    public static func setGroup(_ group: UInt32) throws(Errno) { try check(celeriac_set_group(group)) }

    /// Becomes the user, in all three senses (`setresuid(2)`).
    public static func setUser(_ user: UInt32) throws(Errno) { try check(celeriac_set_user(user)) }

    /// The user that this process acts as.
    public static var user: UInt32 { geteuid() }

    /// The group that this process acts as.
    public static var group: UInt32 { getegid() }
}

/// The name of an error number: `EPERM`.
public func errorName(_ number: Int32) -> String {
    celeriac_error_name(number).map { String(cString: $0) } ?? "errno \(number)"
}

/// A namespace that a process can have to itself (`namespaces(7)`).
public enum Namespace: Sendable {
    case user
    case network
    case ipc
    case uts
    case mount

    private var kind: celeriac_namespace {
        switch self {
        case .user: CELERIAC_NAMESPACE_USER
        case .network: CELERIAC_NAMESPACE_NETWORK
        case .ipc: CELERIAC_NAMESPACE_IPC
        case .uts: CELERIAC_NAMESPACE_UTS
        case .mount: CELERIAC_NAMESPACE_MOUNT
        }
    }

    /// Moves this process into a new one (`unshare(2)`).
    public func unshare() throws(Errno) { try check(celeriac_unshare(self.kind)) }

    /// Moves this process into the one that the descriptor stands for (`setns(2)`).
    public func enter(_ descriptor: CInt) throws(Errno) {
        try check(celeriac_enter_namespace(descriptor, self.kind))
    }
}

/// Mounts, for a process in a mount namespace of its own.
public enum Mounts {
    /// What is mounted from now on stays in this namespace.
    public static func makePrivate() throws(Errno) { try check(celeriac_mount_make_private()) }

    /// Puts an empty file system in memory over a directory.
    public static func mountMemory(at path: String, options: String) throws(Errno) {
        try check(celeriac_mount_memory(path, options))
    }
}

/// A set of rules for files, ports and signals (`landlock(7)`).
public struct LandlockRuleset: ~Copyable {
    private let descriptor: Descriptor

    /// The newest version that the kernel knows; 0 when it has none.
    public static var version: Int { max(0, Int(celeriac_landlock_abi())) }

    /// Rules that deny these rights wherever nothing allows them.
    public init(files: UInt64, network: UInt64, scoped: UInt64) throws(Errno) {
        self.descriptor = Descriptor(owning: try check(celeriac_landlock_create(files, network, scoped)))
    }

    /// Allows rights on a file, or in a directory and below. Of a file only those rights that files have.
    public borrowing func allow(_ rights: UInt64, ofFile fileRights: UInt64, at path: String) throws(Errno) {
        let place = Descriptor(owning: try check(celeriac_open_path(path)))
        let isDirectory = try check(celeriac_is_directory(place.number)) == 1
        let allowed = isDirectory ? rights : rights & fileRights
        try check(celeriac_landlock_allow_path(self.descriptor.number, place.number, allowed))
    }

    /// Allows rights on a TCP port.
    public borrowing func allow(_ rights: UInt64, onPort port: UInt16) throws(Errno) {
        try check(celeriac_landlock_allow_port(self.descriptor.number, rights, UInt64(port)))
    }

    /// Puts the rules in force for this thread and those that it starts. It needs
    /// ``Confinement/setNoNewPrivileges()``.
    public borrowing func restrictSelf() throws(Errno) { try check(celeriac_landlock_restrict(self.descriptor.number)) }
}
