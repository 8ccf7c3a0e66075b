import EngineSupport
import Glibc
import JSON
import Syscalls
import Testing

extension EngineTests {
    /// Whichever process is killed, no task is lost and none has two outcomes.
    @Suite struct KillTests {
        private static let tasks = 5_000

        private func start(_ arguments: [String] = []) throws -> Program {
            let program = try Program(run: .demo, ["-c", "2"] + arguments)
            program.send((0..<Self.tasks).map { call("tasks.sleep", 0.001, id: "\($0)") })
            return program
        }

        /// Waits for all outcomes, doing something at intervals.
        private func wait(_ program: Program, everyMilliseconds: UInt64, _ fault: () throws -> Bool) throws -> Int {
            var (next, faults) = (monotonicNanoseconds(), 0)
            try program.wait(for: "all outcomes", within: 40) {
                if monotonicNanoseconds() >= next, try fault() {
                    faults += 1
                    next = monotonicNanoseconds() + everyMilliseconds * 1_000_000
                }
                return program.outcomes.count >= Self.tasks
            }
            return faults
        }

        private func expectOneSuccessEach(_ program: Program) throws {
            #expect(try program.finish() == 0)
            #expect(program.outcomes.count == Self.tasks)
            #expect(Set(program.outcomes.compactMap(\.id)).count == Self.tasks)
            #expect(program.outcomes.allSatisfy { $0.state == "SUCCESS" })
        }

        @Test func tasksOfKilledChildrenRunAgain() throws {
            let program = try self.start(["--max-losses", "1000"])
            let kills = try self.wait(program, everyMilliseconds: 40) {
                guard let victim = program.children.randomElement() else { return false }
                program.kill(victim, SIGKILL)
                return true
            }
            #expect(kills > 20)
            try self.expectOneSuccessEach(program)
        }

        @Test func tasksOfAKilledTemplateRunAgain() throws {
            let program = try self.start()
            let kills = try self.wait(program, everyMilliseconds: 300) {
                guard let template = program.templates.first, !program.children.isEmpty else { return false }
                program.kill(template, SIGKILL)
                return true
            }
            #expect(kills > 5)
            try self.expectOneSuccessEach(program)
            #expect(program.outcomes.allSatisfy { $0.attempts == 1 }, "the template's death is no task's fault")
        }

        @Test func nothingOutlivesTheMaster() throws {
            let program = try Program(run: .demo, ["-c", "5"])
            program.send("demo.hang", "demo.stop", "demo.spin", "demo.daemon") { call($0) }
            program.send(call("demo.forks", 5))
            try program.wait(for: "all tasks to run") {
                let states = program.children.map { ProcessList.state(of: $0) }
                let sleepers = program.family.count { ProcessTable.name(of: $0) == "sleep" }
                return states.contains("T") && states.contains("R") && sleepers >= 5
            }
            program.signal(SIGKILL)
            #expect(try program.finish() == -SIGKILL)
        }

        @Test func killedTemplateOfIdleChildrenIsReplaced() throws {
            let program = try Program(run: .demo, ["-c", "2"])
            try program.wait(forRecords: "child.ready", count: 2)
            program.kill(try #require(program.templates.first), SIGKILL)
            try program.wait(forRecords: "child.ready", count: 4)
            program.send((0..<20).map { call("tasks.add", 1, 2, id: "\($0)") })
            #expect(try program.finish() == 0)
            #expect(program.outcomes.count == 20)
        }

        /// It has reaped a child, whose end nobody hears of any more.
        @Test(.enabled(if: faultPointsExist)) func templateMayDieBeforeItTellsOfADeath() throws {
            let program = try Program(
                run: .demo, ["-c", "2"], environment: ["CELERIAC_INTERNAL_FAULT": "childReaped:1:kill"])
            try program.wait(forRecords: "child.ready", count: 2)
            program.kill(try #require(program.children.first), SIGKILL)
            try program.wait(forRecords: "template.lost")
            program.send((0..<20).map { call("tasks.add", 1, 2, id: "\($0)") })
            try program.wait(for: "20 outcomes") { program.outcomes.count == 20 }
            #expect(try program.finish(within: 20) == 0)
        }

        @Test func tasksRunWhileTheTemplateIsStopped() throws {
            let program = try Program(run: .demo, ["-c", "2"])
            try program.wait(forRecords: "child.ready", count: 2)
            let template = try #require(program.templates.first)
            program.kill(template, SIGSTOP)
            program.send((0..<20).map { call("tasks.add", 1, 2, id: "\($0)") })
            try program.wait(for: "20 outcomes") { program.outcomes.count == 20 }
            program.kill(template, SIGCONT)
            #expect(try program.finish() == 0)
        }

        @Test func hardLimitHoldsWhileTheTemplateIsStopped() throws {
            let program = try Program(run: .demo, ["-c", "1", "--hard-time", "200ms"])
            try program.wait(forRecords: "child.ready")
            program.kill(try #require(program.templates.first), SIGSTOP)
            program.send(call("demo.hang", id: "a"), call("tasks.add", 1, 2, id: "b"))
            #expect(try program.outcome("a").cause == "hard_time")
            #expect(try program.outcome("b").result == 3)
            #expect(try program.finish() == 1)
        }

        @Test func workerWithAStoppedTemplateStops() throws {
            let program = try Program(run: .demo, ["-c", "2", "--shutdown-grace", "200ms"])
            try program.wait(forRecords: "child.ready", count: 2)
            program.kill(try #require(program.templates.first), SIGSTOP)
            program.send(call("tasks.add", 1, 2, id: "a"))
            _ = try program.outcome("a")
            #expect(try program.finish(within: 10) == 0)
        }
    }
}

extension Program {
    fileprivate func send(_ tasks: String..., line: (String) -> String) { self.send(tasks.map(line)) }
}
