import EngineSupport
import Glibc
import JSON
import Testing

extension RedisTests {
    /// `worker --beat`: a scheduler that lives as long as its worker.
    @Suite struct EmbeddedBeatTests {
        private static let entry = BeatPlace.entry("often", every: "100ms", "args = [1, 2]")

        /// The process of the scheduler that was started last.
        private static func scheduler(of worker: Program, count: Int = 1) throws -> pid_t {
            let records = try worker.wait(forRecords: "beat.started", count: count)
            return try #require(records.last?["pid"]?.text.flatMap { pid_t($0) })
        }

        private static func isGone(_ pid: pid_t) -> Bool { kill(pid, 0) == -1 }

        @Test func itSendsWhileItsWorkerRunsAndEndsWithIt() throws {
            let place = try BeatPlace(Self.entry)
            defer { withExtendedLifetime(place) {} }
            let worker = try place.worker()
            let scheduler = try Self.scheduler(of: worker)
            try worker.wait(forRecords: "beat.sent", count: 3)
            try worker.wait(for: "results") {
                try place.server.command("KEYS", "celery-task-meta-*").texts.count >= 3
            }
            worker.signal(SIGTERM)
            #expect(try worker.finish(within: 20) == 0)
            #expect(Self.isGone(scheduler))
            #expect(try place.server.command("GET", "celeriac.schedule.leader").text == nil, "it has given up the lead")
        }

        @Test func oneThatIsKilledIsStartedAgain() throws {
            let place = try BeatPlace(Self.entry)
            defer { withExtendedLifetime(place) {} }
            let worker = try place.worker()
            let first = try Self.scheduler(of: worker)
            #expect(kill(first, SIGKILL) == 0)
            try worker.wait(forRecords: "beat.ended")
            let second = try Self.scheduler(of: worker, count: 2)
            #expect(second != first)
            let sent = worker.records("beat.sent").count
            try worker.wait(forRecords: "beat.sent", count: sent + 1)
            try BeatPlace.stop(worker)
            #expect(Self.isGone(second))
        }

        @Test func itEndsWithAWorkerThatIsKilled() throws {
            let place = try BeatPlace(Self.entry)
            defer { withExtendedLifetime(place) {} }
            let worker = try place.worker()
            let scheduler = try Self.scheduler(of: worker)
            try worker.wait(forRecords: "beat.sent")
            worker.signal(SIGKILL)
            try worker.finish(within: 10)
            try wait(for: "the scheduler's end") { Self.isGone(scheduler) }
        }

        @Test func aWorkerWithoutAScheduleDoesNotStart() throws {
            let place = try BeatPlace("[schedule.off]\ntask = \"t\"\nevery = \"1s\"\nenabled = false\n")
            defer { withExtendedLifetime(place) {} }
            let worker = try place.worker()
            #expect(try worker.finish(within: 10) == 2)
            #expect(worker.errorText.contains("there is nothing to send"))
        }
    }
}
