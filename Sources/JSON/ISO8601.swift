/// Instants as ISO 8601 text in the calendar form: `2026-03-01T12:30:00.5+01:00`.
public enum ISO8601 {
    /// Seconds since 1970 of an instant; `nil` when the text is none.
    ///
    /// The time may be missing (midnight), as may its seconds; a space may stand for `T`. The zone is `Z`, `+01:00`,
    /// `+0100` or `+01`; without one the time is in UTC, as in Celery.
    public static func seconds(parsing text: String) -> Double? { self.seconds(parsing: Array(text.utf8)[...]) }

    /// Seconds since 1970 of an instant whose text is in bytes. Allocates nothing for up to 15 digits of a fraction.
    public static func seconds(parsing text: ArraySlice<UInt8>) -> Double? {
        var reader = FieldReader(text: text)
        guard let day = reader.day() else { return nil }
        if reader.text.isEmpty { return Double(day * secondsPerDay) }
        guard reader.skip(UInt8(ascii: "T")) || reader.skip(ASCII.space),
            let time = reader.time(), let zone = reader.zone(), reader.text.isEmpty
        else { return nil }
        return Double(day * secondsPerDay + time.seconds - zone) + time.fraction
    }

    /// The text of an instant in UTC, to the microsecond; `nil` outside the years 1 to 9999.
    public static func text(seconds: Double) -> String? {
        guard (-62_135_596_800..<253_402_300_799).contains(seconds) else { return nil }
        let microseconds = Int((seconds * 1_000_000).rounded())
        let (second, fraction) = floorDivide(microseconds, by: 1_000_000)
        let (day, time) = floorDivide(second, by: self.secondsPerDay)
        let date = civilDate(day)
        var text = "\(padded(date.year, 4))-\(padded(date.month, 2))-\(padded(date.day, 2))T"
        text += "\(padded(time / 3600, 2)):\(padded(time / 60 % 60, 2)):\(padded(time % 60, 2))"
        if fraction > 0 {
            text += ".\(padded(fraction, 6))"
            while text.last == "0" { text.removeLast() }
        }
        return text + "Z"
    }

    private static let secondsPerDay = 86_400
}

/// Takes fields of fixed width off the front of a text.
private struct FieldReader {
    var text: ArraySlice<UInt8>

    mutating func skip(_ byte: UInt8) -> Bool {
        guard self.text.first == byte else { return false }
        self.text.removeFirst()
        return true
    }

    mutating func number(digits: Int, in range: ClosedRange<Int>) -> Int? {
        let field = self.text.prefix(digits)
        guard field.count == digits, field.allSatisfy(ASCII.isDigit) else { return nil }
        self.text.removeFirst(digits)
        let value = field.reduce(0) { $0 * 10 + Int($1 - ASCII.zero) }
        return range.contains(value) ? value : nil
    }

    /// Days since 1970-01-01.
    mutating func day() -> Int? {
        guard let year = self.number(digits: 4, in: 1...9999), self.skip(ASCII.minus),
            let month = self.number(digits: 2, in: 1...12), self.skip(ASCII.minus),
            let day = self.number(digits: 2, in: 1...31)
        else { return nil }
        let number = dayNumber(year: year, month: month, day: day)
        return civilDate(number).day == day ? number : nil
    }

    mutating func time() -> (seconds: Int, fraction: Double)? {
        guard let hour = self.number(digits: 2, in: 0...23), self.skip(ASCII.colon),
            let minute = self.number(digits: 2, in: 0...59)
        else { return nil }
        let seconds = hour * 3600 + minute * 60
        guard self.skip(ASCII.colon) else { return (seconds, 0) }
        guard let second = self.number(digits: 2, in: 0...59) else { return nil }
        guard self.skip(ASCII.point) else { return (seconds + second, 0) }
        let digits = self.text.prefix(while: ASCII.isDigit)
        guard !digits.isEmpty, let fraction = Self.fraction(digits) else { return nil }
        self.text.removeFirst(digits.count)
        return (seconds + second, fraction)
    }

    private static func fraction(_ digits: ArraySlice<UInt8>) -> Double? {
        // Up to here both numbers are exact, so that the quotient is the nearest to what is written.
        guard digits.count <= 15 else { return Double("0." + String(decoding: digits, as: UTF8.self)) }
        var (number, scale) = (0, 1)
        for digit in digits { (number, scale) = (number * 10 + Int(digit - ASCII.zero), scale * 10) }
        return Double(number) / Double(scale)
    }

    /// Seconds east of UTC.
    mutating func zone() -> Int? {
        if self.text.isEmpty || self.skip(UInt8(ascii: "Z")) { return 0 }
        let isWest = self.skip(ASCII.minus)
        guard isWest || self.skip(ASCII.plus), let hour = self.number(digits: 2, in: 0...23) else { return nil }
        var minute = 0
        if self.skip(ASCII.colon) || !self.text.isEmpty {
            guard let field = self.number(digits: 2, in: 0...59) else { return nil }
            minute = field
        }
        return (hour * 3600 + minute * 60) * (isWest ? -1 : 1)
    }
}

// The two conversions below count in eras of 400 years that start on the first of March, so that a leap day comes last.

private func dayNumber(year: Int, month: Int, day: Int) -> Int {
    let (era, yearOfEra) = floorDivide(month <= 2 ? year - 1 : year, by: 400)
    let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
}

private func civilDate(_ dayNumber: Int) -> (year: Int, month: Int, day: Int) {
    let (era, dayOfEra) = floorDivide(dayNumber + 719_468, by: 146_097)
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    let month = (shiftedMonth + 2) % 12 + 1
    return (era * 400 + yearOfEra + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
}

private func floorDivide(_ number: Int, by divisor: Int) -> (quotient: Int, remainder: Int) {
    let (quotient, remainder) = number.quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
}

private func padded(_ number: Int, _ width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
}
