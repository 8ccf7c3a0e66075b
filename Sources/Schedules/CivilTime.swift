/// A day of the Gregorian calendar.
struct CivilDay: Hashable {
    var year: Int
    /// From 1.
    var month: Int
    /// From 1.
    var day: Int

    init(year: Int, month: Int, day: Int) {
        self.year = year
        self.month = month
        self.day = day
    }

    /// The day so many days after 1970-01-01.
    ///
    /// Counts in years that begin in March, so that the leap day is the last of its year.
    init(daysSince1970 days: Int64) {
        let shifted = days + 719_468
        let era = shifted.dividedDown(by: 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let month = (5 * dayOfYear + 2) / 153
        self.day = Int(dayOfYear - (153 * month + 2) / 5 + 1)
        self.month = Int(month < 10 ? month + 3 : month - 9)
        self.year = Int(yearOfEra + era * 400) + (self.month <= 2 ? 1 : 0)
    }

    /// Days since 1970-01-01; negative before.
    var daysSince1970: Int64 {
        let year = Int64(self.month <= 2 ? self.year - 1 : self.year)
        let era = year.dividedDown(by: 400)
        let yearOfEra = year - era * 400
        let month = Int64(self.month > 2 ? self.month - 3 : self.month + 9)
        let dayOfYear = (153 * month + 2) / 5 + Int64(self.day) - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    /// 0 is Sunday.
    var weekday: Int { Self.weekday(daysSince1970: self.daysSince1970) }

    /// The weekday of a day; 0 is Sunday. 1970-01-01 was a Thursday.
    static func weekday(daysSince1970 days: Int64) -> Int {
        let shifted = days + 4
        return Int(shifted - shifted.dividedDown(by: 7) * 7)
    }

    static func isLeap(_ year: Int) -> Bool { year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) }

    /// How many days a month has.
    static func count(year: Int, month: Int) -> Int {
        switch month {
        case 2: self.isLeap(year) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }
}

/// What a clock and a calendar on the wall show.
struct CivilTime: Hashable {
    let day: CivilDay
    let hour: Int
    let minute: Int
    let second: Int

    /// What they show so many seconds after they showed 1970-01-01 00:00:00.
    init(seconds: Int64) {
        let days = seconds.dividedDown(by: 86_400)
        let rest = Int(seconds - days * 86_400)
        self.day = CivilDay(daysSince1970: days)
        self.hour = rest / 3_600
        self.minute = rest % 3_600 / 60
        self.second = rest % 60
    }
}

extension CivilTime: CustomStringConvertible {
    /// `2026-03-29T03:00:00`.
    var description: String {
        let date = "\(padded(self.day.year, 4))-\(padded(self.day.month, 2))-\(padded(self.day.day, 2))"
        return "\(date)T\(padded(self.hour, 2)):\(padded(self.minute, 2)):\(padded(self.second, 2))"
    }
}
