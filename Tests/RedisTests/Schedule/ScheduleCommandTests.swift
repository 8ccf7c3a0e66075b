import EngineSupport
import JSON
import Schedules
import Testing

extension RedisTests {
    /// `schedule list`, `next` and `run` through the real program.
    @Suite struct ScheduleCommandTests {
        private static let nightly = """
            [schedule.nightly]
            task = "tasks.mul"
            args = [2, 4.5]
            kwargs = {to = "x"}
            cron = "30 2 * * *"
            queue = "slow"
            priority = 6
            expires = "1h"

            """

        @Test func nextNeedsNoServer() throws {
            let place = try BeatPlace(Self.nightly + BeatPlace.entry("often", every: "30s"))
            let next = try place.schedule("next", "nightly", "-n", "2", "--after", "2026-03-28T12:00:00Z")
            #expect(next.status == 0)
            #expect(
                next.lines == [
                    "nightly: tasks.mul, 30 2 * * * (UTC)", "  2026-03-29T02:30:00Z", "  2026-03-30T02:30:00Z",
                ])
            let all = try place.schedule("next", "-n", "1", "--after", "2026-03-28T12:00:00Z", "--json")
            #expect(
                all.lines == [
                    #"[{"name":"nightly","next":["2026-03-29T02:30:00Z"]},"#
                        + #"{"name":"often","next":["2026-03-28T12:00:30Z"]}]"#
                ])
            let wrong = try place.schedule("next", "nightli")
            #expect(wrong.status == 2 && wrong.errors.contains("no entry 'nightli'; did you mean 'nightly'?"))
        }

        @Test func runSendsNowAndListShowsWhatIsKnown() throws {
            let place = try BeatPlace(
                Self.nightly + BeatPlace.entry("often", every: "100ms") + "[schedule.off]\n"
                    + "task = \"t\"\nevery = \"1s\"\nenabled = false\n")
            let id = try #require(try place.schedule("run", "nightly").lines.first)
            let message = try #require(try place.messages("slow\u{6}\u{16}6").first)
            #expect(message["headers"]?["id"] == .string(id))
            #expect(message["headers"]?["periodic_task_name"] == "nightly")
            #expect(message["headers"]?["celery_beat_task"] == true)
            #expect(message["headers"]?["kwargsrepr"] == "{'to': 'x'}")
            #expect(message["properties"]?["expiration"]?.text?.hasPrefix("3") == true)

            try place.begin("gone", "t every 5000ms", ago: 0)
            let beat = try place.start()
            try beat.wait(forRecords: "beat.sent", count: 2)
            let list = try place.schedule("list", "--json")
            try BeatPlace.stop(beat)
            let entries = try JSONValue(parsing: Array((list.lines.first ?? "").utf8))
            let rows = entries["entries"]?.elements ?? []
            #expect(rows.map { $0["name"] } == ["nightly", "off", "often", "gone"])
            #expect(rows.map { $0["status"] } == ["active", "disabled", "active", "removed"])
            #expect(rows[0]["runs"] == 0 && rows[0]["last_sent"] == .null)
            #expect(rows[0]["next_due"]?.text?.hasSuffix("T02:30:00Z") == true)
            #expect((rows[2]["runs"]?.integer ?? 0) >= 2)
            #expect(entries["leader"]?.text?.contains("-\(beat.pid)-") == true)
            let text = try place.schedule("list")
            #expect(text.lines.first?.hasPrefix("entry    task") == true)
            #expect(text.lines.last == "leader none", "it has given up the lead")
        }

        @Test func aProgramHasASchedule() throws {
            let place = try BeatPlace("[schedule.tick]\nenabled = true\nevery = \"100ms\"\n")
            let beat = try place.start(executable: .demo)
            try beat.wait(forRecords: "beat.sent", count: 2)
            try BeatPlace.stop(beat)
            let message = try #require(try place.messages().first)
            #expect(
                message["headers"]?["task"] == "tasks.add"
                    && message["headers"]?["argsrepr"]?.text?.contains("2, 3") == true)
        }

        @Test func withoutEntriesThereIsNothingToDo() throws {
            let place = try BeatPlace("")
            let beat = try place.launch()
            #expect(try beat.finish() == 2)
            #expect(beat.errorText.contains("there is nothing to send"))
        }
    }
}
