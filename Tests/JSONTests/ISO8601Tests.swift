import JSON
import Supervision
import Testing

@Suite struct ISO8601Tests {
    @Test(arguments: [
        ("1970-01-01T00:00:00Z", 0.0), ("1970-01-01", 0), ("2026-03-01T12:30:00Z", 1_772_368_200),
        ("2026-03-01T12:30:00", 1_772_368_200), ("2026-03-01 12:30", 1_772_368_200),
        ("2026-03-01T13:30:00+01:00", 1_772_368_200), ("2026-03-01T13:30:00+0100", 1_772_368_200),
        ("2026-03-01T11:30-01", 1_772_368_200), ("2026-03-01T12:30:00.250000+00:00", 1_772_368_200.25),
        ("2024-02-29T23:59:59Z", 1_709_251_199), ("1969-12-31T23:59:59.5Z", -0.5),
        ("0001-01-01T00:00:00Z", -62_135_596_800), ("9999-12-31T23:59:59Z", 253_402_300_799),
        ("2000-02-29", 951_782_400),
    ])
    func instantsAreRead(text: String, seconds: Double) { #expect(ISO8601.seconds(parsing: text) == seconds) }

    @Test(arguments: [
        "", "2026", "2026-3-1", "2026-02-29", "1900-02-29", "2026-13-01", "2026-00-10", "2026-04-31", "2026-03-01T",
        "2026-03-01T24:00:00Z", "2026-03-01T12:60:00Z", "2026-03-01T12:30:60Z",
        "2026-03-01T12:30:00.Z", "2026-03-01T12:30:00z", "2026-03-01T12:30:00 Z", "2026-03-01T12:30:00+1",
        "2026-03-01T12:30:00+01:", "2026-03-01T12:30:00+01:60", "2026-03-01T12:30:00Z ",
        "20260301T123000Z", "0000-01-01", "+2026-03-01", "2026-03-01X12:30:00Z", "tomorrow", "２026-03-01",
    ])
    func otherTextIsNoInstant(text: String) { #expect(ISO8601.seconds(parsing: text) == nil) }

    @Test(arguments: [
        (0.0, "1970-01-01T00:00:00Z"), (1_772_368_200.25, "2026-03-01T12:30:00.25Z"), (-0.5, "1969-12-31T23:59:59.5Z"),
        (951_782_400, "2000-02-29T00:00:00Z"),
        (1_709_251_199.999_999_9, "2024-03-01T00:00:00Z"),
    ])
    func instantsAreWritten(seconds: Double, text: String) { #expect(ISO8601.text(seconds: seconds) == text) }

    @Test(arguments: [Double.nan, .infinity, -.infinity, 1e300, -1e300, 253_402_300_800])
    func instantsOutsideTheCalendarHaveNoText(seconds: Double) { #expect(ISO8601.text(seconds: seconds) == nil) }

    @Test func everyDayComesBack() throws {
        for day in stride(from: -719_162, through: 2_932_896, by: 97) {
            let seconds = Double(day * 86_400 + 3661)
            let text = try #require(ISO8601.text(seconds: seconds))
            #expect(ISO8601.seconds(parsing: text) == seconds)
        }
    }

    @Test func fractionsAreTheNearestNumbersToTheirDigits() {
        var random = SeededGenerator(seed: 9)
        for _ in 0..<2_000 {
            let count = Int.random(in: 1...18, using: &random)
            let digits = String((0..<count).map { _ in "0123456789".randomElement(using: &random)! })
            #expect(ISO8601.seconds(parsing: "1970-01-01T00:00:00.\(digits)") == Double("0.\(digits)"))
        }
    }
}
