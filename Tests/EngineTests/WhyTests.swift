import EngineSupport
import JSON
import Testing

extension EngineTests {
    /// `why` on files.
    @Suite struct WhyTests {
        private func why(_ arguments: String...) throws -> (status: CInt, lines: [String], errors: String) {
            let program = try Program(command: [Executable.fixture.path, "why"] + arguments, expectsOutcomes: false)
            return (try program.finish(), program.outputLines, program.errorText)
        }

        @Test func aJournalTellsWhy() throws {
            let scratch = try ScratchDirectory()
            let journal = scratch.file("run.journal")
            _ = try Run(
                .fixture, ["-c", "1", "--max-losses", "1", "--journal", journal],
                [call("death.trail", 3, id: "a"), call("probe.length", "four", id: "b")])
            let answer = try self.why("a", "--journal", journal)
            #expect(answer.status == 0)
            let text = answer.lines.joined(separator: "\n")
            #expect(text.contains("cause        killed: the child was ended by SIGKILL, which the worker did not send"))
            #expect(answer.lines.contains { $0.hasSuffix("step 3") })
            #expect(!text.contains("\u{1B}"))
            let json = try self.why("a", "--journal", journal, "--json")
            let value = try JSONValue(parsing: Array(json.lines.joined().utf8)[...])
            #expect(value["post_mortem"]?["cause"] == "killed")
            #expect(try self.why("b", "--journal", journal).lines.contains("state        SUCCESS"))
        }

        @Test func whatIsNotThereIsTold() throws {
            let scratch = try ScratchDirectory()
            let missing = try self.why("a", "--journal", scratch.file("none"))
            #expect(missing.status == 2)
            #expect(missing.errors.contains("cannot read"))
            let empty = try scratch.write("no json\n{\"id\":\"b\"}\n", to: "lines")
            let unknown = try self.why("a", "--journal", empty)
            #expect(unknown.status == 1)
            #expect(unknown.errors.contains("nothing is known of a"))
            #expect(try self.why("a").status == 2, "no server is named")
        }
    }
}
