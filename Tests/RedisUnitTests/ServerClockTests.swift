import Supervision
import Testing

@testable import Redis

struct ServerClockTests {
    @Test func timeGoesOnFromWhatTheServerToldLast() {
        var clock = ServerClock()
        let start = Instant(nanoseconds: 5_000_000_000)
        #expect(clock.seconds(now: start) == nil)
        clock.showed(1_000, now: start)
        #expect(clock.seconds(now: start) == 1_000)
        #expect(clock.seconds(now: start + .milliseconds(1_500)) == 1_001.5)
        clock.showed(900, now: start + .seconds(2))
        #expect(clock.seconds(now: start + .seconds(3)) == 901)
    }
}
