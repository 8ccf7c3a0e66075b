import Supervision
import Testing

@testable import Schedules

struct CrontabTests {
    private static func next(_ line: String, after instant: WallInstant, in zone: ZoneRules = .utc) throws
        -> WallInstant
    {
        try Crontab(line: line).next(after: instant, in: zone)
    }

    private static func following(
        _ line: String, _ count: Int, after instant: WallInstant, in zone: ZoneRules
    ) throws -> [String] {
        let crontab = try Crontab(line: line)
        var instant = instant
        return (0..<count).map { _ in
            instant = crontab.next(after: instant, in: zone)
            return instant.description(offset: zone.offset(at: instant))
        }
    }

    @Test func theNextInstantIsLaterAlsoWithinASecond() throws {
        #expect(try Self.next("0 4 * * *", after: utc(2026, 1, 1, 4)) == utc(2026, 1, 2, 4))
        #expect(try Self.next("0 4 * * *", after: utc(2026, 1, 1, 3, 59, 59)) == utc(2026, 1, 1, 4))
        let almost = utc(2026, 1, 1, 4).advanced(milliseconds: -1)
        #expect(try Self.next("0 4 * * *", after: almost) == utc(2026, 1, 1, 4))
        #expect(try Self.next("0 4 * * *", after: almost.advanced(milliseconds: 2)) == utc(2026, 1, 2, 4))
    }

    @Test func leapDaysComeWhenTheyDo() throws {
        #expect(try Self.next("0 0 29 2 *", after: utc(2026, 1, 1)) == utc(2028, 2, 29))
        #expect(try Self.next("0 0 29 2 *", after: utc(2096, 3, 1)) == utc(2104, 2, 29))
        #expect(try Self.next("0 0 29 2 mon", after: utc(2026, 1, 1)) == utc(2044, 2, 29))
        for weekday in 0...6 {
            for year in 2060...2110 { _ = try Self.next("0 0 29 2 \(weekday)", after: utc(year, 3, 1)) }
        }
    }

    @Test func daysOfMonthAndWeekMustBothMatch() throws {
        #expect(try Self.next("0 0 13 * fri", after: utc(2026, 1, 1)) == utc(2026, 2, 13))
    }

    // MARK: Clocks that are put forward

    @Test(arguments: [
        // Berlin: 02:00 becomes 03:00.
        (Zones.berlin, "30 2 * * *", utc(2026, 3, 28, 12), ["2026-03-29T03:00:00+02:00", "2026-03-30T02:30:00+02:00"]),
        (
            Zones.berlin, "*/20 2-3 29 3 *", utc(2026, 3, 28, 12),
            ["2026-03-29T03:00:00+02:00", "2026-03-29T03:20:00+02:00"]
        ),
        (Zones.newYork, "0 2 * * *", utc(2026, 3, 8), ["2026-03-08T03:00:00-04:00", "2026-03-09T02:00:00-04:00"]),
        (Zones.sydney, "15 2 * * sun", utc(2026, 10, 3), ["2026-10-04T03:00:00+11:00", "2026-10-11T02:15:00+11:00"]),
        (
            Zones.lordHowe, "10 2 * * *", utc(2026, 10, 3, 2),
            ["2026-10-04T02:30:00+11:00", "2026-10-05T02:10:00+11:00"]
        ),
        // Santiago: the day begins at 01:00.
        (Zones.santiago, "0 0 * * *", utc(2026, 9, 5, 12), ["2026-09-06T01:00:00-03:00", "2026-09-07T00:00:00-03:00"]),
        // Apia had no December 30th, 2011.
        (Zones.apia, "0 12 30 * *", utc(2011, 12, 1), ["2011-12-31T00:00:00+14:00", "2012-01-30T12:00:00+14:00"]),
    ])
    func skippedTimesAreDueOnceAfterTheGap(
        zone: ZoneRules, line: String, start: WallInstant, expected: [String]
    ) throws {
        #expect(try Self.following(line, 2, after: start, in: zone) == expected)
    }

    /// Where the search begins makes no difference, also half a second before the change.
    @Test func theGapIsSeenFromItsEdge() throws {
        let change = utc(2026, 3, 29, 1)
        for back: Int64 in [1, 500, 1_000, 1_500, 60_000] {
            let start = change.advanced(milliseconds: -back)
            #expect(try Self.next("30 2 * * *", after: start, in: Zones.berlin) == change)
        }
        #expect(try Self.next("30 2 * * *", after: change, in: Zones.berlin) == utc(2026, 3, 30, 0, 30))
    }

    @Test func everyHourMeansHoursThatPass() throws {
        #expect(
            try Self.following("30 * * * *", 3, after: utc(2026, 3, 29), in: Zones.berlin) == [
                "2026-03-29T01:30:00+01:00", "2026-03-29T03:30:00+02:00", "2026-03-29T04:30:00+02:00",
            ])
        #expect(
            try Self.following("30 * * * *", 3, after: utc(2026, 10, 25), in: Zones.berlin) == [
                "2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00", "2026-10-25T03:30:00+01:00",
            ])
    }

    // MARK: Clocks that are put back

    @Test(arguments: [
        (
            Zones.berlin, "30 2 * * *", utc(2026, 10, 24, 12),
            ["2026-10-25T02:30:00+02:00", "2026-10-26T02:30:00+01:00"]
        ),
        (
            Zones.berlin, "0 2,3 * * *", utc(2026, 10, 24, 12),
            ["2026-10-25T02:00:00+02:00", "2026-10-25T03:00:00+01:00"]
        ),
        (Zones.newYork, "30 1 * * *", utc(2026, 11, 1), ["2026-11-01T01:30:00-04:00", "2026-11-02T01:30:00-05:00"]),
        (Zones.sydney, "0 2 * * *", utc(2026, 4, 4), ["2026-04-05T02:00:00+11:00", "2026-04-06T02:00:00+10:00"]),
        (Zones.lordHowe, "45 1 * * *", utc(2026, 4, 4), ["2026-04-05T01:45:00+11:00", "2026-04-06T01:45:00+10:30"]),
        (
            Zones.santiago, "30 23 * * *", utc(2026, 4, 4, 12),
            ["2026-04-04T23:30:00-03:00", "2026-04-05T23:30:00-04:00"]
        ),
    ])
    func repeatedTimesAreDueTheFirstTime(
        zone: ZoneRules, line: String, start: WallInstant, expected: [String]
    ) throws {
        #expect(try Self.following(line, 2, after: start, in: zone) == expected)
    }

    /// Who begins while clocks show an hour for the second time has missed the first.
    @Test func theSecondTimeIsSeenFromWithin() throws {
        let secondHour = utc(2026, 10, 25, 1, 10)
        #expect(try Self.next("30 2 * * *", after: secondHour, in: Zones.berlin) == utc(2026, 10, 26, 1, 30))
    }

    // MARK: Against a walk

    /// Minute by minute through the days around each change.
    @Test(arguments: Zones.all) func theNextInstantIsTheOneThatAWalkFinds(zone: ZoneRules) throws {
        var random = SeededGenerator(seed: 1)
        let starts =
            zone.name == "Pacific/Apia"
            ? [utc(2011, 12, 28)]
            : [
                utc(2026, 3, 6), utc(2026, 3, 27), utc(2026, 4, 3), utc(2026, 9, 4), utc(2026, 10, 2),
                utc(2026, 10, 23), utc(2026, 10, 30),
            ]
        for start in starts {
            let walk = Walk(zone, from: start, days: 4)
            for _ in 0..<8 {
                let crontab = try Self.randomCrontab(&random)
                let from = start.advanced(milliseconds: Int64.random(in: 0..<86_400_000, using: &random))
                var found: [WallInstant] = []
                while let next = Optional(crontab.next(after: found.last ?? from, in: zone)), next <= walk.end {
                    found.append(next)
                }
                #expect(found == walk.instants(of: crontab, after: from), "\(crontab) in \(zone.name) after \(from)")
            }
        }
    }

    private static func randomCrontab(_ random: inout SeededGenerator) throws -> Crontab {
        let hours = ["*", "*/2", "1-3", "2", "0,23", "22-2", "*/5", "1"].randomElement(using: &random)!
        let minutes = ["0", "*/20", "30", "5-55/10", "59", "*/7"].randomElement(using: &random)!
        let weekdays = ["*", "*", "sun", "sat-mon", "*/2"].randomElement(using: &random)!
        let days = ["*", "*", "*", "1-15", "25-5"].randomElement(using: &random)!
        return try Crontab(minute: minutes, hour: hours, dayOfWeek: weekdays, dayOfMonth: days)
    }
}

/// Finds due instants by looking at every minute, the slow and plain way.
private struct Walk {
    /// For each minute, the seconds since 1970 and what clocks show.
    private let minutes: [(second: Int64, local: Int64)]
    private let shown: [Int64: Int64]  // what clocks show, and when they do for the first time
    let end: WallInstant

    /// Sees a day more than is asked for, at either end.
    init(_ zone: ZoneRules, from start: WallInstant, days: Int64) {
        let seconds = stride(from: start.seconds - 86_400, through: start.seconds + days * 86_400, by: 60)
        self.minutes = seconds.map { ($0, $0 + Int64(zone.offset(atSecond: $0))) }
        self.shown = Dictionary(self.minutes.map { ($0.local, $0.second) }) { first, _ in first }
        self.end = WallInstant(seconds: start.seconds + days * 86_400)
    }

    func instants(of crontab: Crontab, after start: WallInstant) -> [WallInstant] {
        let due = self.minutes.indices.dropFirst().filter { self.isDue($0, crontab) }
        return due.map { WallInstant(seconds: self.minutes[$0].second) }.filter { $0 > start }
    }

    private func isDue(_ index: Int, _ crontab: Crontab) -> Bool {
        let isHourly = crontab.hours.count == 24
        let (second, local) = self.minutes[index]
        let skipped = stride(from: self.minutes[index - 1].local + 60, to: local, by: 60)
        if !isHourly, skipped.contains(where: { self.fits($0, crontab) }) { return true }
        return self.fits(local, crontab) && (isHourly || self.shown[local] == second)
    }

    private func fits(_ local: Int64, _ crontab: Crontab) -> Bool {
        let time = CivilTime(seconds: local)
        return crontab.minutes.contains(time.minute) && crontab.hours.contains(time.hour)
            && crontab.months.contains(time.day.month) && crontab.daysOfMonth.contains(time.day.day)
            && crontab.daysOfWeek.contains(time.day.weekday)
    }
}
