import EngineSupport
import Glibc
import JSON
import Testing

extension ControlTests {
    /// Every method of `app.control.inspect()`.
    @Suite struct InspectionTests {
        let place: ControlledPlace
        private var client: CeleryClient { self.place.client }

        init() throws { self.place = try ControlledPlace() }

        @Test func workersAreAddressedByNameAndPattern() throws {
            let workers = try ["w1@here", "w2@here"].map { try self.place.worker(name: $0) }
            func names(_ address: JSONObject, limit: Int = 2, timeout: Double = 5) throws -> [String] {
                try self.client.broadcast("ping", address: address, limit: limit, timeout: timeout).flatMap { reply in
                    #expect(reply.members.allSatisfy { $0.value == ["ok": "pong"] })
                    return reply.members.map(\.key)
                }.sorted()
            }
            #expect(try names([:]) == ["w1@here", "w2@here"])
            #expect(try names(["destination": ["w2@here"]], limit: 1) == ["w2@here"])
            #expect(try names(["destination": ["w2"]], timeout: 0.3) == [])
            #expect(try names(["pattern": "w?@*", "matcher": "glob"]) == ["w1@here", "w2@here"])
            #expect(try names(["pattern": "w[2-9]@", "matcher": "pcre"], limit: 1) == ["w2@here"])
            #expect(try names(["pattern": "(a+)+$", "matcher": "pcre"], timeout: 0.3) == [])
            #expect(try names(["pattern": "(", "matcher": "pcre"], timeout: 0.3) == [])
            #expect(workers.allSatisfy { $0.isRunning })
        }

        @Test func wrongQuestionsAreAnsweredInPythonsWords() throws {
            let worker = try self.place.worker()
            func error(_ method: String, _ arguments: JSONObject = [:]) throws -> String? {
                try self.client.broadcast(method, arguments).first?["w1@here"]?["error"]?.text
            }
            #expect(try error("no_such") == "KeyError('no_such')")
            #expect(
                try error("rate_limit")
                    == "TypeError(\"rate_limit() missing 2 required positional arguments: 'task_name' and 'rate_limit'\")"
            )
            #expect(
                try error("report", ["x": 1]) == "TypeError(\"report() got an unexpected keyword argument 'x'\")")
            #expect(try error("autoscale", ["max": 5, "min": 1]) == "ValueError('Autoscale not enabled')")
            #expect(worker.isRunning)
        }

        @Test func tasksAreShownWhereTheyAre() throws {
            let worker = try self.place.worker(concurrency: 1)
            let later = try self.client.send("tasks.add", 5, 6, options: ["countdown": 300, "priority": 3])
            try wait(for: "the message aside") {
                try self.place.server.command("ZCARD", "celeriac.scheduled").integer == 1
            }
            let running = try self.client.send("tasks.sleep", 60)
            try wait(for: "the running task") { try !self.client.inspect("active").elements.isEmpty }
            let active = try self.client.inspect("active").elements
            try #require(active.count == 1)
            #expect(active[0]["id"]?.text == running)
            #expect(active[0]["name"] == "tasks.sleep")
            #expect(active[0]["args"] == [60])
            #expect(active[0]["kwargs"] == .object([:]))
            #expect(active[0]["hostname"] == "w1@here")
            #expect(active[0]["acknowledged"] == false)
            #expect(active[0]["delivery_info"]?["routing_key"] == "celery")
            let pids = worker.program.children.map { JSONValue.number(JSONNumber(Int($0))) }
            #expect(pids.contains(active[0]["worker_pid"] ?? .null))
            #expect((active[0]["time_start"]?.double ?? 0) > 1.7e9)
            let safe = try self.client.broadcast("active", ["safe": true]).first?["w1@here"]?.elements
            #expect(safe?.first?["args"]?.text?.contains("60") == true)

            let scheduled = try self.client.inspect("scheduled").elements
            try #require(scheduled.count == 1)
            #expect(scheduled[0]["request"]?["id"]?.text == later)
            #expect(scheduled[0]["request"]?["args"] == [5, 6])
            #expect(scheduled[0]["request"]?["delivery_info"]?["priority"] == 3)
            #expect(scheduled[0]["eta"]?.text?.hasPrefix("20") == true)

            let known = try self.client.inspect("query_task", [.string(running), .string(later), "unknown"])
            #expect(known[running]?.elements.first == "active")
            #expect(known[later]?.elements.first == "scheduled")
            #expect(known["unknown"] == nil)
            #expect(try self.client.inspect("reserved") == [])
            #expect(worker.isRunning)
        }

        @Test func statisticsAreThoseOfTheWorker() throws {
            let worker = try self.place.worker(configuration: "[tasks.\"tasks.add\"]\nrate = \"600/m\"\n")
            for _ in 0..<3 { _ = try self.client.result(self.client.send("tasks.add", 1, 2)) }
            let statistics = try self.client.inspect("stats")
            #expect(statistics["total"]?["tasks.add"] == 3)
            #expect(statistics["pid"]?.integer == Int(worker.program.pid))
            #expect(statistics["pool"]?["max-concurrency"] == 2)
            let pids = statistics["pool"]?["processes"]?.elements.compactMap(\.integer) ?? []
            #expect(Set(pids) == Set(worker.program.children.map { Int($0) }))
            #expect(statistics["broker"]?["port"]?.integer == Int(self.place.server.port))
            #expect(statistics["broker"]?["transport"] == "redis")
            #expect((statistics["rusage"]?["utime"]?.double ?? 0) > 0)
            #expect(Int(statistics["clock"]?.text ?? "") ?? 0 > 0)
            let registered = try self.client.inspect("registered", "rate_limit").elements.compactMap(\.text)
            #expect(registered.contains("tasks.add [rate_limit=600/m]"))
            #expect(registered.contains("tasks.mul"))
            #expect(registered == registered.sorted())
        }

        @Test func settingsAreShownWithoutSecrets() throws {
            let server = try RedisServer(["requirepass": "sesame"])
            let client = try CeleryClient(server)
            let worker = try TestedWorker(PeerConnection(server), arguments: ["-n", "w1@here", "--max-losses", "4"])
            try wait(for: "a worker that listens") { try server.command("PUBSUB", "NUMPAT").integer == 1 }
            let settings = try client.inspect("conf")
            #expect(settings["worker_concurrency"] == 2)
            #expect(settings["retry.max_losses"] == 4)
            #expect(settings["broker_url"]?.text?.contains("127.0.0.1") == true)
            #expect(settings["worker.result_expires"] == nil)
            let all = try client.broadcast("conf", ["with_defaults": true]).first?["w1@here"]
            #expect(all?["worker.result_expires"] == "1d")
            let report = try client.inspect("report")["ok"]?.text ?? ""
            #expect(report.contains("transport:redis"))
            for text in [settings.description, all?.description ?? "", report] { #expect(!text.contains("sesame")) }
            #expect(worker.isRunning)
        }

        @Test func smallQuestionsAreAnswered() throws {
            let worker = try self.place.worker("-Q", "celery")
            let queue = try self.client.inspect("active_queues").elements.first
            #expect(queue?["name"] == "celery")
            #expect(queue?["exchange"]?["type"] == "direct")
            #expect(queue?["no_ack"] == false)
            let first = try self.client.inspect("clock")["clock"]?.integer ?? 0
            #expect(try self.client.inspect("clock")["clock"]?.integer ?? 0 > first)
            #expect(try self.client.inspect("memsample").text?.hasSuffix("MB") == true)
            #expect(try self.client.inspect("memdump").text?.contains("rss") == true)
            #expect(try self.client.inspect("revoked") == [])
            #expect(try self.client.inspect("hello", "other@here")["revoked"] == [])
            #expect(try self.client.broadcast("hello", ["from_node": "w1@here"]).first == ["w1@here": .null])
            #expect(
                try self.client.broadcast("objgraph").first?["w1@here"]?["error"]?.text?.contains("objgraph") == true)
            #expect(worker.isRunning)
        }

        /// What anybody may publish costs the worker nothing but a line of its log.
        @Test func hostileRequestsHurtNobody() throws {
            let worker = try self.place.worker()
            let server = self.place.server
            let large = String(repeating: "x", count: 3 << 20)
            let messages = [
                "", "no JSON", "[]", "{}", #"{"body": "e30=", "properties": {"delivery_tag": "t"}}"#,
                #"{"body": "%%%", "properties": {"delivery_tag": "t", "body_encoding": "base64"}}"#,
                String(repeating: "[", count: 10_000), "\u{0}\u{1}", large,
            ]
            for message in messages { _ = try server.command("PUBLISH", "/0.celery.pidbox", message) }
            let hostile: [(String, JSONObject)] = [
                ("pool_grow", ["n": .number(JSONNumber(Int.max))]),
                ("pool_shrink", ["n": .number(JSONNumber(Int.min))]),
                ("rate_limit", ["task_name": "tasks.add", "rate_limit": "1e-300/h"]),
                ("time_limit", ["task_name": "tasks.add", "hard": "1"]), ("add_consumer", ["queue": ""]),
                ("terminate", ["task_id": "x", "signal": -1]), ("revoke", ["task_id": ["a": 1]]),
            ]
            for (method, arguments) in hostile { _ = try self.client.broadcast(method, arguments, timeout: 2) }
            try wait(for: "a worker that listens again") { try self.place.listeners() == 1 }
            try wait(for: "an answer") { try !self.client.broadcast("ping", timeout: 1).isEmpty }
            #expect(try self.client.result(self.client.send("tasks.add", 2, 3)).value == 5)
            #expect(worker.isRunning)
        }

        @Test func nothingOfAnAnswerStays() throws {
            let worker = try self.place.worker()
            _ = try self.client.inspect("ping")
            let request: JSONObject = [
                "method": "ping", "reply_to": ["exchange": "reply.celery.pidbox", "routing_key": "gone"],
            ]
            let body = JSONValue.object(request).description.replacing("\"", with: "\\\"")
            let message =
                "{\"body\": \"\(body)\", \"content-type\": \"application/json\", \"properties\": {\"delivery_tag\": \"t\"}}"
            #expect(try self.place.server.command("PUBLISH", "/0.celery.pidbox", message).integer == 1)
            _ = try self.client.inspect("ping")
            #expect(try self.place.server.command("KEYS", "*pidbox").texts.allSatisfy { !$0.hasPrefix("gone") })
            #expect(worker.isRunning)
        }
    }
}
