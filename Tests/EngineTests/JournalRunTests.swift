import EngineSupport
import Glibc
import JSON
import Syscalls
import Testing

extension EngineTests {
    /// A run with a journal goes on after any crash.
    @Suite struct JournalRunTests {
        private static let lines = 240

        /// Every fourth line publishes a follow-up.
        private func input(_ scratch: ScratchDirectory) throws -> String {
            let lines = (0..<Self.lines).map { number in
                number.isMultiple(of: 4)
                    ? call("demo.publish", "tasks.sleep", [0.002], id: "\(number)")
                    : call("tasks.sleep", 0.004, id: "\(number)")
            }
            return try scratch.write(lines.joined(separator: "\n"), to: "tasks.jsonl")
        }

        @Test func killedRunGoesOnWhereItWas() throws {
            let scratch = try ScratchDirectory()
            let arguments = ["-c", "2", "--journal", scratch.file("journal"), try self.input(scratch)]
            var kills = 0
            for _ in 0..<12 {
                let program = try Program(run: .demo, arguments)
                // Some time after the children are there, so that most rounds bring the run forward.
                let moment = Int.random(in: 0...40)
                try program.wait(for: "some outcomes") { program.outcomes.count >= moment || program.exit != nil }
                program.signal(SIGKILL)
                if try program.finish() == -SIGKILL { kills += 1 }
            }
            #expect(kills > 2)
            #expect(try Run(.demo, arguments).status == 0)
            try self.checkJournal(try scratch.read("journal"))
            let again = try Run(.demo, arguments)
            #expect(again.status == 0 && again.outcomes.isEmpty)
            #expect(again.program.records("run.finished").first?["skipped"] == .string("\(Self.lines)"))
        }

        private func checkJournal(_ text: String) throws {
            let records = try text.split(separator: "\n").dropFirst().map { try JSONValue(parsing: $0.utf8) }
            #expect(records.compactMap { $0["line"]?.integer }.sorted() == Array(1...Self.lines))
            let published = records.flatMap { $0["published"]?.elements ?? [] }.compactMap { $0["key"]?.text }
            let done = records.compactMap { $0["follow_up"]?.text }
            #expect(published.count == Self.lines / 4)
            #expect(done.sorted() == published.sorted())
            #expect(records.allSatisfy { $0["state"] == "SUCCESS" })
        }

        @Test func journalHasWhatWasPrinted() throws {
            let scratch = try ScratchDirectory()
            let run = try Run(
                .demo, ["--journal", scratch.file("journal")],
                [call("tasks.add", 1, 2, id: "a"), "no task", call("tasks.fail", id: "b")])
            #expect(run.status == 1)
            let records = try scratch.read("journal").split(separator: "\n").dropFirst()
            #expect(records.count == 3)
            for line in run.program.outputLines {
                #expect(records.contains { $0.contains(line.dropFirst().dropLast().prefix(40)) })
            }
        }

        @Test func secondRunOnAJournalRefuses() throws {
            let scratch = try ScratchDirectory()
            let arguments = ["--journal", scratch.file("journal")]
            let first = try Program(run: .demo, arguments)
            try first.wait(forRecords: "child.ready")
            let second = try Run(.demo, arguments, [call("tasks.add", 1, 2)])
            #expect(second.status == 3)
            #expect(second.errorText.contains("another process (pid \(first.pid)) is using it"))
            #expect(second.outcomes.isEmpty)
            first.send(call("tasks.add", 1, 2, id: "a"))
            #expect(try first.finish() == 0)
        }

        @Test func journalThatCannotBeWrittenEndsTheRun() throws {
            let run = try Run(.demo, ["--journal", "/nonexistent/journal"], [call("tasks.add", 1, 2)])
            #expect(run.status == 3)
            #expect(run.errorText.contains("/nonexistent/journal"))
        }
    }
}
