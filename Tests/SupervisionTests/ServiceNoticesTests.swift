import Supervision
import Testing

@Suite struct ServiceNoticesTests {
    private func facts(
        ready: Bool = true, reloads: Int = 0, reloading: Bool = false, stopping: Bool = false,
        status: String = "consuming"
    ) -> ServiceNotices.Facts {
        ServiceNotices.Facts(
            isReady: ready, reloads: reloads, isReloading: reloading, isStopping: stopping, status: status)
    }
    private func at(_ milliseconds: UInt64) -> Instant { Instant(nanoseconds: milliseconds * 1_000_000) }

    @Test func readinessIsToldOnce() {
        var notices = ServiceNotices(watchdog: nil)
        let first = notices.update(self.facts(ready: false, status: "starting"), now: self.at(1))
        #expect(first == [.status("starting")])
        #expect(notices.update(self.facts(), now: self.at(2)) == [.ready, .status("consuming")])
        #expect(notices.update(self.facts(ready: false), now: self.at(3)) == [])
        #expect(
            notices.update(self.facts(), now: self.at(4)) == [], "a manager is told of the start, not of each doubt")
        #expect(notices.nextWake == .distantFuture)
    }

    @Test func reloadsBeginAndEnd() {
        var notices = ServiceNotices(watchdog: nil)
        _ = notices.update(self.facts(), now: self.at(1))
        #expect(
            notices.update(self.facts(reloads: 1, reloading: true), now: self.at(2)) == [.reloading(at: self.at(2))])
        #expect(notices.update(self.facts(reloads: 1, reloading: true), now: self.at(3)) == [])
        #expect(notices.update(self.facts(reloads: 1), now: self.at(4)) == [.ready])
        #expect(
            notices.update(self.facts(reloads: 2), now: self.at(5)) == [.reloading(at: self.at(5)), .ready],
            "one that fails at once is over at once")
        #expect(notices.update(self.facts(reloads: 3, stopping: true), now: self.at(6)) == [.stopping])
        #expect(notices.update(self.facts(reloads: 3, stopping: true), now: self.at(7)) == [])
    }

    @Test func signsOfLifeComeAtHalfTheTime() {
        var notices = ServiceNotices(watchdog: .seconds(10))
        #expect(notices.update(self.facts(), now: self.at(1_000)).last == .watchdog)
        #expect(notices.nextWake == self.at(6_000))
        #expect(notices.update(self.facts(), now: self.at(5_999)) == [])
        #expect(notices.update(self.facts(), now: self.at(6_000)) == [.watchdog])
        #expect(notices.update(self.facts(stopping: true), now: self.at(11_000)) == [.stopping, .watchdog])
    }

    @Test func wordsAreThoseOfTheManual() {
        #expect(ServiceNotice.ready.text == "READY=1")
        #expect(ServiceNotice.stopping.text == "STOPPING=1")
        #expect(ServiceNotice.watchdog.text == "WATCHDOG=1")
        #expect(ServiceNotice.reloading(at: self.at(1_234)).text == "RELOADING=1\nMONOTONIC_USEC=1234000")
        #expect(ServiceNotice.status("a\nREADY=1\r\nb").text == "STATUS=a READY=1 b", "one assignment only")
    }
}
