import Supervision
import Testing

@Suite struct NearestMatchTests {
    static let names = ["soft_time", "hard_time", "memory", "open_files", "max_retries", "id"]

    @Test(
        arguments: [
            ("soft_tmie", "soft_time"), ("hardtime", "hard_time"), ("memroy", "memory"), ("open_file", "open_files"),
            ("max_retry", "max_retries"),
            ("ID", nil), ("di", "id"), ("timeout", nil), ("", nil), (String(repeating: "memory", count: 100_000), nil),
            ("softTime", "soft_time"),
        ] as [(String, String?)]
    )
    func misspeltNamesFindTheirNeighbour(name: String, expected: String?) {
        #expect(nearestMatch(to: name, in: Self.names) == expected)
    }

    @Test func theNearestOfSeveralWins() {
        #expect(nearestMatch(to: "hard_tim", in: ["hard_limit", "hard_time"]) == "hard_time")
    }
}
