import EngineSupport
import Glibc
import JSON
import Syscalls
import Testing

/// A task that dies in a certain way, and the cause that must be found.
struct Death: Sendable {
    var task: String
    var arguments: [JSONValue] = []
    var limits: JSONObject = [:]
    var cause: String
    var type = "WorkerLostError"

    var id: String { "\(self.task) \(self.arguments.map(\.description).joined())" }

    var line: String {
        var call: JSONObject = ["task": .string(self.task), "args": .array(self.arguments), "id": .string(self.id)]
        if !self.limits.isEmpty { call["limits"] = .object(self.limits) }
        return JSONValue.object(call).description
    }
}

extension Death {
    static func all(in scratch: ScratchDirectory) -> [Death] {
        self.crashes + self.signals + self.limits
            + [
                Death(
                    task: "death.file", arguments: [.string(scratch.file("large"))], limits: ["file_size": "64KiB"],
                    cause: "file_size", type: "FileSizeLimitExceeded")
            ]
    }

    private static let crashes =
        [
            Death(task: "death.index", cause: "trap"), Death(task: "death.unwrap", cause: "trap"),
            Death(task: "death.overflow", cause: "trap"), Death(task: "death.fatal", cause: "trap"),
            Death(task: "death.thread_trap", cause: "trap"), Death(task: "death.pointer", cause: "segfault"),
            Death(task: "death.recursion", cause: "stack_overflow"), Death(task: "death.abort", cause: "abort"),
            Death(task: "death.double_free", cause: "abort"), Death(task: "death.mapped_file", cause: "bus_error"),
            Death(task: "death.descriptors", limits: ["open_files": 40], cause: "out_of_descriptors"),
            Death(
                task: "death.map", limits: ["memory": "64MiB"], cause: "data_limit", type: "MemoryLimitExceeded"),
        ] + divisions

    private static var divisions: [Death] {
        #if arch(x86_64)
            [Death(task: "death.divide", cause: "arithmetic")]
        #else
            []
        #endif
    }

    private static let signals = [
        Death(task: "death.signal", arguments: [9], cause: "killed"),
        Death(task: "death.signal", arguments: [15], cause: "signal"),
        Death(task: "death.signal", arguments: [1], cause: "signal"),
        Death(task: "death.sent_segfault", cause: "signal"),
        Death(task: "death.exit", arguments: [0], cause: "exit"),
        Death(task: "death.exit", arguments: [3], cause: "exit"), Death(task: "death.orphan_exit", cause: "exit"),
        Death(task: "death.cpu_rlimit", cause: "cpu_rlimit"),
        Death(task: "death.signal", arguments: [31], cause: "sandbox", type: "SandboxViolation"),
    ]

    private static let limits = [
        Death(
            task: "death.deadlock", limits: ["hard_time": "400ms"], cause: "hard_time", type: "TimeLimitExceeded"),
        Death(
            task: "death.async_deadlock", limits: ["hard_time": "400ms"], cause: "hard_time",
            type: "TimeLimitExceeded"),
        Death(
            task: "probe.slow", arguments: [60], limits: ["hard_cpu_time": "200ms"], cause: "hard_cpu_time",
            type: "CPUTimeLimitExceeded"),
    ]
}

extension EngineTests {
    /// What is said of an attempt that ended abnormally.
    @Suite struct DeathTests {
        @Test func eachPlantedCauseIsFound() throws {
            let scratch = try ScratchDirectory()
            let deaths = Death.all(in: scratch)
            let program = try Program(run: .fixture, ["-c", "2", "--max-losses", "1"])
            program.send(deaths.map(\.line))
            program.send((0..<50).map { call("probe.length", "four", id: "\($0)") })
            #expect(try program.finish(within: 120) == 1)
            for death in deaths {
                let outcome = try #require(program.outcomes.first { $0.id == death.id }, "\(death.id)")
                #expect(outcome.cause == death.cause, "\(death.id): \(outcome.message)")
                #expect(outcome.errorType == death.type, "\(death.id)")
                #expect(outcome.json["post_mortem"]?["cause"]?.text == death.cause, "\(death.id)")
                #expect(outcome.json["post_mortem"]?["phase"] == "in the task", "\(death.id)")
            }
            #expect(program.outcomes.count { $0.result == 4 } == 50)
        }

        @Test func breadcrumbsSurviveSIGKILL() throws {
            let run = try Run(.fixture, ["-c", "1", "--max-losses", "1"], [call("death.trail", 40, id: "a")])
            let postMortem = run["a"].json["post_mortem"]
            let crumbs = postMortem?["breadcrumbs"]?.elements ?? []
            #expect(crumbs.count == 31)
            #expect(crumbs.first?["text"] == "step 11")
            #expect(crumbs.last?["text"] == #"\u{1b}[31mred\u{a}lines"#)
            #expect(postMortem?["lost_breadcrumbs"] == 10)
            let times = crumbs.compactMap { $0["time"]?.double }
            #expect(times == times.sorted() && times.last ?? 99 < run["a"].runtime ?? 0 + 1)
        }

        @Test func breadcrumbsOfAnEarlierTaskAreNotTold() throws {
            let run = try Run(
                .fixture, ["-c", "1", "--max-losses", "1"],
                [call("probe.trail_of_slow", 0.15, id: "a"), call("death.signal", 9, id: "b")])
            #expect(run["a"].state == "SUCCESS")
            #expect(run["b"].json["post_mortem"]?["breadcrumbs"] == nil)
        }

        /// Deaf to notices, with all signals blocked, stopped, and in several threads: none can hide where it is.
        @Test(arguments: [
            ("demo.hang", "addHangs", "clock_nanosleep"), ("demo.spin", "addHangs", nil),
            ("demo.stop", "addHangs", nil),
        ])
        func aStackIsTakenBeforeTheHardLimit(task: String, function: String, wait: String?) throws {
            let program = try Program(run: .demo, ["-c", "1"])
            program.send(call(task, id: "a", with: ["limits": ["hard_time": "2s"]]))
            #expect(try program.finish() == 1)
            let outcome = try #require(program.outcomes.first)
            #expect(outcome.runtime ?? 0 >= 2 && outcome.runtime ?? 9 < 2.25)
            let postMortem = outcome.json["post_mortem"]
            let stack = (postMortem?["stack"]?.elements ?? []).compactMap(\.text)
            #expect(stack.first == "main thread")
            #expect(stack.contains { $0.contains(function) && $0.contains("FaultTasks.swift:") }, "\(stack)")
            if let wait {
                #expect(postMortem?["processes"]?.elements.first?["wait"]?.text?.contains(wait) == true)
            }
        }

        /// Names of a backtrace take a while to find; the outcome waits for them, and the worker's end for the outcome.
        @Test func anEndThatIsBeingExplainedIsNotLostAtAStop() throws {
            let program = try Program(run: .fixture, ["-c", "1", "--max-losses", "1"])
            program.send(call("death.fatal", id: "a"))
            try program.wait(forRecords: "child.exited")
            program.signal(15)
            _ = try program.finish()
            #expect(program.outcomes.map(\.id) == ["a"] && program.outcomes.first?.cause == "trap")
        }

        @Test func aTaskThatIsNotStuckIsNotLookedAt() throws {
            let run = try Run(.fixture, ["-c", "1", "--hard-time", "5s"], [call("probe.length", "four", id: "a")])
            #expect(run["a"].json["post_mortem"] == nil)
        }
    }
}
