import Glibc
import SandboxPolicy
import Syscalls

/// What a run has needed, and the narrowest profile that would have let it.
public struct Lesson: Equatable, Sendable {
    /// Names of the system calls.
    public private(set) var calls: Set<String> = []
    /// Files and directories that were read, existing ones.
    public private(set) var read: Set<String> = []
    /// Directories in which something was changed or made.
    public private(set) var written: Set<String> = []
    /// TCP ports that were connected to, and bound to.
    public private(set) var connected: Set<UInt16> = []
    public private(set) var bound: Set<UInt16> = []
    /// Whether other sockets of the internet were made than those of TCP.
    public private(set) var usesDatagrams = false

    /// Nothing yet.
    public init() {}

    /// Adds a call.
    public mutating func add(_ call: SeenCall) {
        self.calls.insert(call.name)
        switch call.name {
        case "openat": self.open(call, path: 1, flags: 2)
        case "open": self.open(call, path: 0, flags: 1)
        case "creat", "mkdir", "rmdir", "unlink", "truncate", "chmod": self.change(call, 0)
        case "mkdirat", "unlinkat", "fchmodat", "mknodat": self.change(call, 1)
        case "rename", "link": for argument in [0, 1] { self.change(call, argument) }
        case "renameat", "renameat2", "linkat": for argument in [1, 3] { self.change(call, argument) }
        case "execve": self.see(call, 0)
        case "socket": self.noteSocket(call)
        case "connect": if let port = Self.port(call) { self.connected.insert(port) }
        case "bind": if let port = Self.port(call) { self.bound.insert(port) }
        default: break
        }
    }

    // MARK: Files

    private mutating func open(_ call: SeenCall, path: Int, flags: Int) {
        let changes = CInt(truncatingIfNeeded: call.arguments[flags]) & (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC) != 0
        if changes { self.change(call, path) } else { self.see(call, path) }
    }

    private mutating func see(_ call: SeenCall, _ argument: Int) {
        guard let path = call.text(argument), path.hasPrefix("/"), access(path, F_OK) == 0 else { return }
        self.read.insert(path)
    }

    private mutating func change(_ call: SeenCall, _ argument: Int) {
        guard let path = call.text(argument), path.hasPrefix("/") else { return }
        self.written.insert(path.hasPrefix("/dev/") ? path : Self.directory(path))
    }

    private static func directory(_ path: String) -> String {
        let parent = path.split(separator: "/").dropLast().joined(separator: "/")
        return "/" + parent
    }

    // MARK: Network

    private mutating func noteSocket(_ call: SeenCall) {
        let isInternet = [UInt64(AF_INET), UInt64(AF_INET6)].contains(call.arguments[0])
        if isInternet, call.arguments[1] & 0xf != 1 { self.usesDatagrams = true }
    }

    /// The port of a socket address of the internet.
    private static func port(_ call: SeenCall) -> UInt16? {
        let address = call.bytes(1, count: 4)
        guard address.count == 4, [UInt8(AF_INET), UInt8(AF_INET6)].contains(address[0]), address[1] == 0 else {
            return nil
        }
        let port = UInt16(address[2]) << 8 | UInt16(address[3])
        return port == 0 ? nil : port
    }

    // MARK: The profile

    private static func calls(_ sets: [SystemCallSet]) -> Set<String> { Set(sets.flatMap(\.calls)) }

    private var usesNetwork: Bool { !self.connected.isEmpty || !self.bound.isEmpty || self.usesDatagrams }
    private var writesFiles: Bool {
        let own = Self.calls([.fileWrite]).subtracting(Self.calls([.runtime, .fileRead, .networkClient]))
        return self.written.contains { !$0.hasPrefix("/dev/") } || !self.calls.isDisjoint(with: own)
    }

    /// The built-in profile to begin with: the narrowest in whose direction nothing is missing but names.
    public var base: SandboxProfile {
        SandboxProfile.named(self.usesNetwork ? "worker" : self.writesFiles ? "offline" : "compute") ?? .standard
    }

    /// Sets and calls that ``base`` lacks.
    public var missingCalls: [String] {
        var missing = self.calls.subtracting(Self.calls(self.base.calls.sets)).subtracting(["socket"])
        guard self.calls.contains("execve") else { return missing.sorted() }
        missing.subtract(SystemCallSet.process.calls)
        return [SystemCallSet.process.title] + missing.sorted()
    }

    /// Paths that ``base`` does not let it read, and change.
    public var missingPaths: (read: [String], write: [String]) {
        guard case .only(let rules) = self.base.files else { return ([], []) }
        let write = self.written.filter { path in !rules.contains { $0.isWritable && Self.covers($0.path, path) } }
        let readable = rules.map(\.path) + write
        let read = self.read.filter { path in !readable.contains { Self.covers($0, path) } }
        return (Self.outermost(read), Self.outermost(write))
    }

    private static func covers(_ directory: String, _ path: String) -> Bool {
        path == directory || directory == "/" || path.hasPrefix(directory + "/")
    }

    private static func outermost(_ paths: Set<String>) -> [String] {
        paths.filter { path in !paths.contains { $0 != path && self.covers($0, path) } }.sorted()
    }

    /// The ports, when nothing but TCP was used.
    public var ports: [String]? {
        guard self.usesNetwork, !self.usesDatagrams else { return nil }
        return self.connected.sorted().map { "connect \($0)" } + self.bound.sorted().map { "bind \($0)" }
    }
}
