/// A point in time as logs write it: UTC with milliseconds, after RFC 3339. `2026-11-23T17:59:01.123Z`.
struct Timestamp: CustomStringConvertible {
    /// Nanoseconds since 1970 in UTC, leap seconds not counted.
    var nanoseconds: Int64

    var description: String { String(decoding: self.bytes, as: UTF8.self) }

    /// The 24 bytes of the text.
    var bytes: [UInt8] {
        let (days, nanosecond) = Self.divide(self.nanoseconds, by: 86_400_000_000_000)
        let (year, month, day) = Self.civil(fromDays: days)
        let milliseconds = nanosecond / 1_000_000
        var bytes = Array("0000-00-00T00:00:00.000Z".utf8)
        Self.write(year, into: &bytes, at: 0..<4)
        Self.write(month, into: &bytes, at: 5..<7)
        Self.write(day, into: &bytes, at: 8..<10)
        Self.write(milliseconds / 3_600_000, into: &bytes, at: 11..<13)
        Self.write(milliseconds / 60_000 % 60, into: &bytes, at: 14..<16)
        Self.write(milliseconds / 1_000 % 60, into: &bytes, at: 17..<19)
        Self.write(milliseconds % 1_000, into: &bytes, at: 20..<23)
        return bytes
    }

    /// The date that is so many days after 1970-01-01, in the proleptic Gregorian calendar.
    ///
    /// Counts in eras of 400 years that start on March 1st, so that the leap day is the last day of a year.
    static func civil(fromDays days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let (era, dayOfEra) = self.divide(days + 719_468, by: 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        return (era * 400 + yearOfEra + (month <= 2 ? 1 : 0), month, day)
    }

    /// Division that rounds down, so that times before 1970 come out right.
    private static func divide(_ value: Int64, by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }

    private static func write(_ number: Int64, into bytes: inout [UInt8], at range: Range<Int>) {
        var rest = number
        for index in range.reversed() {
            bytes[index] = UInt8(ascii: "0") + UInt8(rest % 10)
            rest /= 10
        }
    }
}
