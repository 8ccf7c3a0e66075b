import Supervision
import Testing

@testable import RedisBroker

@Suite struct QueueWatchTests {
    private func at(_ seconds: UInt64) -> Instant { Instant(nanoseconds: seconds * 1_000_000_000) }

    @Test func whatStaysInFrontGrowsOld() {
        var watch = QueueWatch()
        #expect(watch.saw("a", on: "q", now: self.at(1)) == .zero)
        #expect(watch.saw("x", on: "other", now: self.at(1)) == .zero)
        #expect(watch.saw("a", on: "q", now: self.at(4)) == .seconds(3))
        #expect(watch.saw("b", on: "q", now: self.at(5)) == .zero, "the next one came to the front")
        #expect(watch.saw("x", on: "other", now: self.at(5)) == .seconds(4))
        #expect(watch.saw("", on: "q", now: self.at(6)) == .zero)
        #expect(watch.saw("b", on: "q", now: self.at(9)) == .zero, "an empty list is a new beginning")
    }

    @Test func listsThatAreNoLongerLookedAtAreForgotten() {
        var watch = QueueWatch()
        _ = watch.saw("a", on: "q", now: self.at(1))
        watch.keep(only: ["other"])
        #expect(watch.saw("a", on: "q", now: self.at(4)) == .zero)
    }
}
