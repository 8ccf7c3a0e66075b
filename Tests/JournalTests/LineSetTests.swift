import Supervision
import Testing

@testable import Journal

struct LineSetTests {
    @Test func linesInOrderAreOneRun() {
        var set = LineSet()
        for line in 1...200_000 { _ = set.insert(line) }
        #expect(set.runs == [1..<200_001])
    }

    @Test func manyLinesInNearOrderAreFewRuns() {
        var set = LineSet()
        var random = SeededGenerator(seed: 7)
        var running = Array(1...32)
        var mostRuns = 0
        for next in 33...200_000 {
            let slot = Int.random(in: 0..<32, using: &random)
            _ = set.insert(running[slot])
            running[slot] = next
            mostRuns = max(mostRuns, set.runs.count)
        }
        #expect(mostRuns <= 33, "Each task that runs is at most one gap.")
    }

    @Test(arguments: [1, 2, 3, 4, 5] as [UInt64])
    func agreesWithAPlainSet(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var (set, plain) = (LineSet(), Set<Int>())
        for _ in 0..<4000 {
            let line = Int.random(in: 0..<500, using: &random)
            #expect(set.contains(line) == plain.contains(line))
            #expect(set.insert(line) == plain.insert(line).inserted)
        }
        #expect((0..<501).allSatisfy { set.contains($0) == plain.contains($0) })
        #expect(zip(set.runs, set.runs.dropFirst()).allSatisfy { $0.upperBound < $1.lowerBound })
    }

    @Test func theGapBetweenTwoRunsCloses() {
        var set = LineSet()
        for line in [5, 7, 6] { _ = set.insert(line) }
        #expect(set.runs == [5..<8])
    }
}
