import EngineSupport
import JSON
import Testing

extension EngineTests {
    /// Slow is told from stuck by what the process does.
    @Suite struct WatchdogTests {
        private static let kill = ["-c", "2", "--stuck-after", "600ms", "--when-stuck", "kill"]

        @Test(arguments: ["death.deadlock", "death.async_deadlock"])
        func aStuckTaskIsKilledAndTold(task: String) throws {
            let run = try Run(.fixture, Self.kill, [call(task, id: "a")])
            #expect(run["a"].cause == "stuck")
            #expect(run["a"].errorType == "TaskStuck")
            let stack = run["a"].json["post_mortem"]?["stack"]?.elements ?? []
            #expect(stack.first == "main thread")
            let process = run["a"].json["post_mortem"]?["processes"]?.elements.first
            #expect(process?["state"] == "sleeping")
            if task == "death.deadlock" {
                #expect(stack.contains { $0.text?.contains("waitForever") == true }, "\(stack)")
                #expect(process?["wait"]?.text?.contains("futex") == true)
            }
        }

        @Test func aStoppedTaskIsStuck() throws {
            let run = try Run(.demo, Self.kill, [call("demo.stop", id: "a")])
            #expect(run["a"].cause == "stuck")
            #expect(run["a"].json["post_mortem"]?["processes"]?.elements.first?["state"] == "stopped")
        }

        @Test(arguments: ["probe.slow", "probe.trail_of_slow"])
        func aSlowTaskIsNotStuck(task: String) throws {
            let run = try Run(.fixture, Self.kill, [call(task, 2.5, id: "a")])
            #expect(run["a"].state == "SUCCESS", "\(run["a"].message)")
            #expect(run.program.records("task.stuck").isEmpty)
        }

        @Test func aCommandThatWorksIsNotStuck() throws {
            let scratch = try ScratchDirectory()
            let config = try scratch.write(
                """
                [tasks.work]
                command = ["sh", "-c", "for i in 1 2 3 4 5 6 7 8 9 10; do sleep 0.2; echo $i; done"]
                [tasks.wait]
                command = ["sleep", "1000"]
                """, to: "celeriac.toml")
            let run = try Run(
                .plain, ["--config", config] + Self.kill, [call("work", id: "a"), call("wait", id: "b")])
            #expect(run["a"].state == "SUCCESS")
            #expect(run["b"].cause == "stuck")
            let names = run["b"].json["post_mortem"]?["processes"]?.elements.compactMap { $0["name"]?.text }
            #expect(names?.contains("sleep") == true)
        }

        @Test func aWarningTellsWhereItIs() throws {
            let program = try Program(run: .fixture, ["-c", "1", "--stuck-after", "400ms", "--hard-time", "4s"])
            program.send(call("death.deadlock", id: "a"))
            try program.wait(forRecords: "task.stuck")
            let record = try #require(program.records("task.stuck").first)
            #expect(record["at"]?.text?.contains("waitForever") == true, "\(record)")
            #expect(record["task.id"] == "a")
            #expect(try program.outcome("a").cause == "hard_time")
            #expect(try program.finish() == 1)
            #expect(program.records("task.stuck").count == 1)
        }
    }
}
