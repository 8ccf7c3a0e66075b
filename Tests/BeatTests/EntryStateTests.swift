import Beat
import Schedules
import Testing

struct EntryStateTests {
    @Test func aStateIsReadAsItWasWritten() {
        var state = EntryState(definition: "tasks.add every 30000ms", due: 1_774_746_000_000)
        #expect(EntryState(text: state.text) == state)
        state.sent = 1_774_746_000_003
        state.runs = 7
        state.skipped = 2
        state.taskID = "an \"id\""
        #expect(EntryState(text: state.text) == state)
    }

    @Test(arguments: [
        "", "x", "[]", "{}", #"{"definition": "x"}"#, #"{"definition":"x","due":"1","runs":0,"skipped":0}"#,
    ])
    func otherTextsAreNoStates(text: String) { #expect(EntryState(text: text) == nil) }

    @Test func anotherScheduleIsAnotherDefinition() throws {
        let line = try Crontab(line: "0 4 * * *")
        let schedules: [Schedule] = [
            .interval(milliseconds: 1_000), .interval(milliseconds: 2_000), .crontab(line, .utc),
            .crontab(try Crontab(line: "1 4 * * *"), .utc),
        ]
        let definitions = schedules.map { BeatEntry(name: "n", task: "t", schedule: $0).definition }
        #expect(Set(definitions).count == schedules.count)
        #expect(BeatEntry(name: "n", task: "other", schedule: schedules[0]).definition != definitions[0])
        #expect(BeatEntry(name: "other", task: "t", schedule: schedules[0]).definition == definitions[0])
    }
}
