import EngineSupport
import Glibc
import JSON
import Syscalls
import Testing

extension ControlTests {
    /// Fleets with real Celery workers, and the programs that operators look at them with.
    @Suite struct FleetTests {
        let place: ControlledPlace
        private var client: CeleryClient { self.place.client }

        init() throws { self.place = try ControlledPlace() }

        private func python(_ arguments: String..., within seconds: Double = 30) throws -> Program {
            try PythonPeers.start(["-m"] + arguments, PeerConnection(self.place.server))
        }

        /// What a Python program prints.
        private func output(of arguments: String...) throws -> (status: CInt, text: String) {
            let program = try PythonPeers.start(["-m"] + arguments, PeerConnection(self.place.server))
            let status = try program.finish(within: 30)
            return (status, program.outputLines.joined(separator: "\n"))
        }

        @Test func celerysCommandLineWorks() throws {
            let worker = try self.place.worker("-E")
            let ping = try self.output(of: "celery", "-A", "tasks", "inspect", "ping", "-t", "5", "-d", "w1@here")
            #expect(ping.status == 0)
            #expect(ping.text.contains("w1@here: OK") && ping.text.contains("pong"))
            let status = try self.output(of: "celery", "-A", "tasks", "status")
            #expect(status.text.contains("1 node online"))
            let limit = try self.output(
                of: "celery", "-A", "tasks", "control", "-d", "w1@here", "-t", "5", "rate_limit", "tasks.add", "100/s")
            #expect(limit.text.contains("new rate limit set successfully"))
            let registered = try self.output(
                of: "celery", "-A", "tasks", "inspect", "-d", "w1@here", "-t", "5", "registered", "rate_limit")
            #expect(registered.text.contains("tasks.add [rate_limit=100/s]"))
            #expect(worker.isRunning)
        }

        @Test func celerysEventsAreDumped() throws {
            let worker = try self.place.worker("-E")
            let heard = try self.place.listeners()
            let dump = try self.python("celery", "-A", "tasks", "events", "--dump")
            try wait(for: "the dump") { try self.place.listeners() > heard }
            let id = try self.client.send("tasks.add", 2, 3)
            try dump.wait(for: "the events of the task") {
                let text = dump.outputLines.joined(separator: "\n")
                return text.contains("task succeeded: tasks.add(\(id))") && text.contains("heartbeat")
            }
            dump.signal(SIGKILL)
            try dump.finish(within: 5)
            #expect(worker.isRunning)
        }

        @Test func bothKindsOfWorkersKnowWhatWasRevoked() throws {
            let celery = try CeleryWorker(
                PeerConnection(self.place.server), queues: "other",
                ["--hostname", "py@here"])
            try wait(for: "the Celery worker") {
                try !self.client.broadcast("ping", address: ["destination": ["py@here"]], timeout: 1).isEmpty
            }
            _ = try self.client.broadcast("revoke", ["task_id": "told-before"])
            let worker = try self.place.worker()
            // Asked for at the start, as Celery's workers ask each other.
            try wait(for: "what the Celery worker knows") {
                let address: JSONObject = ["destination": ["w1@here"]]
                let answer = try self.client.broadcast("revoked", address: address).first?["w1@here"]
                return answer?.elements.contains("told-before") == true
            }
            _ = try self.client.broadcast("revoke", ["task_id": "told-after"], limit: 2)
            let later = try CeleryWorker(
                PeerConnection(self.place.server), queues: "third", ["--hostname", "py2@here"], mingles: true)
            try wait(for: "what our worker knows") {
                let address: JSONObject = ["destination": ["py2@here"]]
                let answer = try self.client.broadcast("revoked", address: address, timeout: 2).first?["py2@here"]
                return Set(answer?.elements.compactMap(\.text) ?? []) == ["told-before", "told-after"]
            }
            let names = try self.client.broadcast("ping", limit: 3).flatMap { $0.members.map(\.key) }
            #expect(Set(names) == ["w1@here", "py@here", "py2@here"])
            #expect(worker.isRunning)
            for peer in [celery, later] { try peer.kill() }
        }

        @Test(.enabled(if: PythonPeers.haveFlower, "scripts/python-peers has not been able to install Flower"))
        func flowerShowsWorkersAndTasks() throws {
            let worker = try self.place.worker("-E")
            let port = try LocalSocket.freePort()
            let flower = try PythonPeers.start(
                ["-m", "celery", "-A", "tasks", "flower", "--address=127.0.0.1", "--port=\(port)"],
                PeerConnection(self.place.server), environment: ["FLOWER_UNAUTHENTICATED_API": "true"])
            func get(_ path: String) -> JSONValue? { try? Self.get(path, port: port) }
            try flower.wait(for: "Flower", within: 60) { get("/api/workers?refresh=true")?["w1@here"] != nil }
            let good = try self.client.send("tasks.add", 2, 3)
            let bad = try self.client.send("tasks.fail", "on purpose")
            try flower.wait(for: "the tasks in Flower", within: 20) {
                let tasks = get("/api/tasks")
                return tasks?[good]?["state"] == "SUCCESS" && tasks?[bad]?["state"] == "FAILURE"
            }
            let task = get("/api/task/info/\(good)")
            #expect(task?["name"] == "tasks.add")
            #expect(task?["result"] == "5")
            #expect(task?["worker"]?.text == "w1@here")
            #expect(get("/api/task/info/\(bad)")?["exception"]?.text?.contains("DemoError") == true)
            let about = get("/api/workers")?["w1@here"]
            #expect(about?["stats"]?["pool"]?["max-concurrency"] == 2)
            #expect(about?["active_queues"]?.elements.first?["name"] == "celery")
            #expect(about?["registered"]?.elements.contains("tasks.add") == true)
            #expect(get("/workers?json=1")?["data"]?.elements.first?["status"] == true)
            flower.signal(SIGKILL)
            try flower.finish(within: 5)
            #expect(worker.isRunning)
        }

        /// What a web server answers, if it is JSON.
        private static func get(_ path: String, port: UInt16) throws -> JSONValue {
            let socket = try LocalSocket.connect(port: port)
            defer { close(socket) }
            var patience = timeval(tv_sec: 5, tv_usec: 0)
            setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
            let request = Array("GET \(path) HTTP/1.0\r\nHost: localhost\r\n\r\n".utf8)
            _ = Glibc.send(socket, request, request.count, CInt(MSG_NOSIGNAL))
            var answer: [UInt8] = []
            var piece = [UInt8](repeating: 0, count: 65_536)
            while case let count = recv(socket, &piece, piece.count, 0), count > 0 {
                answer.append(contentsOf: piece[..<count])
            }
            let body = answer.firstRange(of: Array("\r\n\r\n".utf8)).map { answer[$0.upperBound...] }
            return try JSONValue(parsing: body ?? [])
        }
    }
}
