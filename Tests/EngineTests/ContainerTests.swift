import EngineSupport
import Glibc
import JSON
import Syscalls
import Testing

/// A control group of version 1 around a whole worker, as a container has.
private final class Container {
    let directory: String
    private let controller: String

    /// `nil` where none can be made.
    init?(_ controller: String, _ settings: [String: String]) throws {
        self.controller = controller
        guard let parent = Self.own(controller), isChangeable(parent) else { return nil }
        self.directory = "\(parent)/container-test-\(UInt32.random(in: 0 ... .max))"
        try makeDirectory(self.directory)
        for (name, text) in settings { try self.set(name, text) }
    }

    /// This process's group of a controller that is mounted where it usually is.
    private static func own(_ controller: String) -> String? {
        guard let text = try? readTextFile("/proc/self/cgroup") else { return nil }
        let line = text.split(separator: "\n").first { $0.contains(":\(controller):") }
        let path = line?.split(separator: ":", maxSplits: 2).last.map { $0 == "/" ? "" : String($0) }
        return path.map { "/sys/fs/cgroup/\(controller)\($0)" }.flatMap { isDirectory($0) ? $0 : nil }
    }

    func set(_ name: String, _ text: String) throws { try writeText(text, to: "\(self.directory)/\(name)") }

    func read(_ name: String) throws -> String { try readTextFile("\(self.directory)/\(name)") }

    /// A `run` in it.
    func start(_ executable: Executable, _ arguments: [String]) throws -> Program {
        let line = "echo 0 > \(self.directory)/cgroup.procs; exec \"$@\""
        let flags = ["run", "--log-format", "json", "--log-level", "debug"]
        return try Program(command: ["/bin/sh", "-c", line, "sh", executable.path] + flags + arguments)
    }

    deinit { try? removeDirectory(self.directory) }
}

extension EngineTests {
    /// What a worker makes of the limits around it.
    @Suite struct ContainerTests {
        /// Tasks without limits of their own fill a container; the kernel never has to choose.
        @Test func theWorstOffenderEndsBeforeTheContainerIsFull() throws {
            guard let container = try Container("memory", ["memory.limit_in_bytes": "\(512 << 20)"]) else {
                try Test.cancel("no memory controller of version 1 is writable")
            }
            let flags = ["-c", "3", "--max-losses", "1", "--memory-budget", "10GiB", "--control-groups", "off"]
            let program = try container.start(.fixture, flags)
            program.send(call("probe.large", 60, 6, id: "modest"))
            program.send(call("probe.creep", 4, 600, id: "greedy"))
            let greedy = try program.outcome("greedy", within: 60)
            #expect(greedy.cause == "memory_shortage", "\(greedy.message)")
            #expect(try program.outcome("modest").state == "SUCCESS")
            #expect(program.records("memory.short").count >= 1)
            #expect(try program.finish() == 1)
            #expect(try container.read("memory.oom_control").contains("oom_kill 0\n"))
        }

        @Test func childrenFollowTheQuota() throws {
            guard availableProcessors() > 1,
                let container = try Container("cpu", ["cpu.cfs_quota_us": "100000"])
            else { try Test.cancel("no cpu controller of version 1 is writable, or there is one processor only") }
            let program = try container.start(.demo, ["-c", "auto"])
            try program.wait(forRecords: "child.ready")
            #expect(program.records("child.ready").count == 1)
            try container.set("cpu.cfs_quota_us", "200000")
            try program.wait(forRecords: "pool.resized")
            try program.wait(forRecords: "child.ready", count: 2)
            #expect(try program.finish() == 0)
        }
    }
}
