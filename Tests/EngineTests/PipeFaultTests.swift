import EngineSupport
import Glibc
import JSON
import Syscalls
import Testing

extension EngineTests {
    /// Deaths and pipes that do not fit together: what is in the pipe counts, and nothing waits for it.
    @Suite struct PipeFaultTests {
        private func run(_ task: String, _ more: [String] = []) throws -> Run {
            let lines = [call(task, id: "fault"), call("probe.length", "four", id: "next")]
            let run = try Run(.fixture, ["-c", "1", "--max-losses", "1"] + more, lines, within: 20)
            #expect(run["next"].result == 4)
            #expect(run.outcomes.count == 2)
            return run
        }

        @Test func halfAnOutcomeIsNone() throws {
            let run = try self.run("pipe.half_outcome")
            #expect(run["fault"].errorType == "WorkerLostError" && run["fault"].cause == "killed")
        }

        @Test func secondOutcomeEndsItsChildAndTheFirstOneStands() throws {
            let run = try self.run("pipe.two_outcomes")
            #expect(run["fault"].result == 7)
            let ends = run.program.records("task.killed").compactMap { $0["cause"]?.text }
            #expect(ends.count == 1 && ends[0].contains("broke the pipe protocol"), "\(ends)")
        }

        @Test func outcomeOfAnotherDeliveryEndsItsChild() throws {
            let run = try self.run("pipe.others_outcome")
            #expect(run["fault"].errorType == "WorkerLostError" && run["fault"].cause == "protocol")
        }

        @Test func childThatClosesItsPipeIsEnded() throws {
            let run = try self.run("pipe.close")
            #expect(run["fault"].errorType == "WorkerLostError")
            #expect(run["fault"].runtime ?? 99 < 10, "it would have slept for a minute")
        }

        /// The pipe has no end as long as the copy lives, and the copy is ended with its attempt.
        @Test func whoKeepsThePipeOfADeadChildHoldsUpNothing() throws {
            let run = try self.run("pipe.copy")
            #expect(run["fault"].errorType == "WorkerLostError" && run["fault"].cause == "killed")
        }

        /// One signal may stand for all their deaths.
        @Test func manyChildrenThatDieAtOnceAreAllReplaced() throws {
            let program = try Program(run: .demo, ["-c", "20"])
            try program.wait(forRecords: "child.ready", count: 20, within: 60)
            let victims = program.children
            #expect(victims.count == 20)
            for victim in victims { program.kill(victim, SIGSTOP) }
            for victim in victims { program.kill(victim, SIGKILL) }
            try program.wait(forRecords: "child.ready", count: 40, within: 60)
            program.send((0..<100).map { call("tasks.add", 1, 2, id: "\($0)") })
            #expect(try program.finish() == 0)
            #expect(Set(program.outcomes.compactMap(\.id)).count == 100)
        }

        /// The end of a task and its hard limit fall together: whichever is first, it is the only one.
        @Test func endAtTheLimitIsOneOutcome() throws {
            let lines = (0..<40).map { number in
                call("tasks.sleep", 0.1, id: "\(number)", with: ["limits": ["hard_time": "101ms"]])
            }
            let run = try Run(.demo, ["-c", "4", "--max-losses", "1000"], lines, within: 60)
            #expect(run.outcomes.count == 40 && Set(run.order).count == 40)
            let kinds = Set(run.outcomes.map { $0.errorType ?? $0.state ?? "" })
            #expect(kinds.isSubset(of: ["SUCCESS", "TimeLimitExceeded"]), "\(kinds)")
        }
    }
}
