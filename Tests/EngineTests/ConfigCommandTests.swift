import EngineSupport
import JSON
import Testing

extension EngineTests {
    /// `celeriac config` through the real program.
    @Suite struct ConfigCommandTests {
        private func config(
            _ arguments: [String], environment: [String: String] = [:]
        ) throws -> (status: CInt, output: String, errors: String) {
            let program = try Program(
                command: [Executable.plain.path, "config"] + arguments, environment: environment,
                expectsOutcomes: false)
            let status = try program.finish()
            return (status, program.outputLines.joined(separator: "\n"), program.errorText)
        }

        private func file(_ scratch: ScratchDirectory) throws -> String {
            try scratch.write(
                """
                [limits]
                hard_time = "60s"
                memory = "512MiB"

                [tasks."video.transcode"]
                command = ["ffmpeg", "-i", "-", "out.mp4"]
                hard_time = "30m"
                """, to: "celeriac.toml")
        }

        @Test func validConfigurationIsConfirmed() throws {
            let scratch = try ScratchDirectory()
            let result = try self.config(["check", try self.file(scratch)])
            #expect(result == (0, "The configuration is valid.", ""))
        }

        /// The answer of a command is its work.
        @Test func anAnswerThatCannotBeWrittenIsAFailure() throws {
            let scratch = try ScratchDirectory()
            let path = try self.file(scratch)
            let line = "exec \(Executable.plain.path) config check \(path) >/dev/full"
            let program = try Program(command: ["/bin/sh", "-c", line], expectsOutcomes: false)
            #expect(try program.finish() == 3)
            #expect(program.errorText.contains("standard output cannot be written"))
        }

        @Test func everyMistakeIsReportedWithItsPlace() throws {
            let scratch = try ScratchDirectory()
            let path = try scratch.write("[limits]\nhard_tme = \"1s\"\nmemory = 512\n", to: "celeriac.toml")
            let result = try self.config(["check", path])
            #expect(result.status == 2)
            #expect(result.output.isEmpty)
            #expect(result.errors.contains("celeriac.toml:2:1: unknown key 'hard_tme' in [limits]; did you mean"))
            #expect(result.errors.contains("celeriac.toml:3:10: 'memory' must be a size with a unit"))
        }

        @Test func explanationTellsValuesAndTheirSources() throws {
            let scratch = try ScratchDirectory()
            let result = try self.config(
                ["explain", try self.file(scratch), "--result", "1MiB", "-c", "8"],
                environment: ["CELERIAC_RETRY_JITTER": "false"])
            #expect(result.status == 0 && result.errors.isEmpty)
            #expect(result.output.contains("hard_time = \"1m\"  # "))
            #expect(result.output.contains("celeriac.toml:2"))
            #expect(result.output.contains("result = \"1MiB\"  # flag --result"))
            #expect(result.output.contains("jitter = false  # environment CELERIAC_RETRY_JITTER"))
            #expect(result.output.contains("# pool default: 8 children × 512MiB = 4GiB"))
        }

        @Test func explanationIsAvailableAsJSON() throws {
            let scratch = try ScratchDirectory()
            let result = try self.config(["explain", "--json", try self.file(scratch)])
            #expect(result.status == 0)
            let explanation = try JSONValue(parsing: result.output.utf8)
            let settings = explanation["settings"]?.elements ?? []
            let hard = settings.filter { $0["key"] == "hard_time" }
            #expect(Set(hard.compactMap { $0["value"]?.text }) == ["\"1m\"", "\"30m\""])
            #expect(settings.allSatisfy { $0["meaning"]?.text?.isEmpty == false && $0["source"]?.text != nil })
            #expect(explanation["remarks"]?.elements.isEmpty == false)
        }

        @Test func programsOwnTasksAreKnown() throws {
            let scratch = try ScratchDirectory()
            let path = try scratch.write("[tasks.\"tasks.add\"]\nhard_time = \"5s\"\n", to: "celeriac.toml")
            let program = try Program(
                command: [Executable.demo.path, "config", "check", path], expectsOutcomes: false)
            #expect(try program.finish() == 0)
            #expect(program.errorText.isEmpty)
        }
    }
}
