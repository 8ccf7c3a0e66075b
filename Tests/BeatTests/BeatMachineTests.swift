import Beat
import Schedules
import Supervision
import Testing

struct BeatMachineTests {
    private static let start = Instant(nanoseconds: 1_000_000_000)
    private static let entry = BeatEntry(name: "n", task: "t", schedule: .interval(milliseconds: 1_000))

    private static func at(_ milliseconds: Int) -> Instant { self.start + .milliseconds(milliseconds) }

    /// One that has the lead since the start, at 1,000 s by the server's clock, and knows these states.
    private static func leader(_ entry: BeatEntry = Self.entry, states: [String: String] = [:]) -> BeatMachine {
        var machine = BeatMachine(entries: [entry], lease: .seconds(3))
        machine.connected(now: self.start)
        #expect(machine.due(now: self.start) { "" } == [.askLead])
        machine.leadAnswered(isOurs: true, serverSeconds: 1_000, askedAt: self.start, now: self.start)
        #expect(machine.due(now: self.start) { "" } == [.readStates])
        machine.statesRead(states)
        return machine
    }

    private static func transition(_ actions: [BeatMachine.Action]) -> Transition? {
        for case .perform(let transition) in actions { return transition }
        return nil
    }

    @Test func anEntryBeginsAndIsDueOneIntervalLater() throws {
        var machine = Self.leader()
        let begin = try #require(Self.transition(machine.due(now: Self.start) { "id" }))
        #expect(begin.kind == .begin && begin.expected == "" && begin.after.due == 1_000_000)
        #expect(machine.due(now: Self.at(10)) { "id" } == [], "one transition at a time")
        machine.answered(begin, .happened(begin.after.text), serverSeconds: 1_000.02, now: Self.at(20))
        #expect(machine.due(now: Self.at(900)) { "id" } == [])
        let wake = machine.nextWake(now: Self.at(900))
        #expect(wake >= Self.at(1_000) && wake <= Self.at(1_001))
        let fire = try #require(Self.transition(machine.due(now: Self.at(1_001)) { "id" }))
        #expect(fire.kind == .send(WallInstant(milliseconds: 1_001_000)))
        #expect(fire.after.runs == 1 && fire.after.taskID == "id" && fire.expected == begin.after.text)
        #expect(fire.skipped.runs == 0 && fire.skipped.skipped == 1 && fire.skipped.due == fire.after.due)
    }

    @Test func whoDoesNotLeadDoesNothing() {
        var machine = BeatMachine(entries: [Self.entry], lease: .seconds(3))
        #expect(machine.due(now: Self.start) { "" } == [], "there is no connection")
        machine.connected(now: Self.start)
        #expect(machine.due(now: Self.start) { "" } == [.askLead])
        machine.leadAnswered(isOurs: false, serverSeconds: 1_000, askedAt: Self.start, now: Self.start)
        #expect(machine.due(now: Self.at(999)) { "" } == [])
        #expect(machine.due(now: Self.at(1_000)) { "" } == [.askLead], "it asks three times in a lease")
    }

    @Test func aLeadThatIsNotRenewedIsOver() throws {
        var machine = Self.leader()
        _ = machine.due(now: Self.at(1_000)) { "" }
        #expect(machine.leads(now: Self.at(2_999)))
        #expect(!machine.leads(now: Self.at(3_000)))
        #expect(machine.due(now: Self.at(3_000)) { "" } == [])
        // What others did in the meantime is read anew.
        machine.leadAnswered(isOurs: true, serverSeconds: 1_003, askedAt: Self.at(3_000), now: Self.at(3_000))
        #expect(machine.due(now: Self.at(3_001)) { "" } == [.readStates])
    }

    @Test func anotherStateIsTakenOver() throws {
        var machine = Self.leader()
        let begin = try #require(Self.transition(machine.due(now: Self.start) { "id" }))
        let other = EntryState(definition: Self.entry.definition, due: 999_500)
        machine.answered(begin, .differs(other.text), serverSeconds: 1_000, now: Self.start)
        let fire = try #require(Self.transition(machine.due(now: Self.at(501)) { "id" }))
        #expect(fire.kind == .send(WallInstant(milliseconds: 1_000_500)) && fire.expected == other.text)
    }

    @Test(arguments: ["junk", EntryState(definition: "t every 5ms", due: 999_000).text])
    func anotherDefinitionBeginsAnew(text: String) throws {
        var machine = Self.leader(states: ["n": text])
        let begin = try #require(Self.transition(machine.due(now: Self.start) { "id" }))
        #expect(begin.kind == .begin && begin.expected == text)
    }

    @Test func aRefusalIsTriedAgainAfterASecond() throws {
        let state = EntryState(definition: Self.entry.definition, due: 999_000)
        var machine = Self.leader(states: ["n": state.text])
        let fire = try #require(Self.transition(machine.due(now: Self.start) { "id" }))
        machine.answered(fire, .refused, serverSeconds: nil, now: Self.at(5))
        #expect(Self.transition(machine.due(now: Self.at(900)) { "id" }) == nil)
        // By then it is another instant that is the last one.
        let again = Self.transition(machine.due(now: Self.at(1_006)) { "id" })
        #expect(again?.kind == .send(WallInstant(milliseconds: 1_001_000)) && again?.expected == fire.expected)
    }

    @Test func aServerThatIsBehindIsWaitedFor() throws {
        let state = EntryState(definition: Self.entry.definition, due: 999_000)
        var machine = Self.leader(states: ["n": state.text])
        let fire = try #require(Self.transition(machine.due(now: Self.start) { "id" }))
        machine.answered(fire, .early, serverSeconds: 999.9, now: Self.at(1))
        #expect(machine.due(now: Self.at(2)) { "id" } == [])
        #expect(machine.nextWake(now: Self.at(2)) >= Self.at(101))
        #expect(Self.transition(machine.due(now: Self.at(102)) { "id" })?.kind == fire.kind)
    }

    @Test func droppedInstantsAreAccountedForAndNotSent() throws {
        var entry = Self.entry
        entry.missed = MissedRuns(.skip, deadline: 100)
        let state = EntryState(definition: entry.definition, due: 900_500)
        var machine = Self.leader(entry, states: ["n": state.text])
        let drop = try #require(Self.transition(machine.due(now: Self.start) { "id" }))
        #expect(drop.kind == .drop(WallInstant(milliseconds: 999_500)))
        #expect(drop.after.due == 999_500 && drop.after.runs == 0 && drop.after.taskID == nil)
    }
}
