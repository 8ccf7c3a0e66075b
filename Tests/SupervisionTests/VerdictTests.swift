import Testing

@testable import Supervision

/// Verdicts over a child that do not wait for its word, or do not take it.
@Suite struct VerdictTests {
    @Test func aChildThatDoesNotStartItsTaskIsKilledAndTheTaskGoesBackUncounted() {
        var bench = Bench.running()
        let (id, delivery) = bench.place()!
        #expect(bench.pass(.seconds(29)) == [])
        #expect(bench.pass(.seconds(1)).contains(.kill(id)))
        #expect(bench.exit(id).contains(.giveBack(delivery)))
    }

    @Test func aSuccessAfterTooMuchOutputDoesNotCount() {
        var task = TaskProfile.plain
        task.limits.output = ByteCount(bytes: 100)
        var bench = Bench.running(tasks: [task])
        let (id, delivery) = bench.run()
        bench.supervisor.childWroteOutput(id, bytes: 101, now: bench.now)
        #expect(bench.actions().contains(.kill(id)))
        #expect(bench.report(id, delivery, Supervisor.Report(.success)) == [])
        let endings = bench.exit(id).compactMap { action -> FinishedDelivery.Ending? in
            if case .finish(let finished) = action { finished.ending } else { nil }
        }
        #expect(endings == [.lost(.output(limit: ByteCount(bytes: 100)))])
    }

    @Test func childrenThatDieTogetherBeforeTheyAreReadyAreOneFailure() {
        var pool = PoolPolicy()
        pool.concurrency = 8
        var bench = Bench(pools: [pool])
        bench.supervisor.start(now: bench.now)
        bench.supervisor.templateBecameReady(1, now: bench.now)
        for case .fork(let id, _, _) in bench.actions() { _ = bench.exit(id, .exited(code: 9)) }
        #expect(bench.supervisor.ladder.stage == .running)
        #expect(bench.pass(.milliseconds(100)).count == 8, "all are ordered again after one wait")
    }

    // MARK: Deaths far above the memory limit

    private static let limit = ByteCount(bytes: 64 << 20)
    /// 64 MiB and 512 MiB, from where on memory is to blame.
    private static let clear: UInt64 = 576 << 20

    private static func limited() -> Bench { Bench.running(tasks: [.limited { $0.memory = Self.limit }]) }

    private func endings(_ actions: [SupervisorAction]) -> [FinishedDelivery.Ending] {
        actions.compactMap { action in
            if case .finish(let finished) = action { finished.ending } else { nil }
        }
    }

    @Test(arguments: [ChildExit.signalled("SIGILL"), .signalled("SIGABRT"), .signalled("SIGKILL"), .exited(code: 1)])
    func aDeathFarAboveTheMemoryLimitIsThatLimit(exit: ChildExit) {
        var bench = Self.limited()
        let (id, _) = bench.run()
        let endings = self.endings(bench.exit(id, exit, peakGrowth: Self.clear + 4_096))
        let peak = ByteCount(bytes: Int(Self.clear) + 4_096)
        #expect(endings == [.lost(.memory(peak: peak, limit: Self.limit))])
    }

    @Test func aDeathNearTheMemoryLimitIsALoss() {
        var bench = Self.limited()
        let (id, delivery) = bench.run()
        let actions = bench.exit(id, .signalled("SIGILL"), peakGrowth: Self.clear)
        #expect(actions.contains { if case .giveBack(let back) = $0 { back.tag == delivery.tag } else { false } })
    }

    @Test func aDeathWithoutAMemoryLimitIsALoss() {
        var bench = Bench.running()
        let (id, _) = bench.run()
        #expect(self.endings(bench.exit(id, .signalled("SIGILL"), peakGrowth: 1 << 40)) == [])
    }

    /// Earlier attempts have raised the child's peak, each by so little that the child did not have it start anew.
    @Test func earlierAttemptsPeaksAreNotHeldAgainstTheNext() {
        var bench = Self.limited()
        for _ in 0..<800 {
            let (id, earlier) = bench.run()
            _ = bench.report(id, earlier, Supervisor.Report(.success, peakMemory: 1 << 20))
        }
        let (id, _) = bench.run()
        #expect(self.endings(bench.exit(id, .signalled("SIGILL"), peakGrowth: 900 << 20)) == [])
    }

    /// After a great rise it starts anew: what there is since is the running attempt's.
    @Test func aPeakThatStartedAnewIsTheRunningAttempts() {
        var bench = Self.limited()
        let (id, first) = bench.run()
        _ = bench.report(id, first, Supervisor.Report(.success, peakMemory: 800 << 20))
        #expect(bench.run().child == id)
        #expect(self.endings(bench.exit(id, .signalled("SIGILL"), peakGrowth: 900 << 20)) != [])
    }

    @Test func aDeadTemplateTakesInnocentChildrenAlong() {
        var bench = Self.limited()
        let (id, _) = bench.run()
        let actions = bench.exit(id, .signalled("SIGKILL"), peakGrowth: 1 << 40, templateLost: true)
        #expect(self.endings(actions) == [])
    }

    @Test func whoClaimsAnyPeakDoesNotTrap() {
        var bench = Self.limited()
        let (id, first) = bench.run()
        _ = bench.report(id, first, Supervisor.Report(.success, peakMemory: .max))
        _ = bench.run()
        #expect(self.endings(bench.exit(id, .signalled("SIGILL"), peakGrowth: .max)) != [])
    }
}
