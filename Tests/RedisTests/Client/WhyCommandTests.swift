import EngineSupport
import JSON
import Testing

extension RedisTests {
    /// `celeriac why` on what a real worker has left at the servers.
    @Suite struct WhyCommandTests {
        let server: RedisServer

        init() throws { self.server = try RedisServer() }

        /// The result document, which is in database 1.
        private func document(_ id: String) throws -> String {
            try self.server.command("SELECT", "1")
            defer { _ = try? self.server.command("SELECT", "0") }
            return try self.server.command("GET", "celery-task-meta-\(id)").text ?? ""
        }

        private func finished(_ task: String, _ arguments: [String] = []) throws {
            _ = try Ended(["send", task, "--id", "a"], server: self.server)
            let worker = try Program(worker: self.server, arguments)
            try wait(for: "its result") { try self.document("a").contains("FAILURE") }
            try worker.end()
        }

        @Test func aResultTellsWhy() throws {
            try self.finished("demo.hang", ["--hard-time", "2s"])
            let answer = try Ended(["why", "a"], server: self.server)
            #expect(answer.status == 0)
            #expect(answer.lines.contains("cause        hard_time: hard time limit of 2s"), "\(answer.lines)")
            #expect(answer.lines.contains { $0.contains("addHangs") })
        }

        @Test func aDeadLetterTellsWhyWithoutResults() throws {
            try self.finished("demo.crash", ["--max-losses", "1"])
            let answer = try Ended(["why", "a", "--broker", self.server.url()])
            #expect(answer.lines.contains { $0.hasPrefix("cause        trap") }, "\(answer.lines)")
            #expect(answer.lines.contains { $0.contains("indexOutOfRange") })
            #expect(try Ended(["why", "nobody"], server: self.server).status == 1)
        }

        @Test func theTracebackOfAResultTellsWhatIsKnown() throws {
            try self.finished("demo.crash", ["--max-losses", "1"])
            let document = try JSONValue(parsing: Array(self.document("a").utf8)[...])
            let traceback = document["traceback"]?.text ?? ""
            #expect(traceback.contains("limits       output 16MiB"))
            #expect(traceback.split(separator: "\n").last?.hasPrefix("WorkerLostError: ") == true)
        }

        /// Held back messages wait at the server, and nothing is counted.
        @Test func messagesOfATaskThatKeepsKillingWaitAtTheServer() throws {
            for number in 0..<12 {
                _ = try Ended(["send", "demo.kill_self", "--id", "\(number)"], server: self.server)
            }
            for number in 0..<20 {
                _ = try Ended(["send", "tasks.add", "--args", "[1, 2]", "--id", "add \(number)"], server: self.server)
            }
            let worker = try Program(
                worker: self.server, ["--max-losses", "1", "--breaker", "2", "--breaker-wait", "1h"])
            try wait(for: "all others") {
                try (0..<20).allSatisfy { try self.document("add \($0)").contains("SUCCESS") }
            }
            try wait(for: "the rest to wait") {
                let dead = try self.server.command("HLEN", "celeriac.dead").integer ?? 0
                let waiting = try self.server.command("ZCARD", "celeriac.scheduled").integer ?? 0
                return dead + waiting == 12 && waiting >= 8
            }
            try worker.end()
        }
    }
}
