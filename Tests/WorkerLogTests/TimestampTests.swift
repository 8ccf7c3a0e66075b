import Testing

@testable import WorkerLog

struct TimestampTests {
    @Test(
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
            (951_782_400_000_000_000, "2000-02-29T00:00:00.000Z"),
            (951_868_799_999_999_999, "2000-02-29T23:59:59.999Z"),
            (1_709_164_800_001_000_000, "2024-02-29T00:00:00.001Z"),
            (1_795_456_741_123_456_789, "2026-11-23T17:59:01.123Z"),
            (4_107_542_400_000_000_000, "2100-03-01T00:00:00.000Z"),
            (-2_203_891_200_000_000_000, "1900-03-01T00:00:00.000Z"),
            (.max, "2262-04-11T23:47:16.854Z"),
            (.min, "1677-09-21T00:12:43.145Z"),
        ] as [(Int64, String)]
    )
    func isWrittenAfterRFC3339(nanoseconds: Int64, text: String) {
        #expect(Timestamp(nanoseconds: nanoseconds).description == text)
    }

    @Test func everyDayFollowsTheOneBefore() {
        var expected: (year: Int64, month: Int64, day: Int64) = (1970, 1, 1)
        for days in 0..<Int64(60_000) {
            #expect(Timestamp.civil(fromDays: days) == expected)
            expected.day += 1
            guard expected.day > Self.days(in: expected.month, of: expected.year) else { continue }
            (expected.month, expected.day) = (expected.month + 1, 1)
            if expected.month > 12 { (expected.year, expected.month) = (expected.year + 1, 1) }
        }
    }

    private static func days(in month: Int64, of year: Int64) -> Int64 {
        let isLeap = year % 4 == 0 && year % 100 != 0 || year % 400 == 0
        return month == 2 ? (isLeap ? 29 : 28) : [4, 6, 9, 11].contains(month) ? 30 : 31
    }
}
