import Supervision
import Testing

@testable import RedisBroker

struct TakeMachineTests {
    private let start = Instant(nanoseconds: 1_000_000_000)

    private func connected() -> TakeMachine {
        var machine = TakeMachine()
        machine.connected()
        return machine
    }

    @Test func nothingIsAskedWithoutAServer() {
        var machine = TakeMachine()
        #expect(machine.act(places: 5, now: self.start) == nil)
        machine.connected()
        machine.disconnected()
        #expect(machine.act(places: 5, now: self.start) == nil)
        #expect(machine.nextWake(places: 5) == .distantFuture)
    }

    @Test func asManyAreAskedForAsHavePlacesOneTakeAtATime() {
        var machine = self.connected()
        #expect(machine.act(places: 0, now: self.start) == nil)
        #expect(machine.act(places: 3, now: self.start) == 3)
        #expect(machine.underWay == 3)
        #expect(machine.act(places: 9, now: self.start) == nil)
        machine.took(emptied: false, nextDue: .distantFuture, now: self.start)
        #expect(machine.act(places: 1_000, now: self.start) == TakeMachine.mostAtOnce)
    }

    @Test func emptyListsAreWatched() {
        var machine = self.connected()
        machine.isWatched = true
        _ = machine.act(places: 2, now: self.start)
        machine.took(emptied: true, nextDue: .distantFuture, now: self.start)
        #expect(machine.act(places: 2, now: self.start) == nil)
        #expect(machine.nextWake(places: 2) == self.start + TakeMachine.watchedPause)
        // Without places nothing is to be done, whatever the lists hold.
        #expect(machine.nextWake(places: 0) == .distantFuture)
        machine.changed(.all)
        #expect(machine.act(places: 2, now: self.start) == 2)
    }

    /// A message that comes before the answer of the take that found nothing must not wait for the next pause.
    @Test func aChangeDuringATakeIsNotMissed() {
        var machine = self.connected()
        machine.isWatched = true
        _ = machine.act(places: 2, now: self.start)
        machine.changed(.all)
        machine.took(emptied: true, nextDue: .distantFuture, now: self.start)
        #expect(machine.act(places: 2, now: self.start) == 2)
    }

    @Test func whatHasChangedIsTakenFromAndNoMore() {
        var machine = self.connected()
        machine.isWatched = true
        _ = machine.act(places: 2, now: self.start)
        #expect(machine.lists == .all)
        machine.changed(.some(["b"]))
        machine.took(emptied: true, nextDue: .distantFuture, now: self.start)
        #expect(machine.act(places: 2, now: self.start) == 2)
        #expect(machine.lists == .some(["b"]))
        machine.changed(.some(["a"]))
        machine.took(emptied: false, nextDue: .distantFuture, now: self.start)
        #expect(machine.act(places: 2, now: self.start) == 2)
        #expect(machine.lists == .some(["a", "b"]))
        machine.took(emptied: true, nextDue: .distantFuture, now: self.start)
        #expect(machine.act(places: 2, now: self.start) == nil)
        // Word that never came is not waited for.
        #expect(machine.act(places: 2, now: self.start + TakeMachine.watchedPause) == 2)
        #expect(machine.lists == .all)
    }

    @Test func aNewConnectionKnowsNothingOfTheLists() {
        var machine = self.connected()
        _ = machine.act(places: 1, now: self.start)
        machine.took(emptied: true, nextDue: .distantFuture, now: self.start)
        machine.disconnected()
        machine.connected()
        #expect(machine.act(places: 1, now: self.start) == 1)
        #expect(machine.lists == .all)
    }

    @Test func listsThatHaveMoreAreTakenFromAtOnce() {
        var machine = self.connected()
        _ = machine.act(places: 1, now: self.start)
        machine.took(emptied: false, nextDue: .distantFuture, now: self.start)
        #expect(machine.act(places: 1, now: self.start) == 1)
    }

    @Test func aServerThatCannotWatchIsAskedTenTimesASecond() {
        var machine = self.connected()
        _ = machine.act(places: 1, now: self.start)
        machine.took(emptied: true, nextDue: .distantFuture, now: self.start)
        #expect(machine.nextWake(places: 1) == self.start + .milliseconds(100))
        #expect(machine.act(places: 1, now: self.start + .milliseconds(99)) == nil)
        #expect(machine.act(places: 1, now: self.start + .milliseconds(100)) == 1)
    }

    /// Somebody must move what is due to its list, even if this worker has no place for it.
    @Test func dueMessagesAreMovedWithoutPlaces() {
        var machine = self.connected()
        machine.isWatched = true
        _ = machine.act(places: 1, now: self.start)
        let due = self.start + .milliseconds(300)
        machine.took(emptied: true, nextDue: due, now: self.start)
        #expect(machine.nextWake(places: 0) == due)
        #expect(machine.act(places: 0, now: due) == 0)
        machine.took(emptied: false, nextDue: .distantFuture, now: due)
        #expect(machine.act(places: 0, now: due) == nil)
    }

    @Test func aMessagePutAsideEarlierThanTheOthersIsDueFirst() {
        var machine = self.connected()
        _ = machine.act(places: 1, now: self.start)
        machine.took(emptied: false, nextDue: self.start + .seconds(9), now: self.start)
        machine.scheduled(for: self.start + .seconds(2))
        machine.scheduled(for: self.start + .seconds(5))
        #expect(machine.nextWake(places: 0) == self.start + .seconds(2))
    }

    @Test func aRefusedTakeIsTriedAfterAPause() {
        var machine = self.connected()
        _ = machine.act(places: 1, now: self.start)
        machine.refused(now: self.start)
        #expect(machine.act(places: 1, now: self.start) == nil)
        #expect(machine.act(places: 1, now: self.start + .seconds(1)) == 1)
    }

    @Test func answersOfALostConnectionChangeNothing() {
        var machine = self.connected()
        _ = machine.act(places: 1, now: self.start)
        machine.disconnected()
        machine.took(emptied: true, nextDue: self.start, now: self.start)
        machine.refused(now: self.start)
        machine.changed(.all)
        #expect(machine.state == .away)
    }
}
