import Testing

@testable import Schedules

struct MissedRunsTests {
    private static let start = utc(2026, 11, 24, 12)
    private static let minutely = Schedule.interval(milliseconds: 60_000)

    private static func later(_ seconds: Int64) -> WallInstant { self.start.advanced(milliseconds: seconds * 1_000) }

    @Test(arguments: MissedPolicy.allCases) func whatIsInTimeIsDueWithEveryPolicy(policy: MissedPolicy) {
        let missed = MissedRuns(policy)
        #expect(missed.firing(of: Self.minutely, after: Self.start, now: Self.later(59)) == .later(Self.later(60)))
        #expect(missed.firing(of: Self.minutely, after: Self.start, now: Self.later(60)) == .due(Self.later(60)))
        #expect(missed.firing(of: Self.minutely, after: Self.start, now: Self.later(65)) == .due(Self.later(60)))
    }

    @Test func anHourWithoutASchedulerIsMadeUpForAsThePolicySays() {
        let now = Self.later(3_630)
        func firing(_ missed: MissedRuns) -> Firing { missed.firing(of: Self.minutely, after: Self.start, now: now) }
        #expect(firing(MissedRuns(.once)) == .due(Self.later(3_600)))
        #expect(firing(MissedRuns(.all)) == .due(Self.later(60)))
        #expect(firing(MissedRuns(.skip)) == .dropped(Self.later(3_600)))
        #expect(firing(MissedRuns(.all, deadline: 600_000)) == .due(Self.later(3_060)))
        #expect(firing(MissedRuns(.once, deadline: 29_000)) == .dropped(Self.later(3_600)))
        #expect(firing(MissedRuns(.once, deadline: 30_000)) == .due(Self.later(3_600)))
        #expect(firing(MissedRuns(.skip, deadline: 30_000)) == .due(Self.later(3_600)))
    }

    @Test func aCalendarIsMadeUpForLikewise() throws {
        let hourly = Schedule.crontab(try Crontab(line: "0 * * * *"), .utc)
        let now = Self.later(5 * 3_600 + 100)
        #expect(MissedRuns(.all).firing(of: hourly, after: Self.start, now: now) == .due(Self.later(3_600)))
        #expect(MissedRuns(.once).firing(of: hourly, after: Self.start, now: now) == .due(Self.later(5 * 3_600)))
        #expect(MissedRuns(.skip).firing(of: hourly, after: Self.start, now: now) == .dropped(Self.later(5 * 3_600)))
    }

    /// A century of minutes is not gone through one by one.
    @Test func onlyTheLastThousandAreMadeUpFor() throws {
        let crontab = Schedule.crontab(try Crontab(line: "* * * * *"), Zones.berlin)
        let now = utc(2126, 1, 1)
        let first = now.advanced(milliseconds: -999 * 60_000)
        #expect(MissedRuns(.all).firing(of: crontab, after: Self.start, now: now) == .due(first))
        #expect(MissedRuns(.all).firing(of: Self.minutely, after: Self.start, now: now) == .due(first))
        #expect(MissedRuns(.once).firing(of: crontab, after: Self.start, now: now) == .due(now))
    }

    /// Whoever fires one after another reaches each instant once.
    @Test func allOfThemAreReachedInOrder() throws {
        let crontab = Schedule.crontab(try Crontab(line: "*/10 1-3 * * *"), Zones.berlin)
        let (start, now) = (utc(2026, 10, 24), utc(2026, 10, 27))
        var (last, reached) = (start, [WallInstant]())
        while case .due(let instant) = MissedRuns(.all).firing(of: crontab, after: last, now: now) {
            reached.append(instant)
            last = instant
        }
        var expected = [crontab.next(after: start)]
        while let next = expected.last.map({ crontab.next(after: $0) }), next <= now { expected.append(next) }
        #expect(reached == expected && reached.count == 48)
    }
}
