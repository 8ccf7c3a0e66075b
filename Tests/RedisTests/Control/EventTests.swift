import EngineSupport
import Glibc
import JSON
import Testing

extension ControlTests {
    /// What `app.events.Receiver` and `app.events.State` see.
    @Suite struct EventTests {
        let place: ControlledPlace
        private var client: CeleryClient { self.place.client }

        init() throws {
            self.place = try ControlledPlace()
            try self.place.client.listen()
            let place = self.place
            try wait(for: "the listener") { try place.listeners() == 1 }
        }

        /// What was heard, once it says so.
        private func heard(_ what: String, _ says: (JSONValue) throws -> Bool) throws -> JSONValue {
            var heard = JSONValue.null
            try wait(for: what) {
                heard = try self.client.heard()
                return try says(heard)
            }
            return heard
        }

        private static func types(_ heard: JSONValue, of id: String) -> [String] {
            heard["events"]?.elements.filter { $0["uuid"]?.text == id }.compactMap { $0["type"]?.text } ?? []
        }

        private static func event(_ heard: JSONValue, _ type: String, of id: String? = nil) -> JSONValue? {
            heard["events"]?.elements.first { $0["type"]?.text == type && (id == nil || $0["uuid"]?.text == id) }
        }

        @Test func workersComeStayAndGo() throws {
            let worker = try self.place.worker()
            let online = try self.heard("two heartbeats") { heard in
                heard["events"]?.elements.count { $0["type"] == "worker-heartbeat" } ?? 0 >= 2
            }
            let event = try #require(Self.event(online, "worker-online"))
            #expect(event["hostname"] == "w1@here")
            #expect(event["freq"] == 2.0)
            #expect(event["pid"]?.integer == Int(worker.program.pid))
            #expect(event["loadavg"]?.elements.count == 3)
            #expect(event["active"] == 0)
            #expect(online["workers"]?["w1@here"]?["alive"] == true)
            let clocks = online["events"]?.elements.compactMap { $0["clock"]?.integer } ?? []
            #expect(clocks == clocks.sorted() && Set(clocks).count == clocks.count)
            #expect(try worker.stop() == 0)
            let gone = try self.heard("the end") { Self.event($0, "worker-offline") != nil }
            #expect(gone["workers"]?["w1@here"]?["alive"] == false)
        }

        @Test func eachStepOfATaskIsTold() throws {
            let worker = try self.place.worker("-E", "--max-retries", "1")
            let good = try self.client.send("tasks.add", 2, 3)
            let bad = try self.client.send("tasks.fail", "on purpose")
            let again = try self.client.send("tasks.retry_once", 7)
            let late = try self.client.send("tasks.add", 1, 1, options: ["expires": -5])
            let unknown = try self.client.send("tasks.unknown")
            for id in [good, bad, again, late, unknown] { _ = try self.client.result(id) }
            let heard = try self.heard("the ends") { heard in
                [(good, "SUCCESS"), (bad, "FAILURE"), (again, "SUCCESS"), (late, "REVOKED"), (unknown, "FAILURE")]
                    .allSatisfy { heard["tasks"]?[$0.0]?["state"]?.text == $0.1 }
            }
            #expect(Self.types(heard, of: good) == ["task-received", "task-started", "task-succeeded"])
            #expect(Self.types(heard, of: bad) == ["task-received", "task-started", "task-failed"])
            #expect(
                Self.types(heard, of: again).filter { $0 != "task-received" }
                    == ["task-started", "task-retried", "task-started", "task-succeeded"])
            #expect(Self.types(heard, of: unknown) == ["task-failed"])
            let received = try #require(Self.event(heard, "task-received", of: good))
            #expect(received["name"] == "tasks.add")
            #expect(received["args"]?.text?.contains("2, 3") == true)
            #expect(received["root_id"]?.text == good)
            #expect(received["retries"] == 0)
            let succeeded = try #require(Self.event(heard, "task-succeeded", of: good))
            #expect(succeeded["result"] == "5")
            #expect((succeeded["runtime"]?.double ?? -1) > 0)
            let failed = try #require(Self.event(heard, "task-failed", of: bad))
            #expect(failed["exception"] == "DemoError('on purpose')")
            #expect(failed["traceback"]?.text?.contains("DemoError: on purpose") == true)
            #expect(Self.event(heard, "task-revoked", of: late)?["expired"] == true)
            #expect(Self.event(heard, "task-failed", of: unknown)?["exception"] == "NotRegistered('tasks.unknown')")
            #expect(heard["tasks"]?[good]?["worker"] == "w1@here")
            #expect(heard["tasks"]?[good]?["name"] == "tasks.add")
            #expect(worker.isRunning)
        }

        @Test func crashesAreToldWithCauseAndBacktrace() throws {
            let worker = try self.place.worker("-E", "--max-losses", "1")
            let crash = try self.client.send("demo.crash")
            let killed = try self.client.send("tasks.sleep", 60, options: ["time_limit": 0.5])
            let heard = try self.heard("the failures") { heard in
                [crash, killed].allSatisfy { Self.types(heard, of: $0).last == "task-failed" }
            }
            let failed = try #require(Self.event(heard, "task-failed", of: crash))
            #expect(failed["exception"]?.text?.hasPrefix("WorkerLostError(") == true)
            #expect(failed["cause"] == "trap")
            #expect(failed["traceback"]?.text?.contains("FaultTasks.swift") == true, "\(failed)")
            let limited = try #require(Self.event(heard, "task-failed", of: killed))
            #expect(limited["exception"] == "TimeLimitExceeded(0.5)")
            #expect(limited["cause"] == "hard_time")
            #expect(worker.isRunning)
        }

        @Test func terminationsAreTold() throws {
            let worker = try self.place.worker("-E")
            let id = try self.place.running()
            _ = try self.client.control("terminate", .string(id))
            let heard = try self.heard("the end") { Self.types($0, of: id).last == "task-revoked" }
            let revoked = try #require(Self.event(heard, "task-revoked", of: id))
            #expect(revoked["terminated"] == true)
            #expect(revoked["signum"] == 15)
            #expect(revoked["expired"] == false)
            #expect(worker.isRunning)
        }

        @Test func eventsOfTasksAreSwitchedOnAndOff() throws {
            let worker = try self.place.worker()
            func tell() throws -> String {
                let id = try self.client.send("tasks.add", 1, 2)
                _ = try self.client.result(id)
                return id
            }
            let silent = try tell()
            #expect(try self.client.control("disable_events") == ["ok": "task events already disabled"])
            #expect(try self.client.control("enable_events") == ["ok": "task events enabled"])
            #expect(try self.client.control("enable_events") == ["ok": "task events already enabled"])
            let told = try tell()
            _ = try self.heard("a told task") { Self.types($0, of: told).count == 3 }
            #expect(try self.client.control("disable_events") == ["ok": "task events disabled"])
            let again = try tell()
            // A heartbeat out of turn comes behind whatever was to be told.
            #expect(try self.client.broadcast("heartbeat").first == ["w1@here": .null])
            let count = try self.client.heard()["events"]?.elements.count ?? 0
            let heard = try self.heard("something later") { ($0["events"]?.elements.count ?? 0) > count }
            #expect(Self.types(heard, of: silent) == [])
            #expect(Self.types(heard, of: again) == [])
            #expect(worker.isRunning)
        }

        @Test func manyTasksAreToldInFewMessages() throws {
            let worker = try self.place.worker("-E")
            let before = try self.place.server.calls(of: "publish")
            let ids = try self.client.sendMany("demo.noop", Array(repeating: [:], count: 500))
            let heard = try self.heard("all ends") { heard in
                ids.allSatisfy { heard["tasks"]?[$0]?["state"] == "SUCCESS" }
            }
            for id in ids {
                #expect(Self.types(heard, of: id) == ["task-received", "task-started", "task-succeeded"])
            }
            let published = try self.place.server.calls(of: "publish") - before
            // 500 results are published too, and a heartbeat now and then.
            #expect(published < 500 + 500, "\(published) for 1,500 events")
            #expect(worker.isRunning)
        }
    }
}
