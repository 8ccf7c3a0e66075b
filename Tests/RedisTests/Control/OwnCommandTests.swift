import EngineSupport
import Glibc
import JSON
import Testing

extension RedisTests {
    /// `inspect`, `control` and `status` through the real program. Needs no Python.
    @Suite struct OwnCommandTests {
        let server: RedisServer

        init() throws { self.server = try RedisServer() }

        private func run(_ arguments: String...) throws -> Ended { try Ended(arguments, server: self.server) }

        private func worker(_ name: String, _ arguments: String...) throws -> Program {
            let worker = try Program(worker: self.server, ["-n", name] + arguments)
            try wait(for: "a worker that answers") {
                try self.run("status", "--json", "-t", "0.2").json[name]?["ok"] == "pong"
            }
            return worker
        }

        @Test func workersAreAskedAndTold() throws {
            let workers = [try self.worker("w1@here"), try self.worker("w2@here")]
            let status = try self.run("status", "-t", "5")
            #expect((status.status, status.lines) == (0, ["w1@here: OK", "w2@here: OK", "2 workers are there."]))
            let text = try self.run("inspect", "stats", "-d", "w1@here", "-t", "5s")
            #expect(text.lines.first == "w1@here:")
            #expect(text.lines.contains("    max-concurrency: 2"))
            let queues = try self.run("inspect", "active_queues", "--json", "--pattern", "*2@*", "-t", "500ms").json
            #expect(queues["w2@here"]?.elements.first?["name"] == "celery")
            #expect(queues["w1@here"] == nil)
            let limit = try self.run("control", "rate_limit", "tasks.add", "10/m", "-d", "w1@here", "--json")
            #expect(limit.json == ["w1@here": ["ok": "new rate limit set successfully"]])
            let refused = try self.run("control", "rate_limit", "tasks.nope", "10/m", "-d", "w1@here")
            #expect(refused.status == 1)
            #expect(refused.lines == ["w1@here:", "  error: unknown task"])
            #expect(try self.run("control", "shutdown", "-d", "w1@here", "-t", "0.1").status == 0)
            try workers[0].wait(for: "the end of the worker") { workers[0].exit != nil }
            #expect(try self.run("status", "-d", "w1@here", "-t", "0.2").status == 4)
            for worker in workers { try worker.end() }
        }

        @Test func mistakesAreNamed() throws {
            let unknown = try self.run("inspect", "actve")
            #expect(unknown.status == 2)
            #expect(unknown.errors.contains("there is no command 'actve'; did you mean 'active'?"))
            #expect(try self.run("inspect", "revoke", "x").status == 2)
            let missing = try self.run("control", "rate_limit")
            #expect(missing.status == 2)
            #expect(missing.errors.contains("missing 2 required positional arguments"))
            let nobody = try self.run("inspect", "ping", "-t", "100ms")
            #expect(nobody.status == 4)
            #expect(nobody.errors.contains("no worker answered within 100ms"))
            #expect(try self.run("inspect", "ping", "--socket", "/nowhere").status == 3)
        }

        /// A client's revocation holds although nobody was there to hear it.
        @Test func revocationsWithoutListenersHold() throws {
            let sent = try self.run("send", "tasks.add", "--args", "[2, 3]", "--id", "called-off")
            #expect(sent.status == 0)
            _ = try self.run("control", "revoke", "called-off", "-t", "0.1")
            let worker = try self.worker("w1@here")
            #expect(try self.run("inspect", "revoked", "--json", "-t", "5").json["w1@here"] == ["called-off"])
            #expect(try self.run("result", "called-off", "--wait", "--timeout", "20s").status == 1)
            try worker.end()
        }

        @Test func socketWorksWithoutTheBroker() throws {
            let scratch = try ScratchDirectory()
            let path = scratch.file("w1@here.socket")
            let worker = try self.worker("w1@here", "--state-dir", scratch.path, "--remote-control", "read-only")
            #expect(try self.run("control", "pool_grow", "-t", "5").status == 1)
            var status = stat()
            #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o600)
            self.server.pause()
            defer { self.server.resume() }
            func local(_ arguments: String...) throws -> Ended {
                try Ended(arguments + ["--socket", path, "-t", "5"], server: self.server)
            }
            #expect(try local("inspect", "ping").lines == ["w1@here:", "  ok: pong"])
            #expect(try local("control", "pool_grow", "2").lines == ["w1@here:", "  ok: pool will grow"])
            try wait(for: "four children") {
                try local("inspect", "stats", "--json").json["w1@here"]?["pool"]?["processes"]?.elements.count == 4
            }
            #expect(try local("control", "shutdown").status == 0)
            self.server.resume()
            try worker.wait(for: "the end of the worker") { worker.exit != nil }
            #expect(stat(path, &status) != 0, "the socket's file goes with the worker")
        }

        @Test func socketTakesMoreThanOneLineAndNoGarbage() throws {
            let scratch = try ScratchDirectory()
            let path = scratch.file("s")
            let worker = try self.worker("w1@here", "--control-socket", path)
            let second = try Program(worker: self.server, ["-n", "w2@here", "--control-socket", path])
            try second.wait(for: "the error") { second.errorText.contains("control.socket") }
            let socket = try LocalSocket.connect(path: path)
            defer { close(socket) }
            let garbage = String(repeating: "[", count: 10_000) + "\nnull\n{\"method\": \"ping\"}\n"
            #expect(Glibc.send(socket, Array(garbage.utf8), garbage.utf8.count, 0) == garbage.utf8.count)
            var answer = ""
            try wait(for: "three answers") {
                var bytes = [UInt8](repeating: 0, count: 65_536)
                let count = recv(socket, &bytes, bytes.count, CInt(MSG_DONTWAIT))
                answer += String(decoding: bytes[..<max(0, count)], as: UTF8.self)
                return answer.split(separator: "\n").count == 3
            }
            #expect(answer.hasSuffix("{\"w1@here\": {\"ok\": \"pong\"}}\n"))
            // One line without end.
            let endless = try LocalSocket.connect(path: path)
            defer { close(endless) }
            let piece = [UInt8](repeating: 65, count: 65_536)
            for _ in 0..<40 { _ = Glibc.send(endless, piece, piece.count, CInt(MSG_NOSIGNAL)) }
            #expect(try self.run("inspect", "ping", "--socket", path, "-t", "5").status == 0)
            for program in [worker, second] { try program.end() }
        }
    }
}
