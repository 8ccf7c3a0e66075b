import Testing

@testable import Supervision

struct SamplingBudgetTests {
    /// What looks take of a second in which attempts end all the time.
    private func spent(attemptsEvery interval: Duration, share: Double, cost: Duration) -> (looks: Int, share: Double) {
        var now = Instant(nanoseconds: 0)
        var budget = SamplingBudget(share: share, now: now)
        var looks = 0
        while now < Instant(nanoseconds: 10_000_000_000) {
            now = now + interval
            guard budget.attemptEnded(now: now) else { continue }
            budget.looked(for: cost)
            looks += 1
        }
        return (looks, Double(looks) * Double(cost.wholeNanoseconds) / 10_000_000_000)
    }

    @Test(arguments: [Duration.microseconds(10), .microseconds(80), .milliseconds(1), .milliseconds(3)])
    func looksTakeTheirShareAndNoMore(interval: Duration) {
        for cost in [Duration.microseconds(10), .microseconds(40), .milliseconds(1)] {
            let spent = self.spent(attemptsEvery: interval, share: 0.003, cost: cost)
            #expect(spent.share < 0.0035, "\(cost)")
        }
        let least = interval < .microseconds(250) ? 0.0013 : 0.0026
        #expect(self.spent(attemptsEvery: interval, share: 0.003, cost: .microseconds(10)).share > least)
    }

    @Test func everyLongAttemptIsLookedAt() {
        #expect(self.spent(attemptsEvery: .milliseconds(20), share: 0.003, cost: .microseconds(20)).looks > 490)
    }

    @Test func looksFollowEachOther() {
        var now = Instant(nanoseconds: 0)
        var budget = SamplingBudget(share: 0.003, now: now)
        var pattern = ""
        for _ in 0..<1_000 {
            now = now + .microseconds(500)
            let looks = budget.attemptEnded(now: now)
            if looks { budget.looked(for: .microseconds(20)) }
            pattern += looks ? "x" : "-"
        }
        #expect(Set(pattern.split(separator: "-").dropLast()) == ["xxxxx"])
    }

    @Test func looksAlwaysOrNever() {
        #expect(self.spent(attemptsEvery: .milliseconds(1), share: .infinity, cost: .microseconds(20)).looks == 10_000)
        #expect(self.spent(attemptsEvery: .milliseconds(1), share: 0, cost: .microseconds(20)).looks == 0)
    }
}

struct MedianIntervalTests {
    @Test func theMedianIsTheMiddle() {
        #expect(MedianInterval([3, 1, 2]).median == 2)
        #expect(MedianInterval([4, 1, 2, 3]).median == 2.5)
        #expect(MedianInterval([]).median == 0)
    }

    /// By the binomial distribution: of ten values all are above the median once in 1,024 times.
    @Test func theBoundsFollowFromCoins() {
        let ten = MedianInterval((1...10).map(Double.init))
        #expect(ten.lower(error: 0.0009) == nil)
        #expect(ten.lower(error: 0.001) == 1 && ten.upper(error: 0.001) == 10)
        #expect(ten.lower(error: 0.011) == 2 && ten.upper(error: 0.011) == 9)
        #expect(MedianInterval([Double]()).lower(error: 0.5) == nil)
        #expect(abs(ten.confidence(above: 0.5) - (1 - 1.0 / 1_024)) < 1e-12)
        #expect(abs(ten.confidence(above: 1.5) - (1 - 11.0 / 1_024)) < 1e-12)
    }
}
