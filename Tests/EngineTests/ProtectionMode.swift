import EngineSupport
import Syscalls
import Testing

/// How limits are kept: every protection holds in each.
enum ProtectionMode: String, CaseIterable, CustomTestStringConvertible {
    case off
    case v1
    case v2

    var testDescription: String { self.rawValue }

    /// A `run` with this protection. For version 2 it starts in a group of its own, as a service manager would have it.
    func start(
        _ executable: Executable, _ arguments: [String], environment: [String: String] = [:]
    ) throws -> Program {
        let flags = ["run", "--log-format", "json", "--log-level", "debug", "--control-groups", self.rawValue]
        let command = [executable.path] + flags + arguments
        guard self == .v2, let top = Self.top else {
            return try Program(command: command, environment: environment)
        }
        let tests = "\(top)/celeriac-tests"
        let group = "\(tests)-\(UInt32.random(in: 0 ... .max))"
        // Groups of programs that are gone are empty.
        let line = "rmdir \(tests)-*; mkdir \(group) && echo 0 > \(group)/cgroup.procs && exec \"$@\""
        return try Program(command: ["/bin/sh", "-c", line, "sh"] + command, environment: environment)
    }

    /// Where groups of version 2 with the memory controller can be made.
    private static let top: String? = {
        ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"].first { path in
            let controllers = (try? readTextFile(path + "/cgroup.subtree_control")) ?? ""
            return controllers.contains("memory") && isChangeable(path)
        }
    }()

    /// Why the machine does not have it, as the program says itself.
    private static let unavailable: [ProtectionMode: String] = {
        var found: [ProtectionMode: String] = [:]
        for mode in Self.allCases {
            guard let program = try? mode.start(.demo, ["-c", "1"]) else { continue }
            if (try? program.finish()) != 0 { found[mode] = program.errorText }
        }
        return found
    }()

    /// Ends the test, with the reason, where the machine does not have it.
    func required() throws {
        if let reason = Self.unavailable[self] { try Test.cancel("\(reason)") }
    }
}
