import EngineSupport
import Glibc
import Syscalls
import Testing

extension FaultTests {
    /// Messages beyond all measure, and limits while nobody answers.
    @Suite struct ExtremeTests {
        let server: RedisServer
        let place: Workplace

        init() throws {
            self.server = try RedisServer()
            self.place = try Workplace(self.server)
        }

        private func resident(_ program: Program) -> Int {
            Int(ProcessTable.residentMemory(of: program.pid)?.total ?? 0)
        }

        @Test func hugeBacklogIsTakenNoFasterThanItRuns() throws {
            let worker = try self.place.startWorker()
            try worker.wait(forRecords: "broker.connected")
            let before = self.resident(worker)
            let text = RawMessage("NUMBER", "tasks.identity").text
            let filling = """
                local left, right = string.match(ARGV[1], '^(.-)NUMBER(.*)$')
                right = string.gsub(right, 'NUMBER', 'backlog')
                for number = 1, 100000 do redis.call('LPUSH', KEYS[1], left .. 'backlog-' .. number .. right) end
                """
            try self.server.command("EVAL", filling, "1", "celery", text)
            var most = 0
            try worker.wait(for: "some hundred outcomes", within: 60) {
                most = max(most, try self.place.left()[1])
                return try self.server.length("celery") < 99_500
            }
            #expect(most <= 2 * 64, "two children, and what may be under way")
            #expect(self.resident(worker) - before < 24 << 20)
            worker.signal(SIGTERM)
            #expect(try worker.finish() == 0)
            #expect(try self.place.left()[1] == 0)
        }

        @Test func messageBeyondTheLimitDiesUnread() throws {
            let worker = try self.place.startWorker()
            try worker.wait(forRecords: "broker.connected")
            let before = self.resident(worker)
            try self.server.command(
                "EVAL", "return redis.call('LPUSH', KEYS[1], string.rep('x', 65 * 1024 * 1024))", "1", "celery")
            try self.place.sendMarks(2)
            try worker.wait(forRecords: "message.dead")
            try worker.wait(for: "the end of all messages") { try self.place.isDrained() }
            #expect(self.resident(worker) - before < 24 << 20)
            #expect(worker.records("message.dead").first?["reason"] == "too_large")
            worker.signal(SIGTERM)
            #expect(try worker.finish() == 0)
        }

        /// Past, far away, and no time at all.
        @Test func timesOfAnyKindAreTaken() throws {
            let worker = try self.place.startWorker()
            for (id, eta) in [
                ("past", "1970-01-01T00:00:00+00:00"), ("far", "9999-12-31T23:59:59+00:00"), ("none", "NaN"),
            ] {
                let message = RawMessage(id, "tasks.add").text
                try self.place.push(message.replacing(#""eta": null"#, with: #""eta": "\#(eta)""#))
            }
            try self.place.sendMarks(2)
            try worker.wait(for: "what can be done") {
                try self.place.left() == [0, 0, 0, 1] && self.place.state("past") != nil
            }
            #expect(try self.place.state("far") == nil)
            #expect(worker.records("message.dead").compactMap { $0["task.id"]?.text } == ["none"])
            worker.signal(SIGTERM)
            #expect(try worker.finish() == 0)
        }

        /// Children are the master's, whatever becomes of the server.
        @Test func limitsHoldWhileTheServerStandsStill() throws {
            let worker = try self.place.startWorker(further: ["--hard-time", "1s"])
            try self.place.sendMarks(1, seconds: 60)
            try worker.wait(for: "its mark") { try self.place.marks().count == 1 }
            self.server.pause()
            try worker.wait(forRecords: "task.killed", within: 8)
            self.server.resume()
            let id = self.place.ids[0]
            try worker.wait(for: "its outcome") { try self.place.state(id) == "FAILURE" }
            worker.signal(SIGTERM)
            #expect(try worker.finish() == 0)
        }
    }
}
