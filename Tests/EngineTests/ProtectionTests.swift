import EngineSupport
import Glibc
import JSON
import Syscalls
import Testing

extension EngineTests {
    /// The same protections with control groups and without.
    @Suite struct ProtectionTests {
        private static let memory: JSONObject = ["limits": ["memory": "64MiB"]]

        /// Groups of workers that are there now, as directories.
        static var groups: Set<String> {
            let location = ["cpu", "memory", "pids", "freezer", "unified"].map { "/sys/fs/cgroup/\($0)" }
            return Set(location.flatMap(Self.workerGroups))
        }

        private static func workerGroups(_ path: String) -> [String] {
            directoryEntries(path).filter { isDirectory("\(path)/\($0)") }.flatMap { name -> [String] in
                let directory = "\(path)/\(name)"
                return name.hasPrefix("celeriac-") ? [directory] : Self.workerGroups(directory)
            }
        }

        private static func groups(of program: Program) -> [String] {
            Self.groups.filter { $0.hasSuffix("/celeriac-\(program.pid)") }
        }

        @Test(arguments: ProtectionMode.allCases)
        func whoAllocatesTooMuchEndsAloneAndTheCauseIsMemory(mode: ProtectionMode) throws {
            try mode.required()
            let program = try mode.start(.demo, ["-c", "2"])
            program.send(
                call("tasks.sleep", 1, id: "sibling"), call("demo.allocate", 4_096, id: "hog", with: Self.memory))
            let outcome = try program.outcome("hog")
            #expect(outcome.errorType == "MemoryLimitExceeded" && outcome.cause == "memory", "\(outcome.message)")
            #expect(outcome.attempts == 1)
            let peak = outcome.json["peak_memory"]?.integer ?? 0
            #expect((56 << 20...512 << 20).contains(peak), "peak of \(peak)")
            if mode != .off { #expect(peak <= 72 << 20, "peak of \(peak)") }
            #expect(try program.outcome("sibling").state == "SUCCESS")
            #expect(try program.finish() == 1)
            #expect(Self.groups(of: program) == [])
        }

        /// A program that the task starts keeps 200 MiB; the task itself would go on without it.
        @Test(arguments: ProtectionMode.allCases)
        func memoryOfDescendantsCounts(mode: ProtectionMode) throws {
            try mode.required()
            let scratch = try ScratchDirectory()
            let config = try scratch.write(
                """
                [tasks.hog]
                command = ["sh", "-c", "trap '' TERM; head -c 200000000 /dev/zero | tail -n 1 | wc -c; sleep 0.3; echo 1"]
                stdin = "none"
                memory = "64MiB"
                """, to: "celeriac.toml")
            let program = try mode.start(.plain, ["-c", "1", "--config", config])
            program.send(call("hog", id: "a"))
            let outcome = try program.outcome("a")
            #expect(outcome.errorType == "MemoryLimitExceeded" && outcome.cause == "memory", "\(outcome.message)")
            #expect(try program.finish() == 1)
        }

        @Test(arguments: ProtectionMode.allCases)
        func aStormOfForksIsStoppedAndNothingOfItIsLeft(mode: ProtectionMode) throws {
            try mode.required()
            let program = try mode.start(.fixture, ["-c", "2", "--processes", "40"])
            program.send(call("probe.storm", 300, id: "storm"), call("args.none", id: "other"))
            let outcome = try program.outcome("storm")
            #expect(outcome.errorType == "ProcessLimitExceeded", "\(outcome.message)")
            #expect(program.family.count { ProcessTable.name(of: $0) == "storm" } == 0)
            #expect(try program.outcome("other").state == "SUCCESS")
            #expect(try program.finish() == 1)
            #expect(Self.groups(of: program) == [])
        }

        /// A daemon in a session of its own, by double fork, beside a parent that stays.
        @Test(arguments: ProtectionMode.allCases)
        func escapedDescendantsEndWithTheirAttemptAndAreNamed(mode: ProtectionMode) throws {
            try mode.required()
            let program = try mode.start(.fixture, ["-c", "1", "--max-losses", "1"])
            program.send(call("probe.escape", id: "stays"), call("probe.escape", true, id: "dies"))
            let stays = try program.outcome("stays")
            #expect(stays.state == "SUCCESS" && stays.leftovers ?? 0 >= 1)
            let texts = program.records("task.log").compactMap { $0["text"]?.text }
            #expect(texts.contains { $0.contains("escaped") }, "\(texts)")
            let dies = try program.outcome("dies")
            #expect(dies.cause == "exit")
            #expect(program.family.count { ProcessTable.name(of: $0) == "escaped" } == 0)
            let names = program.records("child.leftovers").compactMap { $0["names"]?.text }
            #expect(names.contains { $0.contains("escaped") }, "\(names)")
            #expect(try program.finish() == 1)
        }

        /// Nobody is told of it, and its child lives on.
        @Test(arguments: ProtectionMode.allCases)
        func aProcessThatMadeTheTemplateItsParentEnds(mode: ProtectionMode) throws {
            try mode.required()
            let program = try mode.start(.fixture, ["-c", "1"])
            program.send(call("probe.step_out", id: "a"))
            let pid = try #require(try program.outcome("a").result?.integer)
            try program.wait(for: "its end") { ProcessTable.name(of: ProcessID(pid)) == nil }
            program.send(call("args.none", id: "b"))
            #expect(try program.outcome("b").state == "SUCCESS")
            #expect(try program.finish() == 0)
        }

        /// Of version 1: nothing can be started in a group of version 2 that hands controllers down.
        @Test(arguments: [ProtectionMode.v1])
        func groupsOfADeadWorkerAreSweptByTheNext(mode: ProtectionMode) throws {
            try mode.required()
            let living = try mode.start(.demo, ["-c", "1"])
            try living.wait(forRecords: "child.ready")
            let dead = try mode.start(.demo, ["-c", "1"])
            try dead.wait(forRecords: "child.ready")
            dead.signal(SIGKILL)
            #expect(try dead.finish() == -9)
            #expect(Self.groups(of: dead) != [])
            let next = try mode.start(.demo, ["-c", "1"])
            #expect(try next.finish() == 0)
            #expect(Self.groups(of: dead) == [])
            #expect(Self.groups(of: living) != [])
            living.send(call("tasks.add", 1, 2, id: "a"))
            #expect(try living.outcome("a").state == "SUCCESS")
            #expect(try living.finish() == 0)
            #expect(Self.groups(of: living) == [])
        }

        @Test(arguments: [ProtectionMode.v1, .v2])
        func processorTimeIsRationed(mode: ProtectionMode) throws {
            try mode.required()
            let program = try mode.start(.fixture, ["-c", "1", "--cpu-percent", "20"])
            program.send(call("probe.spin", 1, id: "a"))
            #expect(try program.outcome("a").result?.double ?? 1 < 0.45, "CPU seconds in one second")
            #expect(try program.finish() == 0)
        }

        @Test func childrenAreTheFirstToBeKilledWhenTheMachineHasNoMemory() throws {
            let program = try Program(run: .demo, ["-c", "1"])
            try program.wait(forRecords: "child.ready")
            let child = try #require(program.children.first)
            let template = try #require(program.templates.first)
            #expect(try readTextFile("/proc/\(child)/oom_score_adj") == "900\n")
            let own = try readTextFile("/proc/\(program.pid)/oom_score_adj")
            #expect(try readTextFile("/proc/\(template)/oom_score_adj") == own)
            #expect(try program.finish() == 0)
        }

        @Test func theModeIsInTheLogAndInTheExplanation() throws {
            let run = try Run(.demo, ["--control-groups", "off"], [])
            #expect(run.program.records("worker.protection").first?["mode"] == .string("bare"))
            let explain = try Program(
                command: [Executable.plain.path, "config", "explain", "--json", "--control-groups", "off"],
                expectsOutcomes: false)
            try explain.finish()
            let json = try JSONValue(parsing: Array(explain.outputLines.joined(separator: "\n").utf8)[...])
            #expect(json["protection"]?["mode"] == .string("bare"))
        }
    }
}
