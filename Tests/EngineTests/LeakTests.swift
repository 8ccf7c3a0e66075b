import EngineSupport
import Glibc
import JSON
import Testing

extension EngineTests {
    /// Which of twenty tasks leak, as the real engine finds out.
    @Suite struct LeakTests {
        private static let names =
            ["leak.heap", "leak.descriptors", "noise.spiky", "noise.cache"]
            + ["text", "dictionary", "large", "file", "json", "async", "dispatch", "fails"].map { "good.\($0)" }
            + (0..<8).map { "good.plain\($0)" }

        private func leaks(_ arguments: [String]) throws -> (status: CInt, lines: [String], errors: String) {
            let program = try Program(
                command: [Executable.fixture.path, "leaks"] + arguments, expectsOutcomes: false)
            let status = try program.finish()
            return (status, program.outputLines, program.errorText)
        }

        /// The promise of docs/leaks.md, with each of them run 300 times.
        @Test(arguments: 0..<5) func exactlyTheTwoThatLeakAreNamed(run number: Int) throws {
            let scratch = try ScratchDirectory()
            let lines = Self.names.flatMap { name in (0..<300).map { call(name, id: "\(name)-\($0)") } }
            let run = try Run(
                .fixture, ["-c", "2", "--leaks", "--state-dir", scratch.file("state")], lines.shuffled(), within: 300)
            #expect(run.outcomes.count == lines.count)
            let found = run.program.records("task.leaks").compactMap { record in
                record["task.name"]?.text.map { "\($0) \(record["leaks"]?.text ?? "")" }
            }
            #expect(Set(found) == ["leak.heap heap", "leak.descriptors descriptors"], "\(run.errorText.suffix(4_000))")
            let (status, output, errors) = try self.leaks(["--state-dir", scratch.file("state"), "--json"])
            let tasks = try JSONValue(parsing: Array((output.first ?? "").utf8))["tasks"]?.elements ?? []
            let leaking = tasks.filter { !($0["leaks"]?.elements.isEmpty ?? true) }.compactMap { $0["task"]?.text }
            #expect(Set(leaking) == ["leak.heap", "leak.descriptors"])
            #expect(status == 1 && errors == "" && tasks.count == 20)
        }

        @Test func whatIsLeakedIsShownWithItsAmount() throws {
            let scratch = try ScratchDirectory()
            let lines = (0..<400).map { call("leak.heap", id: "\($0)") }
            let state = scratch.file("state")
            let run = try Run(
                .fixture, ["-c", "1", "--leak-ledger", "every", "--leaks", "--state-dir", state], lines, within: 60)
            let warning = try #require(run.program.records("task.leaks").first)
            #expect(warning["level"] == "warning" && warning["task.name"] == "leak.heap" && warning["leaks"] == "heap")
            #expect(warning["per_run"]?.text?.hasPrefix("20") ?? false, "\(warning)")
            #expect(run.errorText.contains("leaks heap (99.99%)"))
            let shown = try self.leaks(["--state-dir", state])
            #expect(
                shown.status == 1
                    && shown.lines.contains { $0.split(separator: " ").prefix(2) == ["leak.heap", "400"] })
        }

        /// Leaks replace a child long before its tasks do, and only where that is wanted.
        @Test func aChildIsReplacedWhenItLeaks() throws {
            let lines = (0..<600).map { call("leak.heap", id: "\($0)") }
            let arguments = ["-c", "1", "--leak-ledger", "every", "--max-tasks-per-child", "500"]
            let allowance = ["--recycle", "when_leaking", "--leak-allowance", "10MiB"]
            let run = try Run(.fixture, arguments + allowance, lines, within: 60)
            #expect(run.status == 0)
            let reasons = run.program.records("child.recycled").compactMap { $0["reason"]?.text }
            #expect(reasons.count { $0 == "leak" } >= 3, "\(reasons)")
            let plain = try Run(.fixture, arguments, lines, within: 60)
            #expect(plain.program.records("child.recycled").allSatisfy { $0["reason"] == "max_tasks" })
        }

        @Test func nothingIsLookedAtWhenThatIsOff() throws {
            let lines = (0..<200).map { call("leak.heap", id: "\($0)") }
            let run = try Run(.fixture, ["-c", "1", "--leak-ledger", "off", "--leaks"], lines, within: 60)
            #expect(run.program.records("task.leaks").isEmpty)
            #expect(run.errorText.contains("not enough runs"))
        }

        @Test func mistakesAreNamed() throws {
            let scratch = try ScratchDirectory()
            #expect(try self.leaks([]).status == 2)
            #expect(try self.leaks(["--state-dir", scratch.file("none")]).errors.contains("cannot read"))
            let empty = try self.leaks(["--state-dir", scratch.path])
            #expect(empty.status == 2 && empty.errors.contains("no worker has written"))
            try scratch.write("{", to: "x.leaks.json")
            let broken = try self.leaks(["--state-dir", scratch.path])
            #expect(broken.status == 2 && broken.errors.contains("x.leaks.json"))
            let run = try Run(.fixture, ["--state-dir", scratch.file("x.leaks.json")])
            #expect(run.status == 2 && run.errorText.contains("state_dir: cannot keep files in"))
        }
    }
}
