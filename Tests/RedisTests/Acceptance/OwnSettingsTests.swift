import EngineSupport
import JSON
import Syscalls
import Testing

extension AcceptanceTests {
    /// What our settings change, as a Python client and the server see it.
    @Suite(.disabled(if: TestedWorker.isCelery, "a Python worker does not have these settings"))
    struct OwnSettingsTests {
        let installation: Installation
        private var server: RedisServer { self.installation.server }
        private var client: CeleryClient { self.installation.client }

        init() throws { self.installation = try Installation() }

        private func worker(
            _ arguments: String..., configuration: String = "", concurrency: Int = 2
        ) throws -> TestedWorker {
            try TestedWorker(
                PeerConnection(self.server), concurrency: concurrency, arguments: arguments,
                configuration: configuration)
        }

        /// The stored document of a task.
        private func document(_ id: String) throws -> JSONValue {
            let script = "redis.call('SELECT', 1) return redis.call('GET', KEYS[1]) or ''"
            let text = try self.server.command("EVAL", script, "1", "celery-task-meta-\(id)").text ?? ""
            return text.isEmpty ? .null : try JSONValue(parsing: Array(text.utf8)[...])
        }

        @Test func extendedResultsTellOfTheRequest() throws {
            let worker = try self.worker("--result-extended", "true", "-n", "w1@here")
            let id = try self.client.send("tasks.add", 2, 3, named: [:], options: [:])
            #expect(try self.client.result(id).value == 5)
            let document = try self.document(id)
            #expect(document["name"] == "tasks.add")
            #expect(document["args"] == [2, 3])
            #expect(document["kwargs"] == .object([:]))
            #expect(document["worker"] == "w1@here")
            #expect(document["retries"] == 0)
            #expect(document["queue"] == "celery")
            #expect(worker.isRunning)
        }

        @Test func startsAreToldWhereThatIsWanted() throws {
            let worker = try self.worker(configuration: "[tasks.\"tasks.sleep\"]\ntrack_started = true\n")
            let id = try self.client.send("tasks.sleep", 1)
            try wait(for: "the state STARTED") { try self.client.state(id) == "STARTED" }
            let pids = worker.program.children.map { JSONValue.number(JSONNumber(Int($0))) }
            #expect(try pids.contains(self.document(id)["result"]?["pid"] ?? .null))
            #expect(try self.client.result(id).value == 1)
        }

        /// A command that marks its start, and then ends its child, as a crash of the child would.
        private static func killer(_ server: RedisServer, _ further: String = "") -> String {
            """
            [tasks.killer]
            command = ["sh", "-c", "redis-cli -u \(server.url()) RPUSH marks x && kill -9 $PPID"]
            \(further)

            """
        }

        @Test(arguments: [("late", 2), ("early", 1)])
        func acknowledgedEarlyMeansAtMostOnce(acks: String, runs: Int) throws {
            let worker = try self.worker(configuration: Self.killer(self.server, "acks = \"\(acks)\""))
            let id = try self.client.send("killer")
            let exception = try #require(self.client.result(id).exception)
            #expect((exception.module, exception.type) == ("billiard.exceptions", "WorkerLostError"))
            #expect(try self.installation.marks().count == runs)
            #expect(try self.server.command("HLEN", "celeriac.dead").integer == 1)
            #expect(worker.isRunning)
        }

        @Test func anEarlyAcknowledgedTaskIsNobodysWhileItRuns() throws {
            let worker = try self.worker("--acks", "early")
            let id = try self.client.send("tasks.mark", named: ["key": "x", "seconds": 1])
            try wait(for: "the task's child") { try self.server.length("celery") == 0 }
            try wait(for: "the acknowledgement") { try self.server.unacknowledged() == [0, 0] }
            #expect(try self.installation.marks().isEmpty, "it still runs")
            #expect(try self.client.result(id).state == "SUCCESS")
            #expect(worker.isRunning)
        }

        @Test func aRateHoldsOverAllWorkersAndStopsNoOthers() throws {
            let limits = "[tasks.\"tasks.add\"]\nrate = \"10/s\"\n"
            let workers = try (0..<2).map { _ in try self.worker(configuration: limits) }
            let warm = try self.client.send("tasks.identity", 0)
            _ = try self.client.result(warm)
            let start = monotonicNanoseconds()
            let ids = try (0..<12).map { try self.client.send("tasks.add", .number(JSONNumber($0)), 1) }
            let free = try self.client.send("tasks.identity", 1)
            #expect(try self.client.result(free).value == 1)
            let freeAfter = Double(monotonicNanoseconds() - start) / 1e9
            for id in ids { _ = try self.client.result(id) }
            let seconds = Double(monotonicNanoseconds() - start) / 1e9
            // The first is at once, eleven more come a tenth of a second apart.
            #expect(seconds > 1.05, "\(seconds) s")
            #expect(freeAfter < seconds)
            #expect(workers.allSatisfy { $0.isRunning })
        }

        /// Two commands of the same key never overlap, over two workers; those of another key run beside them.
        @Test func noMoreRunAtATimeThanAllowed() throws {
            let cli = "redis-cli -u \(self.server.url())"
            let limits = """
                [tasks.guarded]
                command = ["sh", "-c", "\(cli) RPUSH $0 in; sleep 0.1; \(cli) RPUSH $0 out", "{args[0]}"]
                max_concurrent = 1
                limit_key = "{args[0]}"

                """
            let workers = try (0..<2).map { _ in try self.worker(configuration: limits) }
            let ids = try (0..<10).map { try self.client.send("guarded", .string("key\($0 % 2)")) }
            for id in ids { #expect(try self.client.result(id).state == "SUCCESS") }
            for key in ["key0", "key1"] {
                #expect(try self.server.list(key) == Array(repeating: ["in", "out"], count: 5).flatMap { $0 })
            }
            try wait(for: "free slots") { try self.server.command("KEYS", "celeriac.slots.*").texts.isEmpty }
            #expect(workers.allSatisfy { $0.isRunning })
        }

        /// A worker that dies holds its slot for as long as its lease.
        @Test func slotsOfDeadWorkersComeBack() throws {
            let first = try TestedWorker(
                PeerConnection(self.server), arguments: ["--worker-timeout", "1s"],
                configuration: Self.slow(seconds: 30))
            let held = try self.client.send("slow", named: [:])
            try wait(for: "the slot") { try self.server.command("ZCARD", "celeriac.slots.slow").integer == 1 }
            try first.kill()
            let second = try TestedWorker(
                PeerConnection(self.server), arguments: ["--worker-timeout", "1s"],
                configuration: Self.slow(seconds: 0))
            let next = try self.client.send("slow", named: [:])
            #expect(try self.client.result(next).state == "SUCCESS")
            #expect(try self.client.result(held).state == "SUCCESS")
            #expect(second.isRunning)
        }

        private static func slow(seconds: Int) -> String {
            "[tasks.slow]\ncommand = [\"sleep\", \"\(seconds)\"]\nmax_concurrent = 1\n"
        }

        @Test func whatCannotBeReadIsKeptVerbatim() throws {
            let worker = try self.worker()
            let items = ["no JSON", "[1, 2]", #"{"body": "e30=", "properties": {}}"#, "\u{0}"]
            for item in items { _ = try self.server.command("LPUSH", "celery", item) }
            try wait(for: "four dead letters") { try self.server.command("HLEN", "celeriac.dead").integer == 4 }
            let records = try self.server.command("HVALS", "celeriac.dead").texts.map {
                try JSONValue(parsing: Array($0.utf8)[...])
            }
            #expect(Set(records.compactMap { $0["message"]?.text }) == Set(items))
            #expect(records.allSatisfy { $0["reason"] == "malformed" && $0["queue"] == "celery" })
            #expect(try self.installation.isDrained())
            #expect(worker.isRunning)
        }

        @Test func messagesOfProtocolOneAreRun() throws {
            let old = try CeleryClient(PeerConnection(self.server, settings: ["task_protocol": 1]))
            let worker = try self.worker()
            let id = try old.send("tasks.add", 2, 3)
            #expect(try old.result(id).value == 5)
            #expect(worker.isRunning)
        }

        @Test func prefixesStandInFrontOfEveryKey() throws {
            let settings: JSONObject = [
                "broker_transport_options": ["global_keyprefix": "b:"],
                "result_backend_transport_options": ["global_keyprefix": "r"],
            ]
            let prefixed = try CeleryClient(PeerConnection(self.server, settings: settings))
            let worker = try self.worker("--key-prefix", "b:", "--result-key-prefix", "r")
            let id = try prefixed.send("tasks.add", 2, 3)
            #expect(try prefixed.result(id).value == 5)
            let keys = try self.server.command("KEYS", "*").texts
            #expect(keys.allSatisfy { $0.hasPrefix("b:") }, "\(keys)")
            #expect(worker.isRunning)
        }
    }
}
