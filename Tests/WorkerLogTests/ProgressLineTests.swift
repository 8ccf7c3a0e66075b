import Testing

@testable import WorkerLog

struct ProgressLineTests {
    private static let second: UInt64 = 1_000_000_000

    private static func visible(_ line: ProgressLine, width: Int = 80) -> String {
        let text = line.text(width: width)
        #expect(text.hasPrefix("\r") && text.hasSuffix("\u{1b}[K"))
        return String(text.dropFirst().dropLast(3))
    }

    private static var busy: ProgressLine {
        var line = ProgressLine()
        line.update(done: 0, failed: 0, running: 2, waiting: 0, now: 0)
        line.update(done: 4207, failed: 3, running: 2, waiting: 5120, now: Self.second)
        return line
    }

    @Test func saysCountsAndRate() {
        #expect(Self.visible(Self.busy) == "4,207 done · 3 failed · 2 running · 5,120 waiting · 4,210/s")
    }

    @Test func leavesOutWhatIsZeroOrUnknown() {
        var line = ProgressLine()
        #expect(Self.visible(line) == "0 done · 0 running")
        line.update(done: 1_234_567, failed: 0, running: 1, waiting: 0, now: 5)
        #expect(Self.visible(line) == "1,234,567 done · 1 running")
    }

    @Test func neverReachesTheLastColumn() {
        let full = "4,207 done · 3 failed · 2 running · 5,120 waiting · 4,210/s"
        for width in 0...100 {
            let text = Self.visible(Self.busy, width: width)
            #expect(text.count < max(width, 1))
            #expect(full.hasPrefix(text))
        }
        #expect(Self.visible(Self.busy, width: full.count + 1) == full)
        #expect(Self.visible(Self.busy, width: full.count) == "4,207 done · 3 failed · 2 running · 5,120 waiting")
    }

    @Test func aSteadyRateIsShownWhateverThePace() {
        for step in [1, 10, 1000] {
            var line = ProgressLine()
            for millisecond in stride(from: 0, through: 10_000, by: step) {
                let now = UInt64(millisecond) * 1_000_000
                line.update(done: millisecond * 2, failed: 0, running: 1, waiting: 0, now: now)
            }
            #expect(abs(line.rate! - 2000) < 1)
        }
    }

    @Test func theRateFollowsAChangeSmoothly() {
        var line = Self.busy
        var rates: [Double] = []
        for seconds in 2...20 as ClosedRange<UInt64> {
            line.update(done: 4207, failed: 3, running: 0, waiting: 0, now: seconds * Self.second)
            rates.append(line.rate!)
        }
        #expect(zip(rates, rates.dropFirst()).allSatisfy { $0 > $1 })
        #expect(rates[0] > 3000 && rates.last! < 50)
    }

    @Test func anUpdateWithoutTimeIsCountedInTheNext() {
        var line = ProgressLine()
        line.update(done: 0, failed: 0, running: 0, waiting: 0, now: 0)
        line.update(done: 5, failed: 0, running: 0, waiting: 0, now: 0)
        #expect(line.rate == nil)
        line.update(done: 10, failed: 0, running: 0, waiting: 0, now: 4 * Self.second)
        #expect(line.rate == 2.5)
        #expect(Self.visible(line) == "10 done · 0 running · 2.5/s")
    }
}
