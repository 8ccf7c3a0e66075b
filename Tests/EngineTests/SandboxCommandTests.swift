import EngineSupport
import JSON
import Testing

extension EngineTests {
    /// `celeriac sandbox`: what a profile is said to do, and what it is seen to do.
    @Suite struct SandboxCommandTests {
        private struct Answer {
            let status: CInt
            let text: String
            let errors: String

            func json() throws -> JSONValue { try JSONValue(parsing: self.text.utf8) }
        }

        private func sandbox(_ arguments: [String]) throws -> Answer {
            let command = [Executable.fixture.path, "sandbox"] + arguments
            let program = try Program(command: command, expectsOutcomes: false)
            let status = try program.finish(within: 60)
            return Answer(
                status: status, text: program.outputLines.joined(separator: "\n"), errors: program.errorText)
        }

        @Test(arguments: ["basic", "worker", "offline", "compute", "strict"])
        func whatIsExplainedIsWhatIsForbidden(profile: String) throws {
            let explained = try self.sandbox(["explain", "--json", profile]).json()
            let steps = explained["steps"]?.elements.compactMap { $0["step"]?.text } ?? []
            #expect(steps.contains("seccomp") && steps.contains("privileges"))
            #expect(steps.contains("landlock") == (profile != "basic"))
            let tried = try self.sandbox(["test", "--json", profile])
            #expect(tried.status == 0, "\(tried.text)")
            let acts = try tried.json()["acts"]?.elements ?? []
            #expect(acts.count >= 40)
            let holes = acts.filter { $0["forbidden"] == true && $0["outcome"] == "allowed" }
            #expect(holes.isEmpty, "\(holes)")
        }

        /// Without a sandbox acts succeed, so that "forbidden" is no word for everything.
        @Test func withoutASandboxActsAreDone() throws {
            let acts = try self.sandbox(["test", "--json", "none"]).json()["acts"]?.elements ?? []
            #expect(acts.allSatisfy { $0["forbidden"] == false })
            #expect(acts.contains { $0["outcome"] == "allowed" })
        }

        @Test func aTaskStandsForItsProfile() throws {
            let scratch = try ScratchDirectory()
            let config = try scratch.write("[tasks.\"args.none\"]\nsandbox = \"strict\"\n", to: "celeriac.toml")
            let answer = try self.sandbox(["explain", "--config", config, "--json", "args.none"])
            #expect(try answer.json()["profile"] == "strict")
        }

        @Test func anUnknownProfileIsAnErrorThatNamesTheKnownOnes() throws {
            let answer = try self.sandbox(["explain", "wroker"])
            #expect(answer.status == 2 && answer.text.isEmpty)
            #expect(answer.errors.contains("'wroker'") && answer.errors.contains("worker"), "\(answer.errors)")
        }

        @Test func aCommandsProfileIsLearned() throws {
            let scratch = try ScratchDirectory()
            let file = try scratch.write("", to: "read.me")
            let answer = try self.sandbox(["learn", "--json", "--", "cat", file])
            #expect(answer.status == 0, "\(answer.errors)")
            let lesson = try answer.json()
            #expect(lesson["calls"]?.elements.contains("execve") == true)
            #expect(lesson["read"]?.elements.contains { file.hasPrefix($0.text ?? "-") } == true, "\(answer.text)")
        }

        /// What was learned is enough to run it again.
        @Test func aTaskRunsInTheProfileThatItsRunHasTaught() throws {
            let scratch = try ScratchDirectory()
            let learned = try self.sandbox(["learn", "--task", "args.named", "--args", "[\"Ada\", \"Hi\", 2]"])
            #expect(learned.status == 0, "\(learned.errors)")
            let profile = learned.text + "\n[tasks.\"args.named\"]\nsandbox = \"args.named\"\n"
            let config = try scratch.write(profile, to: "celeriac.toml")
            let run = try Run(.fixture, ["--config", config], [call("args.named", "Ada", "Hi", 2, id: "a")])
            #expect(run["a"].state == "SUCCESS", "\(run["a"].json)")
        }

        @Test func aCommandThatIsNotThereIsNotLearned() throws {
            let answer = try self.sandbox(["learn", "--", "no-such-command"])
            #expect(answer.status == 3 && answer.text.isEmpty)
            #expect(answer.errors.contains("cannot start no-such-command: No such file or directory"))
        }

        @Test func learningHasAHelpText() throws {
            let answer = try self.sandbox(["learn", "--help"])
            #expect(answer.status == 0 && answer.text.contains("USAGE"))
        }
    }
}
