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
}
