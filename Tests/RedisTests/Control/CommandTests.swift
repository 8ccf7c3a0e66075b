import EngineSupport
import Glibc
import JSON
import Syscalls
import Testing

extension ControlTests {
    /// Every command of `app.control`.
    @Suite struct CommandTests {
        let place: ControlledPlace
        private var client: CeleryClient { self.place.client }

        init() throws { self.place = try ControlledPlace() }

        // MARK: Calling off

        @Test func revokedTasksDoNotStart() throws {
            let worker = try self.place.worker(concurrency: 1)
            _ = try self.place.running(seconds: 2)
            let waiting = try self.client.send("tasks.add", 1, 2)
            let later = try self.client.send("tasks.add", 3, 4, options: ["countdown": 1])
            let answer = try self.client.control("revoke", [.string(waiting), .string(later)])
            #expect(answer["ok"]?.text == "tasks {'\(waiting)', '\(later)'} flagged as revoked")
            for id in [waiting, later] {
                // Stored at once: nobody waits until the task would have been due.
                #expect(try self.client.result(id, within: 1).state == "REVOKED")
            }
            #expect(try Set(self.client.inspect("revoked").elements.compactMap(\.text)) == [waiting, later])
            try wait(for: "an empty queue") {
                try self.place.server.length("celery") == 0
                    && self.place.server.command("ZCARD", "celeriac.scheduled").integer == 0
                    && self.place.server.unacknowledged() == [0, 0]
            }
            #expect(try self.client.result(waiting).state == "REVOKED")
            let total = try self.client.inspect("stats")["total"]
            #expect(total?["tasks.add"] == nil)
            #expect(worker.isRunning)
        }

        /// A Python worker forgets: there the task would run.
        @Test func revocationsOutliveTheWorkers() throws {
            let first = try self.place.worker()
            let id = try self.client.send("tasks.add", 1, 2, options: ["countdown": 2])
            try wait(for: "the message aside") {
                try self.place.server.command("ZCARD", "celeriac.scheduled").integer == 1
            }
            _ = try self.client.control("revoke", .string(id))
            try first.kill()
            let expiry = try self.place.server.command("TTL", "celeriac.revoked").integer ?? 0
            #expect((604_700...604_800).contains(expiry))
            let second = try self.place.worker(name: "w2@here")
            try wait(for: "what was revoked") { try self.client.inspect("revoked") == [.string(id)] }
            try wait(for: "the end of the message") {
                try self.place.server.command("ZCARD", "celeriac.scheduled").integer == 0
                    && self.place.server.unacknowledged() == [0, 0]
            }
            #expect(try self.client.state(id) == "REVOKED")
            #expect(try self.client.inspect("stats")["total"] == .object([:]))
            #expect(second.isRunning)
        }

        @Test(arguments: ["SIGTERM", "SIGKILL", "SIGUSR1"])
        func runningTasksAreTerminated(signal: String) throws {
            let worker = try self.place.worker(concurrency: 2)
            let neighbour = try self.place.running(seconds: 3)
            let id = try self.place.running()
            let answer = try self.client.broadcast(
                "revoke", ["task_id": .string(id), "terminate": true, "signal": .string(signal)])
            #expect(answer.first?["w1@here"]?["ok"]?.text == "terminate: \(id)")
            let result = try self.client.result(id)
            #expect(result.state == "REVOKED")
            #expect(result.exception?.message == "terminated")
            #expect(try self.client.result(neighbour).state == "SUCCESS")
            #expect(worker.isRunning)
        }

        @Test func wrongTerminationsAreAnswered() throws {
            let worker = try self.place.worker()
            #expect(try self.client.control("terminate", "nobody")["ok"] == "terminate: tasks unknown")
            let answer = try self.client.broadcast("terminate", ["task_id": "x", "signal": "SIGNONE"])
            #expect(answer.first?["w1@here"]?["error"]?.text?.contains("no such signal") == true)
            #expect(worker.isRunning)
        }

        @Test func tasksAreRevokedByTheirStamps() throws {
            let worker = try self.place.worker(concurrency: 2)
            let stamps: JSONObject = ["tenant": "acme"]
            let options: JSONObject = [
                "headers": ["stamped_headers": ["tenant"], "stamps": .object(stamps)], "countdown": 0.5,
            ]
            let answer = try self.client.control("revoke_by_stamped_headers", ["tenant": ["acme", "b"]])
            #expect(
                answer["ok"]?.text == "headers {'tenant': ['acme', 'b']} flagged as revoked, but not terminated")
            let stamped = try self.client.send("tasks.add", 1, 2, options: options)
            let plain = try self.client.send("tasks.add", 1, 2)
            #expect(try self.client.result(plain).value == 3)
            #expect(try self.client.result(stamped).state == "REVOKED")
            #expect(worker.isRunning)
        }

        // MARK: Limits

        @Test func rateLimitsHold() throws {
            let worker = try self.place.worker()
            func limit(_ task: JSONValue, _ rate: JSONValue) throws -> JSONValue {
                try self.client.control("rate_limit", task, rate)
            }
            #expect(try limit("tasks.nope", "1/s") == ["error": "unknown task"])
            #expect(try limit("tasks.add", "1/fortnight") == ["error": "KeyError('fortnight')"])
            #expect(
                try limit("tasks.add", "x/s") == [
                    "error": "Invalid rate limit string: ValueError(\"could not convert string to float: 'x'\")"
                ])
            #expect(try limit("tasks.add", "10/s") == ["ok": "new rate limit set successfully"])
            let start = monotonicNanoseconds()
            let ids = try (0..<8).map { try self.client.send("tasks.add", .number(JSONNumber($0)), 1) }
            for id in ids { _ = try self.client.result(id) }
            #expect(monotonicNanoseconds() - start > 650_000_000, "the first is at once, seven follow")
            #expect(try limit("tasks.add", 0) == ["ok": "rate limit disabled successfully"])
            #expect(worker.isRunning)
        }

        /// In Celery 5.7.0 this command has no effect.
        @Test func timeLimitsHold() throws {
            let worker = try self.place.worker()
            #expect(
                try self.client.control("time_limit", "tasks.nope", 1, 2) == ["error": "unknown task"])
            let answer = try self.client.broadcast(
                "time_limit", ["task_name": "tasks.sleep", "soft": .null, "hard": 0.5])
            #expect(answer.first?["w1@here"] == ["ok": "time limits set successfully"])
            let result = try self.client.result(self.client.send("tasks.sleep", 60))
            #expect(result.exception?.type == "TimeLimitExceeded")
            #expect(result.exception?.arguments == [0.5])
            _ = try self.client.broadcast("time_limit", ["task_name": "tasks.sleep"])
            #expect(try self.client.result(self.client.send("tasks.sleep", 1)).state == "SUCCESS")
            #expect(worker.isRunning)
        }

        // MARK: Queues and children

        @Test func queuesAreAddedAndCancelled() throws {
            let worker = try self.place.worker()
            let waiting = try self.client.send("tasks.add", 1, 2, options: ["queue": "extra"])
            #expect(try self.client.state(waiting) == "PENDING")
            #expect(try self.client.control("add_consumer", "extra")["ok"] == "add consumer extra")
            #expect(try self.client.result(waiting).value == 3)
            let names = try self.client.inspect("active_queues").elements.compactMap { $0["name"]?.text }
            #expect(names == ["celery", "extra"])
            let answer = try self.client.control("cancel_consumer", "celery")
            #expect(answer["ok"] == "no longer consuming from celery")
            let left = try self.client.send("tasks.add", 1, 2)
            let taken = try self.client.send("tasks.add", 4, 5, options: ["queue": "extra"])
            #expect(try self.client.result(taken).value == 9)
            #expect(try self.place.server.length("celery") == 1)
            _ = try self.client.control("cancel_consumer", "extra")
            #expect(try self.client.inspect("active_queues") == [])
            _ = try self.client.control("add_consumer", "celery")
            #expect(try self.client.result(left).value == 3)
            #expect(worker.isRunning)
        }

        @Test func poolsGrowAndShrink() throws {
            let worker = try self.place.worker(concurrency: 2)
            func processes() throws -> Int {
                try self.client.inspect("stats")["pool"]?["processes"]?.elements.count ?? 0
            }
            #expect(try self.client.control("pool_grow", 2) == ["ok": "pool will grow"])
            try wait(for: "four children") { try processes() == 4 }
            #expect(try self.client.control("pool_shrink", 3) == ["ok": "pool will shrink"])
            try wait(for: "one child") { try processes() == 1 }
            #expect(try self.client.control("pool_shrink", 1)["error"]?.text?.hasPrefix("ValueError(") == true)
            #expect(try self.client.result(self.client.send("tasks.add", 1, 2)).value == 3)
            #expect(worker.isRunning)
        }

        @Test func poolsScaleAndAreToldHowFar() throws {
            let worker = try self.place.worker("--max-concurrency", "3", concurrency: 1)
            #expect(
                try self.client.inspect("stats")["autoscaler"] == ["current": 1, "max": 3, "min": 1, "qty": 0])
            let ids = try (0..<6).map { _ in try self.client.send("tasks.sleep", 0.5) }
            try wait(for: "three children at work") { try self.client.inspect("stats")["autoscaler"]?["qty"] == 3 }
            for id in ids { #expect(try self.client.result(id).state == "SUCCESS") }
            #expect(try self.client.control("autoscale", 2, 1) == ["ok": "autoscale now max=2 min=1"])
            #expect(try self.client.inspect("stats")["autoscaler"]?["current"] == 2)
            #expect(try self.client.control("autoscale", 2, 3)["error"]?.text?.hasPrefix("ValueError(") == true)
            #expect(worker.isRunning)
        }

        @Test func poolsAreReplaced() throws {
            let worker = try self.place.worker()
            let before = Set(worker.program.children)
            #expect(try self.client.control("pool_restart") == ["ok": "reload started"])
            try wait(for: "other children") {
                let now = try self.client.inspect("stats")["pool"]?["processes"]?.elements.compactMap(\.integer) ?? []
                return now.count == 2 && before.isDisjoint(with: now.map { ProcessID($0) })
            }
            #expect(worker.isRunning)
        }

        // MARK: The worker

        @Test func shutdownIsWarm() throws {
            let worker = try self.place.worker()
            let id = try self.place.running(seconds: 1)
            _ = try self.client.broadcast("shutdown", timeout: 0.1)
            try worker.program.wait(for: "the end of the worker") { worker.program.exit != nil }
            #expect(try worker.program.finish(within: 5) == 0)
            #expect(try self.client.result(id).state == "SUCCESS")
        }

        @Test func electionsEndNobody() throws {
            let workers = try ["w1@here", "w2@here"].map { try self.place.worker(name: $0) }
            let action: JSONValue = ["task": "tasks.add", "args": [1, 2]]
            let answers = try self.client.broadcast(
                "election", ["id": "e", "topic": "task", "action": action], timeout: 0.3)
            #expect(answers.isEmpty)
            #expect(try self.client.broadcast("ping", limit: 2).count == 2)
            #expect(workers.allSatisfy { $0.isRunning })
        }

        // MARK: Who may control

        @Test func readOnlyWorkersAreNotControlled() throws {
            let worker = try self.place.worker("--remote-control", "read-only")
            let id = try self.place.running(seconds: 1)
            #expect(
                try self.client.control("revoke", .string(id))["error"]
                    == "PermissionError('remote control is read-only here')")
            #expect(try self.client.control("pool_grow", 1)["error"]?.text?.hasPrefix("PermissionError") == true)
            _ = try self.client.broadcast("shutdown", timeout: 0.2)
            #expect(try self.client.inspect("ping") == ["ok": "pong"])
            #expect(try self.client.result(id).state == "SUCCESS")
            #expect(worker.isRunning)
        }

        @Test func deafWorkersHearNothing() throws {
            let worker = try TestedWorker(
                PeerConnection(self.place.server), arguments: ["-n", "w1@here", "--remote-control", "off"])
            #expect(try self.client.result(self.client.send("tasks.add", 1, 2)).value == 3)
            #expect(try self.place.listeners() == 0)
            #expect(try self.client.broadcast("ping", timeout: 0.3).isEmpty)
            #expect(worker.isRunning)
        }
    }
}
