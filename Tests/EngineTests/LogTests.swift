import EngineSupport
import JSON
import Testing

extension EngineTests {
    /// The log tells what tasks wrote, and whose it was.
    @Suite struct LogTests {
        private static let forgery =
            "first\n{\"time\":\"x\",\"level\":\"critical\",\"message\":\"forged\"}\u{1B}[31m\r\u{2028}end"

        @Test func everyLineOfTheJSONLogIsARecord() throws {
            let run = try Run(
                .fixture, ["-c", "1"],
                [call("probe.print", .string(Self.forgery), id: "a"), call("probe.log", "one\ntwo", id: "b")])
            let lines = run.errorText.split(separator: "\n")
            #expect(lines.count == run.program.log.count)
            #expect(run.program.records("forged").isEmpty)
            let output = run.program.records("task.output").compactMap { $0["text"]?.text }
            #expect(output == Self.forgery.split(separator: "\n").map(String.init))
            let record = try #require(run.program.records("task.log").first)
            #expect(record["text"] == "one\ntwo from=task")
            #expect(record["level"] == "warning" && record["task.id"] == "b" && record["task.name"] == "probe.log")
        }

        @Test func textLogCannotBeForged() throws {
            let program = try Program(command: [Executable.fixture.path, "run", "-c", "1"])
            let line = "2026-01-01T00:00:00.000Z critical forged"
            let forged = line + "\u{1B}[31m\rend\n" + line
            program.send(call("probe.print", .string(forged), id: "a"), call("probe.log", .string(forged), id: "b"))
            #expect(try program.finish() == 0)
            let lines = program.errorText.split(separator: "\n")
            #expect(lines.count == 5, "how limits are kept, two lines of output, a record, the end")
            #expect(lines.allSatisfy { !$0.dropFirst(25).hasPrefix("critical") })
            #expect(lines.filter { $0.contains("task.output") }.count == 2)
            #expect(!program.errorText.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" })
        }

        @Test func outputBelongsToItsTask() throws {
            let run = try Run(.fixture, ["-c", "2"], (0..<300).map { call("probe.print_id", id: "id \($0)") })
            let records = run.program.records("task.output")
            #expect(records.count == 300)
            #expect(Set(records.compactMap { $0["task.id"]?.text }).count == 300)
            for record in records {
                #expect(record["text"]?.text == "I am \(record["task.id"]?.text ?? "")")
                let outcome = run[record["task.id"]?.text ?? ""]
                #expect(record["child.pid"]?.text == outcome.pid.map { "\($0)" })
            }
        }

        @Test func outputOfACommandIsItsTasks() throws {
            let scratch = try ScratchDirectory()
            let config = try scratch.write(
                "[tasks.warn]\ncommand = [\"sh\", \"-c\", \"echo careful >&2\"]\n", to: "celeriac.toml")
            let run = try Run(.plain, ["--config", config], [call("warn", id: "a")])
            let record = try #require(run.program.records("task.output").first)
            #expect(record["text"] == "careful" && record["task.id"] == "a" && record["task.name"] == "warn")
        }

        @Test func quietLogSaysNothing() throws {
            let program = try Program(command: [Executable.demo.path, "run", "--log-level", "error"])
            program.send(call("tasks.add", 1, 2))
            #expect(try program.finish() == 0)
            #expect(program.errorText.isEmpty)
        }
    }
}
