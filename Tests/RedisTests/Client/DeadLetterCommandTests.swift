import EngineSupport
import JSON
import Testing

extension RedisTests {
    /// `celeriac dead` on letters that a real worker has written, and on many.
    @Suite struct DeadLetterCommandTests {
        let server: RedisServer

        init() throws { self.server = try RedisServer() }

        private func dead(_ arguments: String...) throws -> Ended {
            try Ended(["dead"] + arguments, server: self.server)
        }

        private var count: Int { get throws { try self.server.command("HLEN", "celeriac.dead").integer ?? -1 } }

        /// Lets a worker bury a task that it does not know, and a message that is none.
        private func bury() throws {
            _ = try Ended(["send", "tasks.nope", "--id", "lost", "--priority", "4"], server: self.server)
            try self.server.command("LPUSH", "celery", "no message")
            let worker = try Program(worker: self.server)
            try wait(for: "two letters") { try self.count == 2 }
            try worker.end()
        }

        @Test func lettersAreListedAndShown() throws {
            try self.bury()
            #expect(try self.dead("list").lines.count == 2)
            #expect(try self.dead("list", "--task", "tasks.*").lines.count == 1)
            #expect(try self.dead("list", "--task", "other.*").lines.isEmpty)
            #expect(try self.dead("list", "--since", "1h", "--queue", "celery").lines.count == 2)
            #expect(try self.dead("list", "--before", "1h").lines.isEmpty)
            #expect(try self.dead("list", "--limit", "1").lines.count == 1)
            let letter = try self.dead("list", "--reason", "not_registered", "--json").json
            #expect(letter["task"] == "tasks.nope")
            #expect(letter["task_id"] == "lost")
            #expect(letter["message"] == nil)
            let id = try #require(letter["id"]?.text)
            #expect(try self.dead("show", id).json["message"]?.text?.contains("tasks.nope") == true)
            let missing = try self.dead("show", "nobody")
            #expect(missing.status == 1)
            #expect(missing.errors.contains("nobody: there is no such letter"))
        }

        @Test func replayPutsTheMessageBackOnce() throws {
            try self.bury()
            let id = try #require(try self.dead("list", "--task", "tasks.nope", "--json").json["id"]?.text)
            let first = try Program(
                command: [Executable.demo.path, "dead", "replay", "--id", id, "-b", self.server.url()],
                expectsOutcomes: false)
            let second = try self.dead("replay", "--id", id)
            try first.finish()
            let outputs = [first.outputLines.first, second.lines.first]
            #expect(outputs.count { $0 == "1 of 1 replayed" } == 1, "\(outputs)")
            #expect(try self.count == 1)
            #expect(try self.server.command("ZCARD", "celeriac.dead_index").integer == 1)
            let messages = try self.server.list("celery\u{6}\u{16}3")
            #expect(messages.count == 1)
            #expect(messages.first?.contains("tasks.nope") == true)
        }

        @Test func messageThatIsNoneIsReplayedByForceOnly() throws {
            try self.bury()
            let refused = try self.dead("replay", "--reason", "malformed")
            #expect((refused.status, refused.lines) == (1, ["0 of 1 replayed"]))
            #expect(refused.errors.contains("--force"))
            let forced = try self.dead("replay", "--reason", "malformed", "--force")
            #expect((forced.status, forced.lines) == (0, ["1 of 1 replayed"]))
            #expect(try self.server.list("celery") == ["no message"])
        }

        @Test func manyLettersGoPageByPage() throws {
            let script = """
                for i = 1, 1000 do
                    redis.call('HSET', 'celeriac.dead', 'l' .. i, '{"reason":"crashes","queue":"q","task":"t.' .. i % 2 \
                .. '","message":"m' .. i .. '"}')
                    redis.call('ZADD', 'celeriac.dead_index', i, 'l' .. i)
                end
                """
            try self.server.command("EVAL", script, "0")
            #expect(try self.dead("list").lines.count == 1_000)
            #expect(
                try self.dead("replay", "--task", "t.1", "--force", "--limit", "300").lines == ["300 of 300 replayed"])
            #expect(try self.server.length("q") == 300)
            #expect(try self.dead("replay", "--task", "t.1", "--force").lines == ["200 of 200 replayed"])
            let unconfirmed = try self.dead("purge", "--all")
            #expect(unconfirmed.status == 2)
            #expect(try self.dead("purge", "--task", "t.0", "--limit", "450", "--yes").lines == ["450 deleted"])
            #expect(try self.dead("purge", "--all", "--yes").lines == ["50 deleted"])
            #expect(try self.count == 0)
            #expect(try self.server.command("EXISTS", "celeriac.dead_index").integer == 0)
        }
    }
}

extension JSONValue {
    fileprivate var text: String? { if case .string(let text) = self { text } else { nil } }
}
