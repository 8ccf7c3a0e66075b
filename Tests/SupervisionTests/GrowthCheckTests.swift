import Testing

@testable import Supervision

struct GrowthCheckTests {
    private func leaks(_ heap: [Double], budget: Int = 4_096) -> [GrowthCheck.Holding] {
        let samples = heap.map { ChildSample(heap: UInt64($0), privateMemory: 0, descriptors: 8, threads: 1) }
        let check = GrowthCheck(
            samples: samples, runs: heap.count, leftProcesses: 0, budget: ByteCount(bytes: budget))
        return check.growths.filter(\.leaks).map(\.holding)
    }

    @Test func growthAboveTheBudgetIsALeak() {
        let levels = (0..<100).map { 1_000_000 + Double($0) * 5_000 }
        #expect(self.leaks(levels) == [.heap])
        #expect(self.leaks(levels, budget: 5_000).isEmpty)
    }

    @Test func whatSettlesIsNone() {
        #expect(self.leaks((0..<100).map { 1_000_000 + Double(min($0, 45)) * 100_000 }).isEmpty)
        // Not even when it settles in the second half.
        #expect(self.leaks((0..<100).map { 1_000_000 + Double(min($0, 70)) * 100_000 }).isEmpty)
    }

    @Test(arguments: 0..<50) func spikesAreNone(seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed))
        #expect(
            self.leaks((0..<200).map { _ in 1_000_000 + Double.random(in: 0...30_000_000, using: &random) }).isEmpty)
    }

    @Test(arguments: 0..<50) func aLeakShowsThroughSpikes(seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed))
        let levels = (0..<400).map { run in
            let share = Double.random(in: 0...1, using: &random)
            return 1_000_000 + share * share * share * 5_000_000 + Double(run) * 50_000
        }
        #expect(self.leaks(levels) == [.heap])
    }

    @Test func processesHaveNoBudgetAndNeedNoLife() {
        let check = GrowthCheck(samples: [], runs: 60, leftProcesses: 60, budget: .mebibytes(1))
        #expect(check.growths.filter(\.leaks).map(\.holding) == [.processes])
        #expect(check.growths.count == 1)
    }

    @Test func theSlopeIgnoresOddValues() throws {
        var levels = (0..<50).map { Double($0) * 3 }
        for place in [5, 17, 30, 44] { levels[place] = 1e9 }
        let slope = try #require(TheilSenSlope(levels[...]))
        #expect(slope.slope == 3 && slope.interval.contains(3))
        #expect(TheilSenSlope([1, 2]) == nil)
    }
}
