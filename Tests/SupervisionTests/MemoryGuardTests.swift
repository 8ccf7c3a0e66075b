import Testing

@testable import Supervision

/// Who ends when memory runs out.
@Suite struct MemoryGuardTests {
    private static let plenty = MemoryReading(total: 1 << 30, available: 1 << 29)
    private static let little = MemoryReading(total: 1 << 30, available: 10 << 20)

    @Test(arguments: [(1 << 20, 512), (5_000, 250), (256, 32), (64, 16)] as [(UInt64, UInt64)])
    func aPartStaysFree(total: UInt64, reserve: UInt64) {
        #expect(MemoryGuard.reserve(of: total << 20) == reserve << 20)
    }

    @Test func theLessIsLeftTheMoreOftenItLooks() {
        var guarding = MemoryGuard()
        let now = Instant(nanoseconds: 5)
        var last = Duration.seconds(2)
        for available in [900, 400, 200, 100, 60, 55] as [UInt64] {
            _ = guarding.isShort(MemoryReading(total: 1 << 30, available: available << 20), now: now)
            #expect(guarding.nextLook - now <= last)
            last = guarding.nextLook - now
        }
        #expect(last == MemoryGuard.shortestWait)
    }

    @Test func stallsMakeItCareful() {
        var reading = MemoryReading(total: 1 << 30, available: 80 << 20)
        var guarding = MemoryGuard()
        let before = guarding.isShort(reading, now: Instant(nanoseconds: 0))
        reading.stalledPercent = 30
        let after = guarding.isShort(reading, now: Instant(nanoseconds: 0))
        #expect(!before && after)
    }

    @Test func nobodyIsWatchedWhileNothingRuns() {
        var bench = Bench.running(2)
        _ = bench.pass(.seconds(60))
        #expect(bench.memoryReadings == 0)
        _ = bench.run()
        _ = bench.pass(.seconds(1))
        #expect(bench.memoryReadings == 1)
    }

    @Test func theOneFurthestBeyondWhatItMayHaveEnds() {
        var bench = Bench.running(
            3, tasks: [.limited { $0.memory = .mebibytes(1_000) }, .limited { $0.memory = .mebibytes(100) }])
        let (large, _) = bench.run(task: 0)
        let (small, _) = bench.run(task: 1)
        let growth: (ChildID) -> UInt64 = { $0 == large ? 300 << 20 : 90 << 20 }
        bench.supervisor.memoryWasRead(Self.plenty, growth: growth, now: bench.now)
        #expect(bench.actions() == [])
        bench.supervisor.memoryWasRead(Self.little, growth: growth, now: bench.now)
        let actions = bench.actions()
        #expect(actions.contains(.kill(small)) && !actions.contains(.kill(large)))
        #expect(bench.events.contains(.memoryShort(Self.little)))
        bench.supervisor.memoryWasRead(Self.little, growth: growth, now: bench.now)
        #expect(!bench.actions().contains(.kill(large)), "the first gets time to give its memory back")
    }

    @Test func itsTaskRunsAgainAsOneThatLostItsChild() {
        var bench = Bench.running()
        let (id, delivery) = bench.run()
        bench.supervisor.memoryWasRead(Self.little, growth: { _ in 200 << 20 }, now: bench.now)
        _ = bench.actions()
        var again = delivery
        again.losses = 1
        #expect(bench.exit(id).contains(.giveBack(again)))
        #expect(
            bench.events.contains(.attemptLost(id, again, .memoryShortage(used: .mebibytes(200)))))
    }

    @Test func whenOthersUseTheMemoryNobodyEndsAndItIsSaidNowAndThen() {
        var bench = Bench.running()
        _ = bench.run()
        for _ in 0..<10 {
            bench.supervisor.memoryWasRead(Self.little, growth: { _ in 1 << 20 }, now: bench.now)
            #expect(bench.pass(.milliseconds(500)) == [])
        }
        #expect(bench.events.count { $0 == .memoryShort(Self.little) } == 1)
    }

    @Test func aKillByTheKernelAtItsOwnLimitIsTheAttemptsFault() {
        var bench = Bench.running(tasks: [.limited { $0.memory = .mebibytes(64) }])
        let (id, delivery) = bench.run()
        bench.supervisor.childWasKilledForMemory(id, peak: 64 << 20, now: bench.now)
        #expect(bench.actions().contains(.kill(id)))
        // The task may still say that it failed, or even that all is well.
        #expect(bench.report(id, delivery, .init(.success)) == [])
        let cause = Cause.groupMemory(peak: .mebibytes(64), limit: .mebibytes(64))
        #expect(bench.exit(id).first?.ending == .lost(cause))
    }

    /// On a busy machine its death is reported later than its pipes' end.
    @Test func aKillByTheKernelTellsMoreThanAClosedPipe() {
        var bench = Bench.running(tasks: [.limited { $0.memory = .mebibytes(64) }])
        let (id, _) = bench.run()
        bench.supervisor.childClosedPipe(id, now: bench.now)
        #expect(bench.pass(.milliseconds(200)).contains(.kill(id)))
        bench.supervisor.childWasKilledForMemory(id, peak: 64 << 20, now: bench.now)
        let cause = Cause.groupMemory(peak: .mebibytes(64), limit: .mebibytes(64))
        #expect(bench.exit(id).first?.ending == .lost(cause))
    }

    @Test func aKillByTheKernelFarBelowItsLimitIsNot() {
        var bench = Bench.running(tasks: [.limited { $0.memory = .mebibytes(64) }])
        let (id, delivery) = bench.run()
        bench.supervisor.childWasKilledForMemory(id, peak: 10 << 20, now: bench.now)
        var again = delivery
        again.losses = 1
        #expect(bench.exit(id).contains(.giveBack(again)))
    }

    @Test func poolsThatFollowTheProcessorsAreResized() {
        var bench = Bench.running(2) { $0.followsProcessors = true }
        bench.supervisor.processorsChanged(to: 3, now: bench.now)
        #expect(bench.actions().compactMap(\.forked).count == 1)
        bench.supervisor.resize(pool: 0, by: 1, now: bench.now)
        bench.supervisor.processorsChanged(to: 8, now: bench.now)
        #expect(bench.supervisor.pools[0].policy.concurrency == 4, "somebody has decided otherwise since")
    }
}
