import EngineSupport
import Glibc
import JSON
import Syscalls
import Testing

extension EngineTests {
    /// Messages and results up to their limits, and what they cost the master.
    @Suite struct LargePayloadTests {
        private static let large = 60 << 20
        /// How much the master's peak may rise for any of them.
        private static let allowance = 4 << 10

        /// The master's peak of resident memory in KiB.
        private func peak(of program: Program) throws -> Int {
            let status = try readTextFile("/proc/\(program.pid)/status")
            let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") })
            return try #require(Int(line.split(separator: " ")[1]))
        }

        /// A program that has run some tasks, so that what it needs for any task is there.
        private func warmedUp(_ executable: Executable, _ arguments: [String] = []) throws -> Program {
            let program = try Program(run: executable, ["-c", "2"] + arguments)
            program.send((0..<500).map { call(Self.smallTask(executable), id: "first \($0)") })
            try program.wait(for: "the first tasks") { program.outcomes.count == 500 }
            return program
        }

        private static func smallTask(_ executable: Executable) -> String {
            executable == .demo ? "demo.noop" : "args.none"
        }

        /// Runs one large task among small ones, which are done while it is under way.
        private func run(_ line: String, on program: Program, _ executable: Executable) throws -> Outcome {
            let before = try self.peak(of: program)
            let count = program.outcomes.count
            program.send(line)
            program.send((0..<200).map { call(Self.smallTask(executable), id: "\($0)") })
            let outcome = try program.outcome("large", within: 240)
            #expect(program.outcomes.count >= count + 100, "others are done while it is under way")
            #expect(try self.peak(of: program) <= before + Self.allowance)
            return outcome
        }

        @Test func aLargeResultDoesNotGrowTheMaster() throws {
            let program = try self.warmedUp(.demo)
            let outcome = try self.run(
                call("demo.result", .number(JSONNumber(Self.large)), id: "large"), on: program, .demo)
            #expect(outcome.result?.text?.utf8.count == Self.large)
            #expect(try program.finish() == 0)
        }

        @Test func aLargeResultInTheJournalDoesNotGrowTheMaster() throws {
            let scratch = try ScratchDirectory()
            let size = 12 << 20
            let journal = ["--journal", scratch.file("journal")]
            let program = try self.warmedUp(.demo, journal)
            let outcome = try self.run(
                call("demo.result", .number(JSONNumber(size)), id: "large"), on: program, .demo)
            #expect(outcome.result?.text?.utf8.count == size)
            #expect(try program.finish() == 0)
            let lines = try scratch.read("journal").split(separator: "\n")
            #expect(lines.count { $0.utf8.count > size } == 1)
            #expect(lines.count == program.outcomes.count + 1)
        }

        @Test func aLargeMessageDoesNotGrowTheMaster() throws {
            let program = try self.warmedUp(.fixture)
            let text = String(repeating: "x", count: Self.large)
            let outcome = try self.run(call("probe.length", .string(text), id: "large"), on: program, .fixture)
            #expect(outcome.result == .number(JSONNumber(Self.large)))
            #expect(try program.finish() == 0)
        }

        /// The message is sent twice from its file; what comes back is what was sent.
        @Test(arguments: [200_000, 600_000])
        func messagesAndResultsOfAnySizeAreTheSameAfterARetry(size: Int) throws {
            let texts = (0..<2).map { String(repeating: "\($0)é\\\n", count: size / 6) }
            let run = try Run(
                .demo, ["-c", "2"], texts.enumerated().map { call("tasks.retry_once", .string($1), id: "\($0)") })
            #expect(run.status == 0)
            for (number, text) in texts.enumerated() {
                let outcome = run["\(number)"]
                let isSame = outcome.result == .string(text)
                #expect(isSame && outcome.attempts == 2)
            }
        }

        @Test func aLargeLineMayEndTheInput() throws {
            let program = try Program(run: .fixture, ["-c", "1"])
            let text = String(repeating: "y", count: 1 << 20)
            program.send(text: call("probe.length", named: ["text": .string(text)], with: ["id": "a"]))
            #expect(try program.finish() == 0)
            #expect(program.outcomes.first?.result == .number(JSONNumber(1 << 20)))
        }

        @Test func aLargeLineWithAnErrorIsRefusedAndTheNextOneRuns() throws {
            let text = String(repeating: "z", count: 1 << 20)
            let run = try Run(
                .fixture, ["-c", "1"],
                [
                    call("probe.length", .string(text), id: "a", with: ["tsk": 1]),
                    "{\"task\":\"a\",\"args\":[\"\(text)",
                    String(repeating: " ", count: 1 << 20), call("no.such.task", .string(text), id: "d"),
                    call("args.none", id: "e"),
                ])
            #expect(run.outcomes.map(\.errorType) == ["InvalidMessage", "InvalidMessage", "NotRegistered", nil])
            #expect(run.outcomes.map(\.line) == [1, 2, 4, nil])
            #expect(run.outcomes[0].message.contains("unknown field \"tsk\"; did you mean \"task\"?"))
            #expect(
                run.outcomes[1].message == "column \(text.utf8.count + 22): malformed JSON: the document ends too early"
            )
        }

        // MARK: What a child may send

        @Test func aLargeResultThatIsNotJSONFails() throws {
            let run = try Run(.fixture, ["-c", "1"], [call("probe.forge", "not JSON", 1_000_000, id: "a")])
            #expect(run["a"].errorType == "InvalidResult")
        }

        @Test func aLargeResultIsPutOnOneLine() throws {
            let run = try Run(.fixture, ["-c", "1"], [call("probe.forge", "\r\n \n", 1_000_000, "7", id: "a")])
            #expect(run["a"].result == 7)
            #expect(run.program.outputLines.count == 1)
        }

        // MARK: No room

        private func check(withoutRoomIn directory: String, error: String) throws {
            let size = 3 << 20
            let text = String(repeating: "x", count: size)
            let run = try Run(
                .fixture, ["-c", "1"],
                [
                    call("probe.length", .string(text), id: "message"),
                    call("probe.repeated", .number(JSONNumber(size)), id: "result"), call("args.none", id: "next"),
                ], environment: ["TMPDIR": directory])
            #expect(run["message"].result == .number(JSONNumber(size)), "it waited in memory")
            #expect(run["result"].errorType == "ResultTooLarge")
            #expect(
                run["result"].message
                    == "the result takes \(size + 2) bytes and cannot be spooled to \(directory): \(error)")
            #expect(run["next"].state == "SUCCESS")
        }

        @Test func withoutADirectoryLargeResultsFailAndMessagesWaitInMemory() throws {
            try self.check(withoutRoomIn: "/nowhere", error: "No such file or directory")
        }

        @Test(.enabled(if: getuid() == 0, "only root may mount a small file system"))
        func onAFullDiskLargeResultsFailAndMessagesWaitInMemory() throws {
            let scratch = try ScratchDirectory()
            guard mount("none", scratch.path, "tmpfs", 0, "size=1m") == 0 else {
                try Test.cancel("mounting is forbidden here")
            }
            defer { umount2(scratch.path, CInt(MNT_DETACH)) }
            try self.check(withoutRoomIn: scratch.path, error: "No space left on device")
        }
    }
}
