import EngineSupport
import Glibc
import JSON
import Testing

extension SecurityTests {
    /// What senders and tasks choose cannot forge a line of the log, nor command the terminal that shows it.
    @Suite struct LogTests {
        private let server: RedisServer

        init() throws { self.server = try RedisServer() }

        /// In JSON, as a message holds it: line ends, a terminal command, one that turns text around, C1, separators.
        private static let hostile =
            #"x\r\n2026-01-01T00:00:00.000Z critical forged\u001b[2J\u202e\u009b31m\u2028\u2029\u0085\u0000"#

        /// Tasks, ids and error texts of this kind, and bytes that are no text at all; waits for all to end.
        private func provoke(_ worker: Program) throws {
            try self.server.command("LPUSH", "celery", RawMessage("id-\(Self.hostile)", "tasks.\(Self.hostile)").text)
            var failing = RawMessage("fails-\(Self.hostile)", "tasks.fail")
            failing.arguments = "[\"\(Self.hostile)\"]"
            try self.server.command("LPUSH", "celery", failing.text)
            var message = Array(RawMessage("broken", "tasks.add").text.utf8)
            message.insert(contentsOf: [0xFF, 0xC0, 0x0A, 0x1B], at: message.count / 2)
            let connection = try self.server.connect()
            try connection.send(Array("*3\r\n$5\r\nLPUSH\r\n$6\r\ncelery\r\n$\(message.count)\r\n".utf8) + message)
            try connection.send(Array("\r\n".utf8))
            _ = try connection.reply()
            try worker.wait(for: "two letters and a failure") {
                try self.server.command("HLEN", "celeriac.dead").integer == 2
                    && self.server.command("KEYS", "celery-task-meta-fails*").texts.count == 1
            }
            worker.signal(SIGTERM)
            #expect(try worker.finish() == 0)
        }

        private func start(_ format: String) throws -> Program {
            let url = self.server.url()
            let arguments = ["worker", "-b", url, "--result-backend", url, "-c", "1", "-l", "debug"]
            return try Program(
                command: [Executable.demo.path] + arguments + ["--log-format", format], expectsOutcomes: false)
        }

        private static func isHarmful(_ scalar: Unicode.Scalar) -> Bool {
            let value = scalar.value
            return value < 0x20 || (0x7F...0x9F).contains(value) || scalar.properties.isBidiControl
                || (0x2028...0x2029).contains(value)
        }

        @Test(arguments: ["text", "json"]) func recordsAreOneHarmlessLineEach(format: String) throws {
            let worker = try self.start(format)
            try self.provoke(worker)
            let lines = worker.errorText.split(separator: "\n")
            #expect(lines.count { $0.contains("message.dead") } == 2)
            #expect(lines.contains { $0.contains("forged") }, "it is shown, inside of a record")
            for line in lines {
                #expect(!line.unicodeScalars.contains { Self.isHarmful($0) })
                #expect(!line.hasPrefix("2026-01-01"), "each line is a record's beginning")
            }
            if format == "json" { #expect(worker.log.count == lines.count) }
        }

        /// What was escaped comes back: nothing is lost for who looks closely.
        @Test func namesComeBackFromTheJSONLog() throws {
            let worker = try self.start("json")
            try self.provoke(worker)
            let name = try JSONValue(parsing: Array("\"tasks.\(Self.hostile)\"".utf8)[...])
            #expect(worker.records("message.dead").contains { $0["task.name"] == name })
        }

        @Test func commandsShowNamesHarmlessly() throws {
            let worker = try self.start("json")
            try self.provoke(worker)
            let dead = try Ended(["dead", "list"], server: self.server)
            #expect(dead.status == 0 && dead.lines.count == 2)
            #expect(dead.output.contains("forged"))
            for line in dead.lines { #expect(!line.unicodeScalars.contains { Self.isHarmful($0) }) }
        }
    }
}
