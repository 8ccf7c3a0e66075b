import EngineSupport
import Glibc
import JSON
import Syscalls
import Testing

extension EngineTests {
    /// What the kernel keeps of a memory limit when the master cannot look (`RLIMIT_DATA`).
    @Suite struct MemoryTests {
        private static let limits: JSONObject = ["limits": ["memory": "64MiB"]]

        /// The master sleeps while the task allocates without end.
        @Test func whoOutrunsTheMeasurementsIsStoppedByTheKernel() throws {
            let scratch = try ScratchDirectory()
            let program = try Program(run: .fixture, ["-c", "1", "--control-groups", "off"])
            program.send(call("probe.hog", .string(scratch.file("gate")), id: "hog", with: Self.limits))
            try program.wait(forRecords: "task.output")
            let child = try #require(program.children.first)
            program.signal(SIGSTOP)
            try scratch.write("", to: "gate")
            try program.wait(for: "the child's end") { ProcessList.start(of: child) == nil }
            program.signal(SIGCONT)
            program.send(call("args.none", id: "next"))
            let outcome = try program.outcome("hog")
            #expect(outcome.errorType == "MemoryLimitExceeded" && outcome.cause == "memory")
            #expect(outcome.attempts == 1)
            let peak = outcome.json["peak_memory"]?.integer ?? 0
            #expect((1 << 29...2 << 30).contains(peak), "peak of \(peak)")
            #expect(try program.outcome("next").state == "SUCCESS")
            #expect(try program.finish() == 1)
        }

        @Test func theLimitIsThatOfTheAttempt() throws {
            let run = try Run(
                .fixture, ["-c", "1"],
                [
                    call("probe.data_limit", id: "a", with: Self.limits), call("probe.data_limit", id: "b"),
                    call("probe.data_limit", id: "c", with: ["limits": ["memory": "2GiB"]]),
                ])
            #expect(Set(run.outcomes.compactMap(\.pid)).count == 1)
            let found = ["a", "b", "c"].map { run[$0].result?.integer ?? 0 }
            #expect(found[0] > 1 << 30 && found[1] == -1 && found[2] > found[0] + 1 << 30)
        }

        /// The slack holds what threads map without using it.
        @Test func threadsOfDispatchAndSwiftTasksRunWithinTheLimit() throws {
            let run = try Run(
                .fixture, ["-c", "1", "--child-concurrency", "3"],
                (0..<6).map { call("probe.threads", 20, id: "\($0)", with: Self.limits) })
            #expect(run.status == 0 && run.outcomes.count == 6)
        }

        @Test func aCommandInheritsTheLimit() throws {
            let scratch = try ScratchDirectory()
            let config = try scratch.write(
                """
                [tasks.limit]
                command = ["sh", "-c", "ulimit -d"]
                stdin = "none"
                memory = "64MiB"
                """, to: "celeriac.toml")
            let run = try Run(.plain, ["--config", config], [call("limit", id: "a")])
            #expect(run["a"].result?.integer ?? 0 > 1 << 20, "in KiB")
        }
    }
}
