import EngineSupport
import Glibc
import JSON
import Testing

extension EngineTests {
    /// SIGHUP: new configuration without a pause.
    @Suite struct ReloadTests {
        private func start(_ scratch: ScratchDirectory, _ configuration: String) throws -> Program {
            let config = try scratch.write(configuration, to: "celeriac.toml")
            let program = try Program(run: .demo, ["-c", "2", "--config", config])
            try program.wait(forRecords: "child.ready", count: 2)
            return program
        }

        /// The others have none: on a busy machine any task may take so long.
        private static func limited(to time: String) -> String { "[tasks.\"demo.hang\"]\nhard_time = \"\(time)\"\n" }

        @Test func changedLimitHoldsForLaterTasksAndNoneIsLost() throws {
            let scratch = try ScratchDirectory()
            let program = try self.start(scratch, Self.limited(to: "150ms"))
            program.send(call("demo.hang", id: "before"))
            #expect(try program.outcome("before").message == "hard time limit of 150ms")
            let before = Set(program.children)
            program.send((0..<400).map { call("tasks.sleep", 0.004, id: "\($0)") })
            try program.wait(for: "the first tasks") { program.outcomes.count > 20 }
            try scratch.write(Self.limited(to: "250ms"), to: "celeriac.toml")
            program.signal(SIGHUP)
            try program.wait(forRecords: "reload.done")
            program.send(call("demo.hang", id: "after"))
            #expect(try program.outcome("after").message == "hard time limit of 250ms")
            try program.wait(for: "new children only") {
                before.isDisjoint(with: program.children) && program.templates.count == 1
            }
            #expect(try program.finish() == 1)
            let others = program.outcomes.filter { $0.task == "tasks.sleep" }
            #expect(others.count == 400 && others.allSatisfy { $0.state == "SUCCESS" && $0.attempts == 1 })
        }

        @Test(arguments: ["[limits]\nhard_tme = \"1s\"\n", "[limits\n", nil])
        func brokenConfigurationChangesNothing(configuration: String?) throws {
            let scratch = try ScratchDirectory()
            let program = try self.start(scratch, "[limits]\nhard_time = \"150ms\"\n")
            let children = Set(program.children)
            if let configuration {
                try scratch.write(configuration, to: "celeriac.toml")
            } else {
                #expect(unlink(scratch.file("celeriac.toml")) == 0)
            }
            program.signal(SIGHUP)
            try program.wait(forRecords: "reload.failed")
            program.send(call("tasks.add", 1, 2, id: "a"))
            #expect(try program.outcome("a").result == 3)
            #expect(Set(program.children) == children)
            program.send(call("demo.hang", id: "b"))
            #expect(try program.outcome("b").message == "hard time limit of 150ms")
            try scratch.write("[limits]\nhard_time = \"250ms\"\n", to: "celeriac.toml")
            program.signal(SIGHUP)
            try program.wait(forRecords: "reload.done")
            #expect(try program.finish() == 1)
        }

        /// The template starts with the new configuration, and its children do not: all stays as it was.
        @Test func configurationWhoseChildrenDoNotStartIsTakenBack() throws {
            let scratch = try ScratchDirectory()
            let config = try scratch.write("[limits]\nhard_time = \"150ms\"\n", to: "celeriac.toml")
            let program = try Program(
                run: .fixture, ["-c", "1", "--config", config],
                environment: [
                    "ENGINE_FIXTURE": "prepare-throws-later", "ENGINE_FIXTURE_FILE": scratch.file("fault"),
                ])
            try program.wait(forRecords: "child.ready", count: 1)
            try scratch.write("", to: "fault")
            try scratch.write("[limits]\nhard_time = \"10s\"\n", to: "celeriac.toml")
            program.signal(SIGHUP)
            try program.wait(forRecords: "reload.undone")
            #expect(unlink(scratch.file("fault")) == 0)
            program.send(call("probe.slow", 5, id: "a"))
            #expect(try program.outcome("a").message == "hard time limit of 150ms")
            try program.wait(for: "the end of the new template") { program.templates.count == 1 }
            #expect(try program.finish() == 1)
        }

        @Test func reloadThatChangesTheTasksIsRefused() throws {
            let scratch = try ScratchDirectory()
            let program = try self.start(scratch, "")
            try scratch.write("[tasks.extra]\ncommand = [\"true\"]\n", to: "celeriac.toml")
            program.signal(SIGHUP)
            try program.wait(for: "the refusal") { program.errorText.contains("cannot add or remove tasks") }
            program.send(call("tasks.add", 1, 2, id: "a"))
            #expect(try program.outcome("a").result == 3)
            #expect(try program.finish() == 0)
        }

        @Test func reloadWithoutAFileReplacesTheChildren() throws {
            let program = try Program(run: .demo, ["-c", "2"])
            try program.wait(forRecords: "child.ready", count: 2)
            let before = Set(program.children)
            program.signal(SIGHUP)
            try program.wait(for: "new children only") {
                program.children.count == 2 && before.isDisjoint(with: program.children)
            }
            program.send(call("tasks.add", 1, 2, id: "a"))
            #expect(try program.finish() == 0)
        }
    }
}
