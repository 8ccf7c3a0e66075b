/// The end of a time-zone file: how clocks change from year to year, as `TZ` of POSIX writes it: `CET-1CEST,M3.5.0,M10.5.0/3`.
struct PosixZone: Hashable, Sendable {
    /// The day and time of a change.
    struct ChangeRule: Hashable, Sendable {
        /// The day in a year.
        enum Day: Hashable, Sendable {
            /// `Mmonth.week.weekday`; week 5 is the last one.
            case weekday(month: Int, week: Int, weekday: Int)
            /// `Jn`: from 1 to 365, February 29th never counted.
            case withoutLeapDay(Int)
            /// `n`: from 0 to 365.
            case ofYear(Int)
        }

        let day: Day
        /// Seconds after midnight, also before it or beyond the day: -167 to 167 hours.
        let time: Int64
    }

    /// Summer time.
    struct Daylight: Hashable, Sendable {
        let offset: Int
        let start: ChangeRule
        let end: ChangeRule
    }

    /// Seconds east of UTC.
    let standardOffset: Int
    /// `nil` when the clocks stay as they are.
    let daylight: Daylight?

    /// Reads the text; `nil` when it is none.
    init?(_ text: some Sequence<UInt8>) {
        var reader = PosixZoneReader(text)
        guard let zone = reader.zone() else { return nil }
        self = zone
    }

    init(standardOffset: Int, daylight: Daylight?) {
        self.standardOffset = standardOffset
        self.daylight = daylight
    }

    /// The changes in a stretch of time, in order.
    func changes(from start: Int64, through end: Int64) -> [ZoneRules.Change] {
        guard let daylight, start <= end else { return [] }
        let years = CivilTime(seconds: start).day.year - 1...CivilTime(seconds: end).day.year + 1
        let changes = years.flatMap { year in
            [
                ZoneRules.Change(
                    at: daylight.start.local(in: year) - Int64(self.standardOffset), offset: daylight.offset),
                ZoneRules.Change(
                    at: daylight.end.local(in: year) - Int64(daylight.offset), offset: self.standardOffset),
            ]
        }
        return changes.filter { (start...end).contains($0.at) }.sorted { $0.at < $1.at }
    }
}

extension PosixZone.ChangeRule {
    /// What clocks show at the change, in seconds after 1970-01-01 00:00:00 on them.
    fileprivate func local(in year: Int) -> Int64 { self.days(in: year) * 86_400 + self.time }

    private func days(in year: Int) -> Int64 {
        let newYear = CivilDay(year: year, month: 1, day: 1).daysSince1970
        switch self.day {
        case .ofYear(let day): return newYear + Int64(day)
        case .withoutLeapDay(let day): return newYear + Int64(CivilDay.isLeap(year) && day >= 60 ? day : day - 1)
        case .weekday(let month, let week, let weekday):
            let first = CivilDay(year: year, month: month, day: 1)
            var day = (weekday - first.weekday + 7) % 7 + 7 * (week - 1)
            if day >= CivilDay.count(year: year, month: month) { day -= 7 }
            return first.daysSince1970 + Int64(day)
        }
    }
}

/// Reads ``PosixZone`` from text. Every method takes what it understands from the front, or answers `nil`.
private struct PosixZoneReader {
    private var rest: ArraySlice<UInt8>

    init(_ text: some Sequence<UInt8>) { self.rest = Array(text)[...] }

    mutating func zone() -> PosixZone? {
        guard self.skipName(), let west = self.time(mostHours: 24) else { return nil }
        let standard = Int(-west)
        if self.rest.isEmpty { return PosixZone(standardOffset: standard, daylight: nil) }
        guard self.skipName() else { return nil }
        var offset = standard + 3_600
        if self.rest.first != UInt8(ascii: ",") {
            guard let west = self.time(mostHours: 24) else { return nil }
            offset = Int(-west)
        }
        guard let start = self.rule(), let end = self.rule(), self.rest.isEmpty else { return nil }
        let daylight = PosixZone.Daylight(offset: offset, start: start, end: end)
        return PosixZone(standardOffset: standard, daylight: daylight)
    }

    /// `CET`, or `<+03>`.
    private mutating func skipName() -> Bool {
        if self.skip("<") {
            guard let end = self.rest.firstIndex(of: UInt8(ascii: ">")) else { return false }
            self.rest = self.rest[(end + 1)...]
            return true
        }
        let letters = self.rest.prefix { $0 | 0x20 >= UInt8(ascii: "a") && $0 | 0x20 <= UInt8(ascii: "z") }
        self.rest = self.rest.dropFirst(letters.count)
        return letters.count >= 3
    }

    /// `[+-]hours[:minutes[:seconds]]`, in seconds.
    private mutating func time(mostHours: Int) -> Int64? {
        let isNegative = self.skip("-")
        if !isNegative { _ = self.skip("+") }
        guard let hours = self.number(through: mostHours) else { return nil }
        var seconds = hours * 3_600
        for unit in [60, 1] where self.skip(":") {
            guard let number = self.number(through: 59) else { return nil }
            seconds += number * unit
        }
        return Int64(isNegative ? -seconds : seconds)
    }

    /// `,day[/time]`; two in the morning without a time.
    private mutating func rule() -> PosixZone.ChangeRule? {
        guard self.skip(","), let day = self.day() else { return nil }
        guard self.skip("/") else { return PosixZone.ChangeRule(day: day, time: 7_200) }
        return self.time(mostHours: 167).map { PosixZone.ChangeRule(day: day, time: $0) }
    }

    private mutating func day() -> PosixZone.ChangeRule.Day? {
        if self.skip("J") { return self.number(from: 1, through: 365).map { .withoutLeapDay($0) } }
        guard self.skip("M") else { return self.number(through: 365).map { .ofYear($0) } }
        guard let month = self.number(from: 1, through: 12), self.skip("."),
            let week = self.number(from: 1, through: 5), self.skip("."), let weekday = self.number(through: 6)
        else { return nil }
        return .weekday(month: month, week: week, weekday: weekday)
    }

    private mutating func number(from least: Int = 0, through most: Int) -> Int? {
        let digits = self.rest.prefix(4).prefix { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
        self.rest = self.rest.dropFirst(digits.count)
        guard let number = Int(String(decoding: digits, as: UTF8.self)), (least...most).contains(number) else {
            return nil
        }
        return number
    }

    private mutating func skip(_ character: Unicode.Scalar) -> Bool {
        guard self.rest.first == UInt8(ascii: character) else { return false }
        self.rest = self.rest.dropFirst()
        return true
    }
}
