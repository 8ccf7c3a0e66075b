import EngineSupport
import JSON
import Testing

extension EngineTests {
    /// What becomes of messages, and of tasks, that kill children.
    @Suite struct QuarantineTests {
        @Test func theSecondTimeATaskRunsAloneWithTwiceTheTimeAndTraces() throws {
            let scratch = try ScratchDirectory()
            let run = try Run(
                .fixture, ["-c", "1", "--hard-time", "4s"],
                [
                    call("death.second_time", .string(scratch.file("mark")), id: "a"),
                    call("probe.length", "four", id: "b"),
                ]
            )
            #expect(run["a"].result == ["true", "true"])
            #expect(run["a"].attempts == 2)
            #expect(run["b"].result == 4)
            #expect(run["a"].pid != run["b"].pid, "its child exits after it")
        }

        @Test func tracesAreInThePostMortem() throws {
            let run = try Run(.fixture, ["-c", "1"], [call("death.traced", id: "a")])
            let crumbs = run["a"].json["post_mortem"]?["breadcrumbs"]?.elements.compactMap { $0["text"]?.text } ?? []
            #expect(crumbs.contains("logs on my way"), "\(crumbs)")
            #expect(run["a"].json["post_mortem"]?["losses"] == 1)
            #expect(run.program.records("task.post.mortem").count == 2)
        }

        /// In a pool whose children run several tasks, one that has killed its child gets one to itself.
        @Test func itIsAloneAmongAsyncTasks() throws {
            let scratch = try ScratchDirectory()
            let mark = scratch.file("mark")
            let program = try Program(run: .fixture, ["-c", "2", "--child-concurrency", "4", "--max-losses", "3"])
            try program.wait(forRecords: "child.ready", count: 2)
            program.send((0..<8).map { call("probe.interval", 0.3, id: "\($0)") })
            program.send(call("death.second_time", .string(mark), id: "a"))
            program.send((8..<24).map { call("probe.interval", 0.05, id: "\($0)") })
            #expect(try program.finish(within: 60) == 0)
            let outcome = try #require(program.outcomes.first { $0.id == "a" })
            #expect(outcome.attempts == 2)
            #expect(program.outcomes.last { $0.pid == outcome.pid }?.id == "a", "nothing ran behind it")
        }

        @Test func aTaskThatKeepsKillingIsHeldBackAndOthersGoOn() throws {
            let scratch = try ScratchDirectory()
            let mark = scratch.file("mark")
            let program = try Program(
                run: .fixture,
                ["-c", "2", "--max-losses", "1", "--breaker", "3", "--breaker-wait", "300ms"])
            program.send((0..<20).map { call("death.until", .string(mark), id: "\($0)") })
            program.send((0..<100).map { call("probe.length", "four", id: "other \($0)") })
            try program.wait(for: "all others") { program.outcomes.count { $0.result == 4 } == 100 }
            try program.wait(forRecords: "task.held", count: 2)
            let lost = program.outcomes.count { $0.cause == "killed" }
            #expect(lost < 10, "\(lost) of 20 were lost")
            _ = try scratch.write("", to: "mark")
            #expect(try program.finish(within: 60) == 1)
            #expect(program.outcomes.count == 120)
            #expect(program.outcomes.allSatisfy { $0.attempts == 1 }, "to wait counts nothing")
            #expect(program.outcomes.count { $0.result == "alive" } >= 10)
            #expect(program.records("task.held.over").count >= 1)
        }
    }
}
