import EngineSupport
import Glibc
import JSON
import Syscalls
import Testing

extension FaultTests {
    /// What servers do: end, come back with or without their memory, refuse.
    @Suite struct ServerTests {
        /// Time from the end of a fault until work goes on.
        static let patience = 15.0

        private func finish(_ worker: Program, _ place: Workplace, again: Int = 0) throws {
            try worker.wait(for: "the end of all messages", within: 30) { try place.isDrained() }
            worker.signal(SIGTERM)
            #expect(try worker.finish() == 0, "\(worker.errorText)")
            try place.expectAccounted(again: again)
        }

        private func waitForSuccess(_ ids: some Sequence<String>, _ place: Workplace, _ worker: Program) throws {
            for id in ids {
                try worker.wait(for: "the result of \(id)", within: Self.patience) {
                    try place.state(id) == "SUCCESS"
                }
            }
        }

        /// Counts that a message brings are numbers of any size: it dies, and nothing else does.
        @Test func countsBeyondAllMeasureCostNothing() throws {
            let place = try Workplace(RedisServer())
            let message = RawMessage("hostile", "tasks.mark").text
            let counts = #""retries": 9223372036854775807, "celeriac_losses": 9223372036854775807"#
            try place.push(message.replacing(#""retries": 0"#, with: counts))
            let worker = try place.startWorker()
            try worker.wait(forRecords: "message.dead")
            try worker.wait(for: "its end") { try place.isDrained() }
            worker.signal(SIGTERM)
            #expect(try worker.finish() == 0)
            #expect(try place.state("hostile") == "FAILURE")
        }

        @Test func whatRunsIsStoredAtAServerThatHasForgotten() throws {
            let server = try RedisServer()
            let place = try Workplace(server)
            let worker = try place.startWorker()
            try place.sendMarks(2, seconds: 1)
            try worker.wait(for: "both tasks") { try place.marks().count == 2 }
            try server.kill()
            try server.restart()
            try self.waitForSuccess(place.ids, place, worker)
            #expect(worker.records("broker.keys.lost").count == 1)
            try place.sendMarks(4)
            try self.waitForSuccess(place.ids, place, worker)
            try self.finish(worker, place)
        }

        @Test func serverWithALogLosesNothing() throws {
            let server = try RedisServer(["appendonly": "yes"])
            let place = try Workplace(server)
            let worker = try place.startWorker()
            try place.sendMarks(40, seconds: 0.05)
            for count in [3, 15, 30] {
                try worker.wait(for: "\(count) marks") { try place.marks().count >= count }
                try server.kill()
                try server.restart()
            }
            try self.finish(worker, place)
        }

        @Test func fullServerIsDrained() throws {
            let server = try RedisServer(["maxmemory-policy": "noeviction"])
            let place = try Workplace(server)
            try place.sendMixture()
            try server.command("CONFIG", "SET", "maxmemory", "1")
            let refusal = try server.command("SET", "another", String(repeating: "x", count: 1 << 10))
            #expect(refusal == .error("OOM command not allowed when used memory > 'maxmemory'."))
            try self.finish(place.startWorker(), place)
        }

        @Test func losingAllKeysIsNoticed() throws {
            let server = try RedisServer()
            let place = try Workplace(server)
            let worker = try place.startWorker()
            try place.sendMarks(2, seconds: 1.5)
            try worker.wait(for: "both tasks") { try place.marks().count == 2 }
            let epoch = try server.command("GET", "celeriac.epoch")
            try server.command("FLUSHALL")
            try worker.wait(forRecords: "broker.keys.lost", within: Self.patience)
            let later = try server.command("GET", "celeriac.epoch")
            #expect(later != epoch && later != .none)
            try self.waitForSuccess(place.ids, place, worker)
            try place.sendMarks(4)
            try self.finish(worker, place)
        }

        /// A replica that becomes the master has not heard of the last endings: they are made again.
        @Test func whatHasEndedAndIsBackRunsAgain() throws {
            let server = try RedisServer()
            let place = try Workplace(server)
            let worker = try place.startWorker()
            try place.sendMarks(1, seconds: 1)
            try worker.wait(for: "the task") { try place.marks().count == 1 }
            let entries = try server.command("HGETALL", "unacked").texts
            let index = try server.command("ZRANGE", "unacked_index", "0", "-1", "WITHSCORES").texts
            try #require(entries.count == 2 && index.count == 2)
            try self.waitForSuccess(place.ids, place, worker)
            try server.command("DEL", "celery-task-meta-\(place.ids[0])")
            try server.command("HSET", "unacked", entries[0], entries[1])
            try server.command("ZADD", "unacked_index", index[1], index[0])
            try server.command("CLIENT", "KILL", "TYPE", "normal")
            try self.waitForSuccess(place.ids, place, worker)
            #expect(try place.marks().values.elementsEqual([2]))
            try self.finish(worker, place, again: 1)
        }

        /// Nobody looks for what a worker holds that is not known: what it takes makes it known, and shows that it lives.
        @Test func whoTakesIsKnown() throws {
            let server = try RedisServer()
            let place = try Workplace(server)
            let worker = try place.startWorker(timeout: "10m")
            try worker.wait(for: "its first take") { try server.command("SCARD", "celeriac.workers") == .integer(1) }
            let id = try server.command("SMEMBERS", "celeriac.workers").texts[0]
            try server.command("DEL", "celeriac.workers", "celeriac.worker.\(id)")
            try place.sendMarks(1, seconds: 1)
            try worker.wait(for: "the task") { try place.marks().count == 1 }
            #expect(try server.command("SMEMBERS", "celeriac.workers").texts == [id])
            #expect(try server.command("EXISTS", "celeriac.worker.\(id)") == .integer(1))
            try self.finish(worker, place)
        }

        @Test(arguments: ["unacked", "unacked_index", "celeriac.scheduled", "celeriac.dead", "celery"])
        func keyOfAnotherTypeStopsWorkUntilItIsMended(key: String) throws {
            let server = try RedisServer()
            let place = try Workplace(server)
            let worker = try place.startWorker(queues: "celery,video")
            try place.sendMarks(2, seconds: 0.6, queue: "video")
            try worker.wait(for: "both tasks") { try place.marks().count == 2 }
            // In one step, there and back: nobody may find the key gone in between.
            let breaking = "redis.pcall('RENAME', KEYS[1], KEYS[2]) return redis.call('SET', KEYS[1], 'something else')"
            try server.command("EVAL", breaking, "2", key, "aside")
            try place.sendMarks(3, queue: "video")
            if key == "celery" {
                try self.waitForSuccess(place.ids, place, worker)
            } else {
                try worker.wait(forRecords: "broker.refused", within: Self.patience)
                worker.watch(seconds: 1.1)
                #expect(try server.command("LLEN", "video") == .integer(3), "nothing is taken that cannot be recorded")
            }
            try worker.wait(forRecords: "broker.refused", within: Self.patience)
            #expect(worker.records("broker.refused").count < 6, "\(worker.errorText)")
            let mending = "redis.call('DEL', KEYS[1]) return redis.pcall('RENAME', KEYS[2], KEYS[1])"
            try server.command("EVAL", mending, "2", key, "aside")
            try place.sendMarks(2)
            try self.waitForSuccess(place.ids, place, worker)
            try self.finish(worker, place)
        }

        /// The first effect must not be repeated while the second one is refused.
        @Test func refusedStepOfAnEndingRepeatsNone() throws {
            let server = try RedisServer()
            let place = try Workplace(server)
            let worker = try place.startWorker()
            try server.command("SET", "broken", "no list")
            let embed =
                #"{"callbacks": [\#(Self.link("good")), \#(Self.link("broken"))], "errbacks": null, "chain": null, "chord": null}"#
            var message = RawMessage("linked", "tasks.identity")
            message.arguments = "[1]"
            message.embed = embed
            try place.push(message.text)
            try worker.wait(forRecords: "broker.refused", within: Self.patience)
            worker.watch(seconds: 1.2)
            #expect(try server.command("EXISTS", "good") == .integer(0))
            #expect(try place.left()[1] == 1)
            try server.command("DEL", "broken")
            try worker.wait(for: "the end of all messages") { try place.isDrained() }
            #expect(try place.left(["good"])[0] == 1)
            #expect(try place.left(["broken"])[0] == 1)
            #expect(worker.records("broker.refused").count == 1)
            #expect(try place.state("linked") == "SUCCESS")
        }

        private static func link(_ queue: String) -> String {
            #"{"task": "tasks.elsewhere", "args": [], "kwargs": {}, "options": {"queue": "\#(queue)"}, "#
                + #""subtask_type": null, "immutable": false}"#
        }

        /// Nobody else's result is in the way: a document replaces whatever is there.
        @Test func resultReplacesAKeyOfAnotherType() throws {
            let server = try RedisServer()
            let place = try Workplace(server)
            try place.sendMarks(2)
            for id in place.ids { try server.command("RPUSH", "celery-task-meta-\(id)", "a list") }
            try self.finish(place.startWorker(), place)
        }

        @Test func scheduledMemberOfNoFormIsKept() throws {
            let server = try RedisServer()
            let place = try Workplace(server)
            try server.command("ZADD", "celeriac.scheduled", "1", "of no form")
            try place.sendMarks(2)
            let worker = try place.startWorker()
            try worker.wait(for: "the end of all messages") { try place.isDrained() }
            #expect(try server.command("HVALS", "celeriac.dead").texts.first?.contains("of no form") == true)
            worker.signal(SIGTERM)
            #expect(try worker.finish() == 0)
        }

        @Test func wrongPasswordEndsTheWorkerWithoutTellingIt() throws {
            let server = try RedisServer(["requirepass": "the-right-one"])
            let place = try Workplace(server)
            let worker = try place.startWorker(url: "redis://:the-wrong-one@127.0.0.1:\(server.port)/0")
            #expect(try worker.finish() == 3)
            #expect(worker.records("broker.failed").first?["reason"]?.text?.contains("WRONGPASS") == true)
            #expect(!(worker.errorText + worker.outputLines.joined()).contains("the-wrong-one"))
        }

        @Test(arguments: ["&* -client|tracking", "resetchannels", "&* -info"])
        func userWithFewerRightsWorks(rights: String) throws {
            let server = try RedisServer()
            let rules = ["on", ">secret", "~*", "+@all"] + rights.split(separator: " ").map(String.init)
            #expect(try server.command(["ACL", "SETUSER", "limited"] + rules) == .text("OK"))
            let place = try Workplace(server)
            let worker = try place.startWorker(url: "redis://limited:secret@127.0.0.1:\(server.port)/0")
            try worker.wait(forRecords: "broker.connected", within: Self.patience)
            try place.sendMarks(10)
            try self.finish(worker, place)
            #expect(worker.records("broker.lost").isEmpty, "\(worker.errorText)")
        }

        @Test func loadingServerIsWaitedFor() throws {
            let settings = [
                "rdbcompression": "no", "key-load-delay": "5000", "loading-process-events-interval-bytes": "1024",
            ]
            let server = try RedisServer(settings)
            let place = try Workplace(server)
            let worker = try place.startWorker()
            try worker.wait(forRecords: "broker.connected")
            for number in 0..<400 { try server.command("SET", "filler-\(number)", String(repeating: "x", count: 100)) }
            #expect(try server.command("SAVE") == .text("OK"))
            try server.kill()
            try server.restart()
            try place.sendMarks(3)
            try self.waitForSuccess(place.ids, place, worker)
            let reasons = worker.records("broker.lost").compactMap { $0["reason"]?.text }
            #expect(reasons.contains { $0.hasPrefix("LOADING") }, "\(reasons)")
            #expect(reasons.count < 6, "\(reasons)")
            try self.finish(worker, place)
        }

        @Test func serverThatEvictsKeysIsWarnedOf() throws {
            let server = try RedisServer(["maxmemory": "100mb", "maxmemory-policy": "allkeys-lru"])
            let place = try Workplace(server)
            try place.sendMarks(2)
            let worker = try place.startWorker()
            #expect(try worker.wait(forRecords: "broker.evicts").first?["maxmemory-policy"] == "allkeys-lru")
            try self.finish(worker, place)
        }

        /// One answer brings no more than a few megabytes, and what it brings is read in pieces.
        @Test func largeMessagesAndResultsPass() throws {
            let server = try RedisServer()
            let place = try Workplace(server)
            for _ in 0..<6 {
                try place.send("tasks.identity", 1, #"{"x": "\#(String(repeating: "é", count: 1 << 19))"}"#)
            }
            let worker = try place.startWorker(concurrency: 8)
            try self.finish(worker, place)
        }

        @Test func endWithoutAServerTellsWhatIsNotStored() throws {
            let server = try RedisServer()
            let place = try Workplace(server)
            let worker = try place.startWorker()
            try place.sendMarks(2, seconds: 0.5)
            try worker.wait(for: "both tasks") { try place.marks().count == 2 }
            try server.kill()
            worker.signal(SIGTERM)
            #expect(try worker.finish(within: 8) == 3)
            #expect(worker.records("broker.unsettled").first?["deliveries"] == "2", "\(worker.errorText)")
            #expect(worker.records("broker.lost").count < 6, "\(worker.errorText)")
        }
    }
}
