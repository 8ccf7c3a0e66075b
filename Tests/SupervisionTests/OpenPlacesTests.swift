import Testing

@testable import Supervision

/// How many messages a worker asks its broker for.
@Suite struct OpenPlacesTests {
    /// No more are fetched than could start: what waits for memory is first.
    @Test func whatWaitsForMemoryTakesThePlacesOfItsPool() {
        let bench = Bench.running(4)
        #expect(bench.supervisor.openPlaces { _ in 3 } == 1)
        #expect(bench.supervisor.openPlaces { _ in 9 } == 0)
    }

    @Test func asManyAsSlotsAreFree() {
        var bench = Bench.running(3) { $0.childConcurrency = 2 }
        #expect(bench.supervisor.openPlaces() == 6)
        for expected in [5, 4, 3, 2, 1, 0] {
            _ = bench.run()
            #expect(bench.supervisor.openPlaces() == expected)
        }
    }

    @Test func noneBehindATaskThatIsNotKnownToBeQuick() {
        var bench = Bench.running()
        _ = bench.run()
        #expect(bench.supervisor.openPlaces() == 0)
    }

    /// What is asked for finds a place, if it is of the kind that runs.
    @Test func manyBehindAQuickTaskAndThenNoneUntilHalfAreGone() {
        var bench = Bench.running(tasks: [.quick])
        let (first, running) = bench.run()
        let places = bench.supervisor.openPlaces()
        #expect(places == Supervisor.mostQueued - 1)
        let waiting = (0..<places).map { _ in bench.place()!.delivery }
        #expect(bench.supervisor.openPlaces() == 0)
        var done = 0
        for delivery in [running] + waiting where bench.supervisor.openPlaces() == 0 {
            if done > 0 { bench.supervisor.taskAccepted(first, delivery.tag, now: bench.now) }
            _ = bench.report(first, delivery, Supervisor.Report(.success, runTime: 10_000))
            done += 1
        }
        #expect(done == (Supervisor.mostQueued + 1) / 2)
    }

    @Test func asManyAsAMillisecondTakes() {
        var slow = TaskProfile.plain
        for _ in 0..<8 { slow.statistics.ran(for: 300_000) }
        var bench = Bench.running(tasks: [slow])
        _ = bench.run()
        #expect(bench.supervisor.openPlaces() == 2)
    }

    @Test func withAProcessForEachTaskTheNextOnesAreFetchedWhileThoseRun() {
        var bench = Bench.running(2, tasks: [.quick, .plain]) { $0.maxTasksPerChild = 1 }
        #expect(bench.supervisor.openPlaces() == 2)
        _ = bench.run(task: 0)
        _ = bench.run(task: 0)
        #expect(bench.supervisor.openPlaces() == 2, "none is free, and both will be in no time")
        bench = Bench.running(2, tasks: [.quick, .plain]) { $0.maxTasksPerChild = 1 }
        _ = bench.run(task: 0)
        _ = bench.run(task: 1)
        #expect(bench.supervisor.openPlaces() == 0, "one of them may take long")
    }

    @Test(arguments: [(Duration.milliseconds(5), 1), (.milliseconds(500), 0)])
    func workIsFetchedForAChildThatWillBeReadyAtOnce(bootTime: Duration, places: Int) {
        var pool = PoolPolicy()
        pool.concurrency = 1
        var bench = Bench(pools: [pool])
        bench.supervisor.start(now: bench.now)
        bench.supervisor.templateBecameReady(1, now: bench.now)
        let first = bench.actions().compactMap(\.forked)[0]
        #expect(bench.supervisor.openPlaces() == 0, "nobody knows yet how long it takes")
        _ = bench.pass(bootTime)
        _ = bench.ready(first)
        #expect(bench.exit(first).compactMap(\.forked).count == 1)
        #expect(bench.supervisor.openPlaces() == places)
    }

    @Test func noneInAShutdown() {
        var bench = Bench.running(2)
        bench.supervisor.shutDown(to: .warm, now: bench.now)
        #expect(bench.supervisor.openPlaces() == 0)
    }
}
