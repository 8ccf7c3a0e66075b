import JSON

/// A point in time as Celery writes it: ISO 8601 text, kept as it was written.
///
/// A text without offset is *naive*: whoever reads it supplies the zone, by default UTC.
public struct WallTime: Sendable, Hashable {
    /// The text.
    public let text: String
    /// Seconds since 1970; for a naive text as if it were in UTC.
    public let seconds: Double
    /// Whether the text says no offset.
    public let isNaive: Bool

    /// The time that a text tells; `nil` when it tells none.
    public init?(_ text: String) {
        guard text.utf8.count <= 64, let seconds = Self.seconds(of: text) else { return nil }
        self.text = text
        self.seconds = seconds
        self.isNaive = Self.isNaive(text)
    }

    /// A time in UTC, written as Python's `isoformat` does; `nil` outside the years 1 to 9999.
    public init?(seconds: Double) {
        guard let zulu = ISO8601.text(seconds: seconds) else { return nil }
        let parts = zulu.dropLast().split(separator: ".")
        let fraction = parts.count == 2 ? "." + parts[1] + String(repeating: "0", count: 6 - parts[1].count) : ""
        self.text = parts[0] + fraction + "+00:00"
        self.seconds = seconds
        self.isNaive = false
    }

    /// Seconds since 1970 of the time that a text in bytes tells, as ``seconds``; `nil` when it tells none.
    static func seconds(of text: ArraySlice<UInt8>) -> Double? {
        guard text.count <= 64 else { return nil }
        return ISO8601.seconds(parsing: text) ?? self.seconds(of: String(decoding: text, as: UTF8.self))
    }

    private static func seconds(of text: String) -> Double? {
        if let seconds = ISO8601.seconds(parsing: text) { return seconds }
        // Python writes the offsets of old local mean times to the second: +00:53:28.
        let tail = text.utf8.suffix(9)
        guard tail.count == 9, let sign = tail.first, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-"),
            tail.dropLast(2).last == UInt8(ascii: ":"),
            let second = Int(text.suffix(2)), (0...59).contains(second),
            let seconds = ISO8601.seconds(parsing: String(text.dropLast(3)))
        else { return nil }
        return seconds + Double(sign == UInt8(ascii: "+") ? -second : second)
    }

    private static func isNaive(_ text: String) -> Bool {
        // Behind the date, which has dashes of its own, only an offset has one of these.
        !text.utf8.dropFirst(10).contains { "+-Z".utf8.contains($0) }
    }
}
