import EngineSupport
import Glibc
import JSON
import Syscalls
import Testing

extension RedisTests {
    /// `beat` as a process, with a real server.
    @Suite struct BeatTests {
        /// Seconds for which leaders are killed; `CELERIAC_BEAT_SECONDS=600` for the long one.
        private static let seconds = Environment.current["CELERIAC_BEAT_SECONDS"].flatMap { Double($0) } ?? 7

        /// Three schedulers. The one that leads is killed, stopped for longer than its lead lasts, or asked to end,
        /// again and again.
        @Test func eachInstantIsFiredOnceHoweverOftenTheLeaderIsLost() throws {
            let entries = ["a", "b"].map { BeatPlace.entry($0, every: "200ms", "queue = \"\($0)\"\nmissed = \"all\"") }
            let place = try BeatPlace(entries.joined())
            var beats = try (0..<3).map { _ in try place.start("--lease", "300ms") }
            let end = monotonicNanoseconds() + UInt64(Self.seconds * 1e9)
            var losses = 0
            while monotonicNanoseconds() < end {
                let index = try Self.leader(of: beats, at: place.server)
                beats[index].watch(seconds: .random(in: 0.05...0.4))
                if try Self.lose(beats[index], losses) { beats[index] = try place.start("--lease", "300ms") }
                losses += 1
            }
            for beat in beats { try BeatPlace.stop(beat) }
            #expect(Double(losses) > Self.seconds / 2)
            for name in ["a", "b"] {
                let instants = try place.instants(name)
                #expect(instants.count > Int(Self.seconds * 4))
                #expect(distances(instants) == [200], "each instant once and in order")
                #expect(try place.state(name)["runs"] == .number(JSONNumber(instants.count)))
                #expect(try place.state(name)["due"] == instants.last.map { .number(JSONNumber(Int($0))) })
            }
        }

        private static func leader(of beats: [Program], at server: RedisServer) throws -> Int {
            var index: Int?
            try wait(for: "a scheduler with the lead") {
                for beat in beats { beat.poll() }
                let name = try server.command("GET", "celeriac.schedule.leader").text ?? ""
                index = beats.firstIndex { name.contains("-\($0.pid)-") }
                return index != nil
            }
            return index!
        }

        /// Whether it has to be started anew.
        private static func lose(_ beat: Program, _ count: Int) throws -> Bool {
            switch count % 4 {
            case 1:
                beat.signal(SIGSTOP)
                beat.watch(seconds: 0.5)
                beat.signal(SIGCONT)
                return false
            case 3: try BeatPlace.stop(beat)
            default:
                beat.signal(SIGKILL)
                try beat.finish(within: 5)
            }
            return true
        }

        /// The lead is taken away again and again, so that all three believe to have it: only the script keeps them apart.
        @Test func schedulersThatAllBelieveToLeadFireOnce() throws {
            let place = try BeatPlace(BeatPlace.entry("a", every: "40ms", "missed = \"all\""))
            let beats = try (0..<3).map { _ in try place.start("--lease", "3s") }
            try wait(for: "three leaders, and what they send") {
                for beat in beats { beat.poll() }
                try place.server.command("DEL", "celeriac.schedule.leader")
                let haveSent = beats.allSatisfy { !$0.records("beat.sent").isEmpty }
                return try haveSent && place.server.length("celery") > 60
            }
            for beat in beats { try BeatPlace.stop(beat) }
            #expect(distances(try place.instants()) == [40])
        }

        @Test func aServerThatIsStartedAnewGoesOnWhereItWas() throws {
            let server = try RedisServer(["appendonly": "yes"])
            let place = try BeatPlace(BeatPlace.entry("a", every: "100ms", "missed = \"all\""), server: server)
            let beat = try place.start()
            try beat.wait(for: "a message") { try server.length("celery") > 3 }
            try server.kill()
            try beat.wait(forRecords: "beat.lost")
            try server.restart()
            let count = try server.length("celery")
            try beat.wait(for: "further messages") { try server.length("celery") > count + 3 }
            try BeatPlace.stop(beat)
            #expect(distances(try place.instants()) == [100])
        }

        @Test func missedInstantsAreMadeUpForAsThePolicySays() throws {
            let policies = ["skip", "once", "all"]
            let entries = policies.map {
                BeatPlace.entry($0, every: "10m", "missed = \"\($0)\"\nqueue = \"\($0)\"")
            }
            let place = try BeatPlace(entries.joined())
            for name in policies { try place.begin(name, "tasks.add every 600000ms", ago: 65 * 60_000) }
            let beat = try place.start()
            try beat.wait(forRecords: "beat.sent", count: 7)
            #expect(try beat.wait(forRecords: "beat.missed").map { $0["entry"] } == ["skip"])
            try BeatPlace.stop(beat)
            #expect(try policies.map { try place.instants($0).count } == [0, 1, 6])
            #expect(distances(try place.instants("all")) == [600_000])
            let due = try policies.compactMap { try place.state($0)["due"]?.integer }
            #expect(due.count == 3 && due.max()! - due.min()! < 1_000)
        }

        @Test func aChangedScheduleBeginsAnew() throws {
            let place = try BeatPlace(BeatPlace.entry("a", every: "10m"))
            try place.begin("a", "tasks.add every 1000ms", ago: 3_600_000)
            let beat = try place.start()
            try beat.wait(forRecords: "beat.begins")
            try BeatPlace.stop(beat)
            #expect(try place.instants() == [])
            #expect(try place.state("a")["definition"] == "tasks.add every 600000ms")
        }

        // MARK: Overlap

        private static let overlapping = BeatPlace.entry(
            "a", task: "tasks.sleep", every: "100ms", "args = [0.5]\noverlap = \"skip\"\nmissed = \"all\"")

        /// The times at which it was sent.
        private static func sent(_ beat: Program) -> [Int64] {
            beat.records("beat.sent").compactMap { record in
                ISO8601.seconds(parsing: record["due"]?.text ?? "").map { Int64(($0 * 1_000).rounded()) }
            }
        }

        /// Without a result backend, so that only the worker can tell.
        @Test func aTaskThatHasNotEndedIsNotSentAgain() throws {
            let place = try BeatPlace(Self.overlapping)
            let worker = try Program(
                command: [Executable.demo.path, "worker", "-c", "4", "-b", place.server.url()], expectsOutcomes: false)
            let beat = try place.start()
            try beat.wait(forRecords: "beat.sent", count: 4)
            #expect(!beat.records("beat.skipped").isEmpty)
            #expect(distances(Self.sent(beat)).allSatisfy { $0 >= 500 })
            try BeatPlace.stop(beat)
            try worker.end()
        }

        @Test(.enabled(if: PythonPeers.areInstalled)) func celerysWorkerTellsByItsResult() throws {
            let place = try BeatPlace(Self.overlapping)
            let worker = try CeleryWorker(PeerConnection(place.server), concurrency: 4)
            let beat = try place.start("--result-backend", place.server.url(database: 1))
            try beat.wait(forRecords: "beat.sent", count: 3)
            #expect(!beat.records("beat.skipped").isEmpty)
            #expect(distances(Self.sent(beat)).allSatisfy { $0 >= 500 })
            let id = try #require(beat.records("beat.sent").first?["task.id"]?.text)
            let client = try CeleryClient(place.server)
            #expect(try client.result(id).value == 0.5)
            try BeatPlace.stop(beat)
            try worker.kill()
        }

        @Test func aLostMessageDoesNotBlockForEver() throws {
            let place = try BeatPlace(Self.overlapping + "overlap_timeout = \"600ms\"\n")
            let beat = try place.start()
            try beat.wait(forRecords: "beat.sent")
            try place.server.command("DEL", "celery")
            try beat.wait(forRecords: "beat.sent", count: 2)
            #expect(Self.sent(beat)[1] - Self.sent(beat)[0] >= 600)
            try BeatPlace.stop(beat)
        }

        // MARK: Refusals

        @Test func aWrongTypeIsToldAndMended() throws {
            let place = try BeatPlace(BeatPlace.entry("a", every: "50ms"))
            try place.server.command("SET", "celery", "x")
            let beat = try place.start()
            let record = try #require(try beat.wait(forRecords: "beat.refused").first)
            #expect(record["reason"]?.text?.contains("celery holds a string") == true)
            try place.server.command("DEL", "celery")
            try beat.wait(forRecords: "beat.sent")
            try BeatPlace.stop(beat)
        }

        @Test func aServerThatRefusesUsEndsIt() throws {
            let server = try RedisServer(["requirepass": "secret"])
            let place = try BeatPlace(BeatPlace.entry("a", every: "50ms"), server: server)
            let beat = try place.launch("-b", "redis://:wrong@127.0.0.1:\(server.port)/0")
            #expect(try beat.finish(within: 20) == 3)
            #expect(beat.errorText.contains("refuses us"))
        }
    }
}
