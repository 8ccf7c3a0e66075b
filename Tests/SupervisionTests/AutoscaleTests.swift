import Testing

@testable import Supervision

/// Pools that follow their work.
@Suite struct AutoscaleTests {
    private let start = Instant(nanoseconds: 1_000_000_000)

    private func bench(_ bounds: ClosedRange<Int>) -> Bench {
        var policy = PoolPolicy()
        policy.concurrency = bounds.lowerBound
        policy.maxConcurrency = bounds.upperBound
        var bench = Bench(pools: [policy])
        bench.supervisor.start(now: bench.now)
        bench.supervisor.templateBecameReady(1, now: bench.now)
        for id in bench.actions().compactMap(\.forked) { _ = bench.ready(id) }
        return bench
    }

    @Test func aPoolGrowsWhileWorkWaitsAndNoFurtherThanItMay() {
        var scale = Autoscale(bounds: 2...5)
        #expect(scale.size(now: 2, busy: 1, workWaits: true, at: self.start) == nil, "one could take it")
        #expect(scale.size(now: 2, busy: 2, workWaits: false, at: self.start) == nil)
        #expect(scale.size(now: 2, busy: 2, workWaits: true, at: self.start) == 3)
        #expect(scale.size(now: 3, busy: 3, workWaits: true, at: self.start + .milliseconds(249)) == nil)
        #expect(scale.size(now: 3, busy: 3, workWaits: true, at: self.start + .milliseconds(250)) == 4)
        #expect(scale.size(now: 4, busy: 4, workWaits: true, at: self.start + .milliseconds(500)) == 5)
        #expect(scale.size(now: 5, busy: 5, workWaits: true, at: self.start + .milliseconds(750)) == nil)
    }

    @Test func aPoolShrinksToWhatItNeededForHalfAMinute() {
        var scale = Autoscale(bounds: 2...9)
        _ = scale.size(now: 9, busy: 1, workWaits: false, at: self.start)
        #expect(scale.size(now: 9, busy: 6, workWaits: false, at: self.start + .seconds(10)) == nil)
        #expect(scale.size(now: 9, busy: 1, workWaits: false, at: self.start + .seconds(29)) == nil)
        #expect(scale.nextLook(size: 9, workWaits: false) == self.start + .seconds(30))
        #expect(scale.size(now: 9, busy: 1, workWaits: false, at: self.start + .seconds(30)) == 6)
        #expect(scale.size(now: 6, busy: 0, workWaits: false, at: self.start + .seconds(60)) == 2)
        #expect(scale.nextLook(size: 2, workWaits: false) == .distantFuture)
    }

    @Test func childrenAreForkedForWorkThatWaitsAndLetGoAgain() {
        var bench = self.bench(1...3)
        _ = bench.run()
        bench.supervisor.scale(now: bench.now) { _ in true }
        let more = bench.actions().compactMap(\.forked)
        #expect(more.count == 1)
        #expect(bench.supervisor.nextWake <= bench.now + Autoscale.growthPause)
        _ = bench.ready(more[0])
        bench.supervisor.scale(now: bench.now) { _ in true }
        #expect(bench.actions() == [], "the new one is idle")
        _ = bench.pass(Autoscale.period)
        bench.supervisor.scale(now: bench.now) { _ in false }
        #expect(bench.actions() == [.stop(more[0])])
        #expect(bench.supervisor.pools[0].policy.concurrency == 1)
    }

    @Test func whatAnOperatorSaysBecomesTheBounds() {
        var bench = self.bench(2...3)
        bench.supervisor.resize(pool: 0, by: 2, now: bench.now)
        #expect(bench.supervisor.pools[0].autoscale?.bounds == 2...4)
        bench.supervisor.resize(pool: 0, by: -3, now: bench.now)
        #expect(bench.supervisor.pools[0].autoscale?.bounds == 1...4)
        let isSet = bench.supervisor.setBounds(6...8, pool: 0, now: bench.now)
        #expect(isSet)
        #expect(bench.supervisor.pools[0].policy.concurrency == 6)
        var fixed = Bench.running()
        let isSetForFixed = fixed.supervisor.setBounds(1...2, pool: 0, now: fixed.now)
        #expect(!isSetForFixed)
    }

    @Test func aReloadBringsItsOwnBounds() {
        var bench = self.bench(1...3)
        var policy = PoolPolicy()
        policy.concurrency = 2
        bench.supervisor.apply(pools: [policy], tasks: bench.supervisor.tasks)
        #expect(!bench.supervisor.scales)
        policy.maxConcurrency = 7
        bench.supervisor.apply(pools: [policy], tasks: bench.supervisor.tasks)
        #expect(bench.supervisor.pools[0].autoscale?.bounds == 2...7)
    }
}
