import EngineSupport
import JSON
import Testing

extension EngineTests {
    /// Children are replaced as the settings say, without a task noticing.
    @Suite struct RecyclingTests {
        private func counters(_ count: Int) -> [String] { (0..<count).map { call("demo.counter", id: "\($0)") } }

        @Test func eachTaskHasAFreshProcess() throws {
            let run = try Run(.demo, ["-c", "2", "--max-tasks-per-child", "1"], self.counters(60))
            #expect(run.status == 0)
            #expect(run.outcomes.allSatisfy { $0.result == 1 })
            #expect(Set(run.outcomes.compactMap(\.pid)).count == 60)
        }

        @Test func childLeavesAfterItsTasks() throws {
            let run = try Run(.demo, ["-c", "2", "--max-tasks-per-child", "10"], self.counters(300))
            #expect(run.status == 0 && run.outcomes.count == 300)
            #expect(run.outcomes.allSatisfy { (1...10).contains($0.result?.integer ?? 0) })
            let pids = Set(run.outcomes.compactMap(\.pid)).count
            #expect((30...36).contains(pids), "\(pids) children")
        }

        @Test func jitterLetsChildrenLeaveAtDifferentTimes() throws {
            let run = try Run(.demo, ["-c", "1", "--max-tasks-per-child", "20"], self.counters(400))
            let lives = Dictionary(grouping: run.outcomes) { $0.pid }.values.map(\.count)
            #expect(lives.allSatisfy { $0 <= 20 })
            #expect(Set(lives).count > 1)
        }

        @Test func leakingChildIsReplaced() throws {
            let lines = (0..<30).flatMap { [call("demo.leak", 4_194_304, id: "l\($0)"), call("tasks.sleep", 0.02)] }
            let run = try Run(.demo, ["-c", "1", "--max-child-growth", "8MiB"], lines)
            #expect(run.status == 0 && run.outcomes.count == 60)
            let reasons = run.program.records("child.recycled").compactMap { $0["reason"]?.text }
            #expect(reasons.count >= 3 && reasons.allSatisfy { $0 == "memory_growth" })
        }

        @Test func oldChildIsReplaced() throws {
            let lines = (0..<60).map { call("tasks.sleep", 0.015, id: "\($0)") }
            let run = try Run(.demo, ["-c", "1", "--max-child-age", "200ms"], lines)
            #expect(run.status == 0 && run.outcomes.count == 60)
            #expect(Set(run.outcomes.compactMap(\.pid)).count >= 3)
        }

        @Test func preloadedMemoryCountsForNobody() throws {
            let lines = (0..<120).map { call("probe.touch", 4, id: "\($0)") }
            let run = try Run(
                .fixture, ["-c", "2", "--memory", "64MiB"], lines, environment: ["ENGINE_FIXTURE": "preload-large"])
            #expect(run.status == 0 && run.outcomes.count == 120)
            #expect(Set(run.outcomes.compactMap(\.pid)).count == 2)
            #expect(run.program.records("child.recycled").isEmpty)
            #expect(run.program.records("task.notice").isEmpty)
        }
    }
}
