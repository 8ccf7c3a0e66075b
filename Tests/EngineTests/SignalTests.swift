import EngineSupport
import Glibc
import JSON
import Syscalls
import Testing

extension EngineTests {
    /// What signals to the master do.
    @Suite struct SignalTests {
        /// A program with one task held at a gate, which is ready to be opened.
        private func atTheGate(
            _ scratch: ScratchDirectory, _ arguments: [String] = ["-c", "1"]
        ) throws -> (program: Program, open: () throws -> Void) {
            let program = try Program(run: .fixture, arguments)
            program.send(call("probe.gate", .string(scratch.file("gate")), id: "held"))
            try program.wait(for: "the task at the gate") {
                program.records("task.output").contains { $0["text"] == "at the gate" }
            }
            return (program, { try scratch.write("", to: "gate") })
        }

        @Test(arguments: [SIGTERM, SIGINT])
        func runningTaskFinishesAndInputStaysUnread(signal: CInt) throws {
            let scratch = try ScratchDirectory()
            let (program, open) = try self.atTheGate(scratch)
            program.signal(signal)
            try program.wait(forRecords: "shutdown.requested")
            let unread = [call("args.none", id: "unread"), call("args.none", id: "unread too")]
            program.send(unread)
            try program.wait(for: "the pipe to have them") { program.unsentBytes == 0 }
            try open()
            #expect(try program.finish() == 4)
            #expect(program.outcomes.map(\.id) == ["held"])
            #expect(program.outcomes.first?.state == "SUCCESS")
            #expect(try program.unreadInput() == unread.joined(separator: "\n") + "\n")
        }

        @Test func waitingMessagesAreNotRunAfterATermination() throws {
            let scratch = try ScratchDirectory()
            let (program, open) = try self.atTheGate(scratch)
            program.send((0..<10).map { call("args.none", id: "\($0)") })
            try self.waitForState(program, waiting: 10)
            program.signal(SIGTERM)
            try program.wait(forRecords: "shutdown.requested")
            try open()
            #expect(try program.finish() == 4)
            #expect(program.outcomes.map(\.id) == ["held"])
            #expect(program.records("run.finished").first?["unfinished"] == "10")
        }

        /// Asks for the state until so many messages wait in memory.
        private func waitForState(_ program: Program, waiting: Int) throws {
            try program.wait(for: "\(waiting) waiting messages") {
                let states = program.records("state.worker")
                if states.last?["waiting"] == .string("\(waiting)") { return true }
                program.signal(SIGUSR1)
                return false
            }
        }

        @Test func furtherTerminationsEscalate() throws {
            let program = try Program(run: .demo, ["-c", "1"])
            program.send(call("tasks.add", 1, 2, id: "a"), call("demo.hang", id: "b"))
            _ = try program.outcome("a")
            for count in 1...3 {
                program.signal(SIGTERM)
                try program.wait(forRecords: "shutdown.requested", count: count)
            }
            #expect(try program.finish(within: 2) == 4)
            #expect(program.outcomes.map(\.id) == ["a"], "the killed task can run again")
            #expect(program.records("shutdown.stage").compactMap { $0["stage"]?.text } == ["warm", "cold", "hard"])
        }

        @Test func secondInterruptCancelsRunningTasks() throws {
            let program = try Program(run: .fixture, ["-c", "1"])
            program.send(call("args.none", id: "a"), call("probe.interval", 1_000, id: "b"))
            _ = try program.outcome("a")
            program.signal(SIGINT)
            try program.wait(forRecords: "shutdown.requested")
            program.signal(SIGINT)
            #expect(try program.finish(within: 3) == 4)
            #expect(program.outcomes.map(\.id) == ["a"])
        }

        @Test func graceEndsByItself() throws {
            let program = try Program(run: .fixture, ["-c", "1", "--shutdown-grace", "200ms"])
            program.send(call("args.none", id: "a"), call("probe.interval", 1_000, id: "b"))
            _ = try program.outcome("a")
            program.signal(SIGTERM)
            #expect(try program.finish(within: 3) == 4)
            #expect(program.records("shutdown.stage").compactMap { $0["stage"]?.text } == ["warm", "cold"])
        }

        @Test func coldShutdownKillsATaskThatDoesNotHeed() throws {
            let program = try Program(run: .demo, ["-c", "1"])
            program.send(call("tasks.add", 1, 2, id: "a"), call("demo.hang", id: "b"))
            _ = try program.outcome("a")
            program.signal(SIGQUIT)
            #expect(try program.finish(within: 7) == 4)
            #expect(program.outcomes.map(\.id) == ["a"])
        }

        @Test func quitIsNoFailureOfTheCancelledTask() throws {
            let program = try Program(run: .fixture, ["-c", "2"])
            try program.wait(forRecords: "child.ready", count: 2)
            program.send(call("probe.interval", 1_000, id: "a"), call("probe.poll", id: "b"))
            try program.wait(for: "both tasks") {
                program.signal(SIGUSR1)
                return program.records("state.worker").last?["running"] == "2"
            }
            program.signal(SIGQUIT)
            #expect(try program.finish(within: 3) == 4)
            #expect(program.outcomes.map(\.id) == ["b"], "one heeded the notice and succeeded")
            #expect(program.outcomes.first?.state == "SUCCESS")
        }

        @Test func terminalSignalsResizeThePool() throws {
            let program = try Program(run: .demo, ["-c", "2"])
            try program.wait(for: "2 children") { program.children.count == 2 }
            program.signal(SIGTTIN)
            try program.wait(for: "3 children") { program.children.count == 3 }
            for size in [2, 1] {
                program.signal(SIGTTOU)
                try program.wait(for: "\(size) children") { program.children.count == size }
            }
            program.signal(SIGTTOU)
            try program.wait(forRecords: "pool.resized", count: 4)
            program.send((0..<20).map { call("tasks.add", 1, 2, id: "\($0)") })
            #expect(try program.finish() == 0)
            #expect(program.outcomes.count == 20)
            #expect(Set(program.outcomes.compactMap(\.pid)).count == 1, "one child always stays")
        }

        @Test func stateIsWrittenOnRequest() throws {
            let scratch = try ScratchDirectory()
            let (program, open) = try self.atTheGate(scratch, ["-c", "2"])
            try program.wait(forRecords: "child.ready", count: 2)
            program.signal(SIGUSR1)
            let children = try program.wait(forRecords: "state.child", count: 2)
            #expect(program.records("state.worker").first?["running"] == "1")
            #expect(program.records("state.pool").first?["concurrency"] == "2")
            #expect(children.contains { $0["running"]?.text?.contains("probe.gate[held] for ") == true })
            try open()
            #expect(try program.finish() == 0)
        }

        @Test func groupInterruptDoesNotReachTasks() throws {
            let scratch = try ScratchDirectory()
            let (program, open) = try self.atTheGate(scratch)
            let child = program.children
            program.signalGroup(SIGINT)
            try program.wait(forRecords: "shutdown.requested")
            #expect(program.children == child && child.count == 1)
            try open()
            #expect(try program.finish() == 4)
            #expect(program.outcomes.first?.state == "SUCCESS")
            #expect(program.records("template.lost").isEmpty)
        }

        @Test func childrenAreDeafToWhatIsMeantForTheMaster() throws {
            let scratch = try ScratchDirectory()
            let (program, open) = try self.atTheGate(scratch)
            for signal in [SIGINT, SIGTERM, SIGQUIT, SIGHUP, SIGUSR1] {
                for pid in program.children + program.templates { program.kill(pid, signal) }
            }
            try open()
            #expect(try program.finish() == 0)
            #expect(program.outcomes.first?.attempts == 1)
            #expect(program.records("template.lost").isEmpty)
        }
    }
}
