/// When something is due by the clock and the calendar, in Celery's grammar of `crontab`.
///
/// All fields must match, the day of the week and the day of the month too: Celery's way, not that of `cron(8)`, where
/// one of the two is enough.
public struct Crontab: Hashable, Sendable {
    let minutes: Set<Int>
    let hours: Set<Int>
    let daysOfMonth: Set<Int>
    let months: Set<Int>
    /// 0 is Sunday.
    let daysOfWeek: Set<Int>
    private let text: String

    /// The text of the fields, each in Celery's grammar; all `*` is every minute.
    ///
    /// Throws ``CrontabError`` for a field that is wrong, and for days that no month has: the 31st of February.
    public init(
        minute: String = "*", hour: String = "*", dayOfWeek: String = "*", dayOfMonth: String = "*",
        monthOfYear: String = "*"
    ) throws(CrontabError) {
        self.minutes = try CrontabField.minute.parse(minute)
        self.hours = try CrontabField.hour.parse(hour)
        self.daysOfMonth = try CrontabField.dayOfMonth.parse(dayOfMonth)
        self.months = try CrontabField.monthOfYear.parse(monthOfYear)
        self.daysOfWeek = try CrontabField.dayOfWeek.parse(dayOfWeek)
        self.text = [minute, hour, dayOfMonth, monthOfYear, dayOfWeek].joined(separator: " ")
        let firstDay = self.daysOfMonth.min() ?? 32
        guard self.months.contains(where: { CivilDay.count(year: 2_000, month: $0) >= firstDay }) else {
            throw CrontabError("it never fires: no month \(monthOfYear) has a day \(dayOfMonth)")
        }
    }

    /// A line of a crontab: minute, hour, day of the month, month, day of the week, with blanks between them.
    ///
    /// Throws ``CrontabError``.
    public init(line: String) throws(CrontabError) {
        let fields = line.split { $0 == " " || $0 == "\t" }.map(String.init)
        guard fields.count == CrontabField.all.count else {
            throw CrontabError("a line has 5 fields (minute hour day month weekday), not \(fields.count)")
        }
        try self.init(
            minute: fields[0], hour: fields[1], dayOfWeek: fields[4], dayOfMonth: fields[2], monthOfYear: fields[3])
    }
}

extension Crontab {
    /// The fields by their names in Celery; one that is left out is `*`. Throws ``CrontabError``.
    public init(fields: [String: String]) throws(CrontabError) {
        func text(_ field: CrontabField) -> String { fields[field.name] ?? "*" }
        try self.init(
            minute: text(.minute), hour: text(.hour), dayOfWeek: text(.dayOfWeek), dayOfMonth: text(.dayOfMonth),
            monthOfYear: text(.monthOfYear))
    }
}

extension Crontab: CustomStringConvertible {
    /// The five fields in the order of a crontab's line.
    public var description: String { self.text }
}

// MARK: - When it is due next

extension Crontab {
    /// Years in which every day of the week falls on a February 29th at least once, also around 2100.
    private static let horizon: Int64 = 42 * 366 * 86_400

    /// The first instant after another at which it is due on the clocks of a zone.
    ///
    /// Where clocks are put forward, a time that they do not show is due at the moment after the gap, once for all that
    /// lie in it. Where they are put back, a time that they show twice is due the first time. A crontab for every hour
    /// means hours that pass: what clocks skip is not due, and what they show twice is due twice.
    public func next(after instant: WallInstant, in zone: ZoneRules) -> WallInstant {
        var start = instant.seconds + 1
        let end = start + Self.horizon
        while start <= end {
            if let gap = self.gap(at: start, in: zone),
                self.firstMatch(from: gap.lowerBound, through: gap.upperBound - 1) != nil
            {
                return WallInstant(seconds: start)
            }
            // From here to the next change clocks and time go on together.
            let change = zone.nextChange(after: start)?.at ?? end
            let offset = Int64(zone.offset(atSecond: start))
            if let match = self.firstMatch(
                from: self.firstLocal(from: start, in: zone), through: min(change, end) - 1 + offset)
            {
                return WallInstant(seconds: match - offset)
            }
            start = change
        }
        preconditionFailure("Every crontab is due within 42 years: \(self.text)")
    }

    private var isHourly: Bool { self.hours.count == 24 }

    /// What clocks skip at a second, as seconds after they showed 1970-01-01 00:00:00.
    private func gap(at second: Int64, in zone: ZoneRules) -> Range<Int64>? {
        guard !self.isHourly, let change = zone.changes(from: second, through: second).first else { return nil }
        let before = second + Int64(zone.offset(atSecond: second - 1))
        let after = second + Int64(change.offset)
        return before < after ? before..<after : nil
    }

    /// What clocks show at a second, or, while they show for the second time what they have shown, the first that is new.
    private func firstLocal(from second: Int64, in zone: ZoneRules) -> Int64 {
        let local = second + Int64(zone.offset(atSecond: second))
        let dayAgo = second - 26 * 3_600
        guard !self.isHourly, let change = zone.changes(from: dayAgo, through: second).last else { return local }
        return max(local, change.at + Int64(zone.offset(atSecond: change.at - 1)))
    }

    /// The first time in a stretch that fits, in seconds after clocks showed 1970-01-01 00:00:00.
    private func firstMatch(from start: Int64, through end: Int64) -> Int64? {
        guard start <= end else { return nil }
        // A crontab knows no seconds.
        let first = (start + 59).dividedDown(by: 60)
        var days = first.dividedDown(by: 1_440)
        var minute = Int(first - days * 1_440)
        while days * 86_400 <= end {
            let day = CivilDay(daysSince1970: days)
            if !self.months.contains(day.month) {
                days += Int64(CivilDay.count(year: day.year, month: day.month) - day.day + 1)
            } else if self.matches(day), let minute = self.firstMinute(from: minute) {
                let match = days * 86_400 + Int64(minute) * 60
                return match <= end ? match : nil
            } else {
                days += 1
            }
            minute = 0
        }
        return nil
    }

    private func matches(_ day: CivilDay) -> Bool {
        self.daysOfMonth.contains(day.day) && self.daysOfWeek.contains(day.weekday)
    }

    /// The first minute of a day that fits, from one on.
    private func firstMinute(from start: Int) -> Int? {
        for hour in start / 60..<24 where self.hours.contains(hour) {
            let first = hour == start / 60 ? start % 60 : 0
            if let minute = (first..<60).first(where: self.minutes.contains) { return hour * 60 + minute }
        }
        return nil
    }
}
