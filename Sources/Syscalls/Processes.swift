import CShims
import Glibc
import SystemPackage

/// A process number. Only good for looking at a process: signals go through a ``ProcessDescriptor``.
public typealias ProcessID = pid_t

/// How a process ended (`waitid(2)`).
public enum ExitStatus: Equatable, Sendable {
    /// It called `exit` with this code.
    case exited(CInt)
    /// A signal ended it.
    case signalled(CInt)
}

/// One reaped process.
public struct Exit: Equatable, Sendable {
    /// The process that ended.
    public var pid: ProcessID
    /// How it ended.
    public var status: ExitStatus
    /// CPU time in user and kernel mode together, in microseconds.
    public var cpuMicroseconds: UInt64
    /// Resident-set high-water mark, in bytes.
    public var peakResident: UInt64

    /// An exit that another process observed.
    public init(pid: ProcessID, status: ExitStatus, cpuMicroseconds: UInt64, peakResident: UInt64) {
        self.pid = pid
        self.status = status
        self.cpuMicroseconds = cpuMicroseconds
        self.peakResident = peakResident
    }

    init(_ exit: celeriac_exit) {
        let status: ExitStatus = exit.code == CLD_EXITED ? .exited(exit.status) : .signalled(exit.status)
        self.init(
            pid: exit.pid, status: status,
            cpuMicroseconds: UInt64(exit.user_microseconds + exit.system_microseconds),
            peakResident: UInt64(exit.peak_kibibytes) << 10)
    }
}

/// Which side of a fork this is.
public enum ForkSide: Equatable, Sendable {
    /// The new process.
    case child
    /// The old process, with the number of the new one.
    case parent(ProcessID)
}

/// `fork(2)`. The caller must have exactly one thread (invariant I10).
public func fork() throws(Errno) -> ForkSide {
    let pid = try check(celeriac_fork())
    return pid == 0 ? .child : .parent(pid)
}

/// As ``fork()``, but the child is born in the control group of version 2 that a directory names (`clone3(2)` with
/// `CLONE_INTO_CGROUP`). Handlers of `pthread_atfork` do not run in it. Throws `ENOSYS` where the call is not to be had.
public func fork(into group: CInt) throws(Errno) -> ForkSide {
    let pid = try check(celeriac_fork_into(group))
    return pid == 0 ? .child : .parent(pid)
}

/// Reaps one ended child of this process; `nil` when none has ended (`waitid(2)` with `WNOHANG`).
public func reapAny() -> Exit? {
    var exit = celeriac_exit()
    guard celeriac_wait_any(&exit) == 0, exit.pid != 0 else { return nil }
    return Exit(exit)
}

/// Waits for one child and reaps it.
public func reap(_ pid: ProcessID) throws(Errno) -> Exit {
    var exit = celeriac_exit()
    try check(celeriac_wait_pid(pid, 1, &exit))
    return Exit(exit)
}

/// Kills a child that has no descriptor, and reaps it. Its number is its own until then.
public func killOwnChild(_ pid: ProcessID) {
    kill(pid, SIGKILL)
    _ = try? reap(pid)
}

/// Whether this process has a child, alive or not yet reaped.
public func hasChildren() -> Bool { celeriac_has_children() != 0 }

/// A process held by descriptor, so that a signal can never reach a stranger that got its number (`pidfd_open(2)`).
public struct ProcessDescriptor: ~Copyable {
    /// Readable once the process has ended.
    public let descriptor: Descriptor

    /// Takes ownership of a pidfd that another process sent.
    public init(owning number: CInt) { self.descriptor = Descriptor(owning: number) }

    /// Opens a descriptor for a child that this process has not reaped.
    public init(child pid: ProcessID) throws(Errno) {
        self.descriptor = Descriptor(owning: try check(celeriac_pidfd_open(pid)))
    }

    /// Sends a signal with a value (`pidfd_send_signal(2)`). A process that has ended is not an error.
    public borrowing func send(_ signal: Signal, value: UInt32 = 0) {
        _ = celeriac_pidfd_signal(self.descriptor.number, signal.number, value)
    }

    /// Opens here what the process has open under a number (`pidfd_getfd(2)`).
    public borrowing func take(_ descriptor: CInt) throws(Errno) -> Descriptor {
        Descriptor(owning: try check(celeriac_pidfd_take(self.descriptor.number, descriptor)))
    }

    /// Whether it is a child of this process, alive or not yet reaped (`waitid(2)` with `WNOWAIT`).
    public var isOwnChild: Bool { celeriac_is_child(self.descriptor.number) != 0 }

    /// Reaps the process if it has ended and is a child of the caller.
    public borrowing func reap() -> Exit? {
        var exit = celeriac_exit()
        guard celeriac_wait_pidfd(self.descriptor.number, &exit) == 0, exit.pid != 0 else { return nil }
        return Exit(exit)
    }
}

/// What to start with ``spawn(_:)``.
public struct SpawnRequest: Sendable {
    /// The program: a path, or a name to look up in `PATH` when ``searchesPath``.
    public var path: String
    /// Arguments, the program's own name first.
    public var arguments: [String]
    /// Environment as `NAME=value`.
    public var environment: [String]
    /// Where it starts; `nil` keeps the caller's.
    public var workingDirectory: String?
    /// What becomes its descriptors 3, 4, …; all others above 2 are closed.
    public var descriptors: [CInt] = []
    /// What becomes its descriptors 0, 1 and 2; -1 keeps the caller's.
    public var standard: (CInt, CInt, CInt) = (-1, -1, -1)
    /// Whether it leads a new session.
    public var newSession = false
    /// Whether it leads a new process group.
    public var newGroup = false
    /// Whether to look ``path`` up in `PATH`.
    public var searchesPath = false

    /// A program with its arguments and environment.
    public init(path: String, arguments: [String], environment: [String]) {
        self.path = path
        self.arguments = arguments
        self.environment = environment
    }
}

/// Starts another program with default signal dispositions and an empty signal mask (`posix_spawn(3)`).
public func spawn(_ request: SpawnRequest) throws(Errno) -> ProcessID {
    let arguments = CStringArray(request.arguments)
    let environment = CStringArray(request.environment)
    let directory = request.workingDirectory.map { CStringArray([$0]) }
    let pid = request.path.withCString { path in
        request.descriptors.withUnsafeBufferPointer { descriptors in
            var spawn = celeriac_spawn_request()
            spawn.path = path
            spawn.arguments = UnsafePointer(arguments.pointer)
            spawn.environment = UnsafePointer(environment.pointer)
            spawn.working_directory = directory.flatMap { UnsafePointer($0.pointer[0]) }
            spawn.descriptors = descriptors.baseAddress
            spawn.descriptor_count = CInt(descriptors.count)
            spawn.standard = request.standard
            spawn.new_session = request.newSession ? 1 : 0
            spawn.new_group = request.newGroup ? 1 : 0
            spawn.search_path = request.searchesPath ? 1 : 0
            return celeriac_spawn(&spawn)
        }
    }
    withExtendedLifetime((arguments, environment, directory)) {}
    return try check(pid)
}

/// A null-terminated array of C strings, freed at the end of its life.
private final class CStringArray {
    let pointer: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
    private let count: Int

    init(_ strings: [String]) {
        self.count = strings.count
        self.pointer = .allocate(capacity: strings.count + 1)
        for (index, string) in strings.enumerated() { self.pointer[index] = strdup(string) }
        self.pointer[strings.count] = nil
    }

    deinit {
        for index in 0..<self.count { free(self.pointer[index]) }
        self.pointer.deallocate()
    }
}

/// Asks the kernel to send this process a signal when its parent's thread ends (`PR_SET_PDEATHSIG`).
///
/// The parent may have ended before the call: compare ``parentProcessID`` afterwards.
public func setParentDeathSignal(_ signal: Signal) throws(Errno) {
    try check(celeriac_set_parent_death_signal(signal.number))
}

/// Makes orphaned descendants children of this process (`PR_SET_CHILD_SUBREAPER`).
public func becomeSubreaper() throws(Errno) { try check(celeriac_set_subreaper(1)) }

/// Sets the name that `ps` and `top` show (`PR_SET_NAME`, 15 bytes at most).
public func setProcessName(_ name: String) { _ = celeriac_set_name(name) }

/// Makes this process the leader of a new session and process group (`setsid(2)`).
public func startSession() { setsid() }

/// Ends this process with SIGALRM after so many seconds (`alarm(2)`).
public func limitLifetime(seconds: UInt32) { alarm(seconds) }

/// This process.
public var ownProcessID: ProcessID { getpid() }

/// This process's parent.
public var parentProcessID: ProcessID { getppid() }

/// Ends this process at once, without running exit handlers that belong to the process it was forked from.
public func exitNow(_ code: CInt) -> Never { _exit(code) }
