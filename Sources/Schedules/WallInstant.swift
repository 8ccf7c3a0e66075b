/// A point in time on a wall clock: whole milliseconds since 1970-01-01T00:00:00Z, leap seconds not counted.
public struct WallInstant: Hashable, Comparable, Sendable {
    /// Milliseconds since 1970.
    public let milliseconds: Int64

    /// The instant so many milliseconds after the beginning of 1970.
    public init(milliseconds: Int64) { self.milliseconds = milliseconds }

    /// The instant so many seconds after the beginning of 1970.
    public init(seconds: Int64) { self.milliseconds = seconds * 1_000 }

    /// Whole seconds since 1970, rounded down.
    public var seconds: Int64 { self.milliseconds.dividedDown(by: 1_000) }

    /// The instant so many milliseconds later.
    public func advanced(milliseconds: Int64) -> WallInstant {
        WallInstant(milliseconds: self.milliseconds + milliseconds)
    }

    /// Whether `left` comes first.
    public static func < (left: WallInstant, right: WallInstant) -> Bool { left.milliseconds < right.milliseconds }
}

extension WallInstant: CustomStringConvertible {
    /// ISO 8601 in UTC: `2026-03-29T01:00:00Z`, with milliseconds where there are any.
    public var description: String { self.description(offset: 0) }

    /// ISO 8601 with an offset in seconds from UTC: `2026-03-29T03:00:00+02:00`.
    public func description(offset: Int) -> String {
        let fraction = self.milliseconds - self.seconds * 1_000
        let time = CivilTime(seconds: self.seconds + Int64(offset))
        return "\(time)\(fraction == 0 ? "" : "." + padded(Int(fraction), 3))\(Self.text(offset: offset))"
    }

    private static func text(offset: Int) -> String {
        if offset == 0 { return "Z" }
        let minutes = abs(offset) / 60
        let seconds = abs(offset) % 60
        let text = "\(offset < 0 ? "-" : "+")\(padded(minutes / 60, 2)):\(padded(minutes % 60, 2))"
        return seconds == 0 ? text : "\(text):\(padded(seconds, 2))"
    }
}

/// The number with so many digits at least.
func padded(_ number: Int, _ digits: Int) -> String {
    let text = String(number)
    return String(repeating: "0", count: max(0, digits - text.count)) + text
}

extension Int64 {
    /// The quotient, rounded towards minus infinity.
    func dividedDown(by divisor: Int64) -> Int64 {
        let (quotient, remainder) = self.quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? quotient - 1 : quotient
    }
}
