import EngineSupport
import Foundation
import JSON
import Syscalls
import Testing

extension EngineTests {
    /// `celeriac run`: lines in, outcomes out, and an exit status.
    @Suite struct RunTests {
        // MARK: Lines

        @Test func linesThatAreNoTasksAreOutcomesWithTheirNumber() throws {
            let lines = [
                call("tasks.add", 1, 2, id: "a") + "\r", "", "   ", "{\"task\":", "[1]", #"{"tsk":"tasks.add"}"#,
                #"{"task":"tasks.add","args":[3,4],"id":"b","priority":12}"#, call("tasks.ad", 1, 2, id: "c"),
                call("tasks.add", 5, 6, id: "d"),
            ]
            let run = try Run(.demo, [], lines)
            #expect(run.status == 1)
            #expect(run["a"].result == 3)
            #expect(run["d"].result == 11)
            let bad = run.outcomes.filter { $0.state == "FAILURE" }
            #expect(bad.compactMap(\.line).sorted() == [4, 5, 6, 7, 8])
            #expect(bad.filter { $0.line != 8 }.allSatisfy { $0.errorType == "InvalidMessage" })
            #expect(bad.first { $0.line == 6 }?.message.contains(#"did you mean "task"?"#) == true)
            #expect(run["c"].errorType == "NotRegistered")
        }

        @Test func filesAreReadInOrderAndTheLastLineNeedsNoEnd() throws {
            let scratch = try ScratchDirectory()
            let first = try scratch.write(call("tasks.add", 1, 1, id: "a"), to: "first.jsonl")
            let second = try scratch.write("{}\n" + call("tasks.add", 2, 2, id: "c") + "\n", to: "second.jsonl")
            let program = try Program(run: .demo, ["-c", "1", first, "-", second])
            program.send(text: call("tasks.add", 9, 9, id: "b"))
            #expect(try program.finish() == 1)
            #expect(program.outcomes.compactMap(\.id) == ["a", "b", "c"])
            #expect(program.outcomes.first { $0.line != nil }?.line == 1, "each file counts its own lines")
        }

        @Test func emptyInputIsDone() throws {
            let run = try Run(.demo)
            #expect(run.status == 0 && run.outcomes.isEmpty)
        }

        @Test func messageWithoutAnIdGetsItsOwn() throws {
            let run = try Run(.demo, [], [call("tasks.add", 1, 2), call("tasks.add", 1, 2)])
            #expect(Set(run.order).count == 2)
            #expect(run.order.allSatisfy { UUID(uuidString: $0) != nil })
        }

        // MARK: Order and time

        @Test func urgentMessagesGoFirst() throws {
            let scratch = try ScratchDirectory()
            let lines = [5, 0, 9, 3, 0, 5].enumerated().map { index, priority in
                call("tasks.add", 1, 2, id: "\(priority)-\(index)", with: ["priority": .number(JSONNumber(priority))])
            }
            let file = try scratch.write(lines.joined(separator: "\n"), to: "tasks.jsonl")
            let run = try Run(.demo, ["-c", "1", file])
            #expect(run.order == ["0-1", "0-4", "3-3", "5-0", "5-5", "9-2"])
        }

        @Test func delayedMessagesWaitForTheirTime() throws {
            let now = Date().timeIntervalSince1970
            func at(_ seconds: Double) -> JSONValue { .number(JSONNumber(now + seconds)!) }
            let text = Date(timeIntervalSince1970: now + 1.5).formatted(.iso8601)
            let run = try Run(
                .fixture, ["-c", "2"],
                [
                    call("probe.clock", id: "eta", with: ["eta": at(0.8)]),
                    call("probe.clock", id: "text", with: ["eta": .string(text)]),
                    call("probe.clock", id: "countdown", with: ["countdown": 0.4]),
                    call("probe.clock", id: "past", with: ["eta": at(-1_000)]),
                    call("probe.clock", id: "now"),
                ])
            #expect(Set(run.order.prefix(2)) == ["past", "now"])
            #expect(run["countdown"].result?.double ?? 0 >= now + 0.4)
            #expect(run["eta"].result?.double ?? 0 >= now + 0.8)
            #expect(run["eta"].result?.double ?? 0 < now + 1.3)
            #expect(run["text"].result?.double ?? 0 >= (now + 1.5).rounded(.down))
        }

        @Test func expiredMessageIsRevoked() throws {
            let expired: JSONObject = ["countdown": 0.3, "expires": 0.1]
            let run = try Run(
                .demo, [],
                [
                    call("tasks.add", 1, 2, id: "a", with: expired),
                    call("tasks.add", 1, 2, id: "b", with: ["expires": 60]),
                    call("tasks.add", 1, 2, id: "c", with: ["expires": "2001-01-01T00:00:00Z"]),
                ])
            #expect(run.status == 1)
            for id in ["a", "c"] {
                #expect(run[id].state == "REVOKED")
                #expect(run[id].errorType == "TaskRevokedError")
            }
            #expect(run["b"].result == 3)
        }

        @Test func messageSetsItsOwnLimits() throws {
            let run = try Run(
                .demo, ["-c", "2", "--hard-time", "300ms"],
                [
                    call("demo.hang", id: "short", with: ["limits": ["hard_time": "100ms"]]),
                    call("demo.hang", id: "task's"),
                    call("tasks.sleep", 0.5, id: "none", with: ["limits": ["hard_time": nil]]),
                ])
            #expect(run["short"].message == "hard time limit of 100ms")
            #expect(run["task's"].message == "hard time limit of 300ms")
            #expect(run["none"].state == "SUCCESS")
        }

        // MARK: Exit status

        @Test(arguments: [
            ["--no-such-flag"], ["--hard-time", "3"], ["--config", "/nonexistent.toml"], ["/nonexistent.jsonl"],
            ["--soft-time", "2s", "--hard-time", "1s"],
        ])
        func wrongUsageIsStatus2(arguments: [String]) throws {
            let run = try Run(.demo, arguments)
            #expect(run.status == 2)
            #expect(run.outcomes.isEmpty)
            #expect(run.errorText.contains(arguments[0].hasPrefix("--no") ? "--no-such-flag" : arguments.last!))
        }

        @Test func statusTellsWhetherAllSucceeded() throws {
            #expect(try Run(.demo, [], [call("tasks.add", 1, 2)]).status == 0)
            #expect(try Run(.demo, [], [call("tasks.add", 1, 2), call("tasks.fail")]).status == 1)
        }

        // MARK: Bytes

        @Test func largeMessageDoesNotHoldUpOthers() throws {
            let text = String(repeating: "x", count: 16 << 20)
            let program = try Program(run: .demo, ["-c", "2"])
            try program.wait(forRecords: "child.ready", count: 2)
            program.send(call("tasks.identity", .string(text), id: "large"))
            program.send((0..<200).map { call("tasks.add", 1, .number(JSONNumber($0)), id: "\($0)") })
            #expect(try program.finish() == 0)
            try #require(program.outcomes.count == 201)
            let place = try #require(program.outcomes.firstIndex { $0.id == "large" })
            #expect(place >= 50, "others are done while it is under way")
            let isSame = program.outcomes[place].result == .string(text)
            #expect(isSame)
        }

        @Test func resultAboveTheLimitFails() throws {
            let run = try Run(
                .demo, ["-c", "1", "--result", "100KiB"],
                [
                    call("demo.result", 100_000, id: "fits"), call("demo.result", 200_000, id: "large"),
                    call("tasks.add", 1, 2, id: "next"),
                ])
            #expect(run["fits"].state == "SUCCESS")
            #expect(run["large"].errorType == "ResultTooLarge")
            #expect(run["next"].pid == run["large"].pid)
        }

        @Test func lineAbove64MiBIsRefusedAndTheNextOneRuns() throws {
            let program = try Program(run: .demo, [])
            program.send(text: #"{"task":"tasks.identity","args":["#)
            program.send(text: "\"" + String(repeating: "x", count: 65 << 20) + "\"]}\n")
            program.send(call("tasks.add", 1, 2, id: "next"))
            #expect(try program.finish() == 1)
            #expect(program.outcomes.first { $0.line == 1 }?.errorType == "MessageTooLarge")
            #expect(program.outcomes.first { $0.id == "next" }?.result == 3)
        }

        @Test func closedOutputEndsTheWorker() throws {
            let program = try Program(run: .demo, ["-c", "2"])
            program.send((0..<20_000).map { call("tasks.sleep", 0.001, id: "\($0)") })
            try program.wait(for: "an outcome") { !program.outcomes.isEmpty }
            program.closeOutput()
            #expect(try program.finish(within: 10) == 3)
            #expect(program.errorText.contains("nobody reads standard output"))
        }

        @Test func slowReaderStopsTheInput() throws {
            let program = try Program(run: .demo, ["-c", "2", "--held-messages", "2MiB"])
            program.readsOutput = false
            let argument = JSONValue.string(String(repeating: "x", count: 2_000))
            let count = 4_000
            program.send((0..<count).map { call("tasks.identity", argument, id: "\($0)") })
            let sent = program.unsentBytes
            try self.waitForStandstill(program)
            #expect(sent - program.unsentBytes < 5 << 20, "it reads no more than it may hold")
            #expect(program.unsentBytes > 0)
            let memory = ProcessTable.residentMemory(of: program.pid)?.anonymous ?? .max
            program.watch(seconds: 0.3)
            #expect(ProcessTable.residentMemory(of: program.pid)?.anonymous ?? 0 <= memory + 1 << 20)
            program.readsOutput = true
            #expect(try program.finish() == 0)
            #expect(Set(program.outcomes.compactMap(\.id)).count == count && program.outcomes.count == count)
        }

        /// Waits until the program has taken nothing for a while.
        private func waitForStandstill(_ program: Program) throws {
            var (last, since) = (program.unsentBytes, monotonicNanoseconds())
            try program.wait(for: "a standstill") {
                if program.unsentBytes != last { (last, since) = (program.unsentBytes, monotonicNanoseconds()) }
                return monotonicNanoseconds() - since > 400_000_000
            }
        }
    }
}
