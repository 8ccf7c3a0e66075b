import Testing

@testable import Supervision

/// Each pool at its size: forks, failures, recycling, resizing.
@Suite struct PoolTests {
    // MARK: Start

    @Test func childrenAreForkedOnceTheTemplateIsReady() {
        var policy = PoolPolicy()
        policy.concurrency = 3
        var bench = Bench(pools: [policy])
        bench.supervisor.start(now: bench.now)
        #expect(bench.actions() == [.startTemplate(generation: 1)])
        #expect(bench.pass(.seconds(1)) == [])
        bench.supervisor.templateBecameReady(1, now: bench.now)
        #expect(bench.actions() == (1...3).map { .fork(child($0), pool: 0, generation: 1) })
        #expect(bench.supervisor.place(task: 0) == nil)
        #expect(bench.ready(child(2)) == [])
        #expect(bench.supervisor.place(task: 0) == child(2))
    }

    // MARK: Failures

    @Test func aFailedForkIsTriedAgainLaterEachTime() {
        var bench = Bench(pools: [PoolPolicy()])
        bench.supervisor.start(now: bench.now)
        bench.supervisor.templateBecameReady(1, now: bench.now)
        var id = bench.actions().compactMap(\.forked)[0]
        for wait in [100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000] as [Int64] {
            bench.supervisor.spawnFailed(id, reason: "EAGAIN", now: bench.now)
            #expect(bench.actions() == [])
            #expect(bench.supervisor.nextWake == bench.now + .milliseconds(wait))
            #expect(bench.pass(.milliseconds(wait - 1)) == [])
            let forked = bench.pass(.milliseconds(1)).compactMap(\.forked)
            #expect(forked.count == 1)
            id = forked[0]
        }
        _ = bench.ready(id)
        _ = bench.exit(id)
        id = ChildID(index: 0, serial: id.serial + 1)
        bench.supervisor.spawnFailed(id, reason: "EAGAIN", now: bench.now)
        #expect(bench.supervisor.nextWake == bench.now + .milliseconds(100), "a success resets the wait")
    }

    @Test(arguments: [
        (ChildExit.exited(code: 9), "exited with code 9 before it was ready"),
        (.signalled("SIGILL"), "ended by SIGILL before it was ready"),
    ])
    func childrenThatDieBeforeTheyAreReadyStopTheWorkerInTheEnd(_ exit: ChildExit, _ reason: String) {
        var bench = Bench(pools: [PoolPolicy()])
        bench.supervisor.start(now: bench.now)
        bench.supervisor.templateBecameReady(1, now: bench.now)
        var id = bench.actions().compactMap(\.forked)[0]
        for wait in [100, 200, 400, 800] as [Int64] {
            #expect(bench.exit(id, exit) == [])
            #expect(bench.events.last == .childBootFailed(id, reason: reason, wait: .milliseconds(wait)))
            id = bench.pass(.milliseconds(wait)).compactMap(\.forked)[0]
        }
        #expect(bench.exit(id, exit) == [.stopTemplate(generation: 1)])
        bench.supervisor.templateExited(1, now: bench.now)
        #expect(
            bench.actions() == [
                .exit(.bootFailed("5 times children died before they were ready; the last: \(reason)"))
            ])
    }

    @Test func childrenThatDieBeforeTheyBeginATaskStopTheWorkerInTheEnd() {
        var bench = Bench.running()
        for wait in [0, 200, 400, 800] as [Int64] {
            let (id, delivery) = bench.place()!
            let actions = bench.exit(id, .exited(code: 80))
            #expect(actions.contains(.giveBack(delivery)))
            #expect((actions.compactMap(\.forked).count == 1) == (wait == 0), "the first is replaced at once")
            let forked = (actions + bench.pass(.milliseconds(wait))).compactMap(\.forked)
            _ = bench.ready(forked[0])
        }
        let (id, _) = bench.place()!
        #expect(bench.exit(id, .exited(code: 80)).contains(.stopTemplate(generation: 1)))
        bench.supervisor.templateExited(1, now: bench.now)
        let reason = "exited with code 80 before it began a task"
        #expect(
            bench.actions() == [
                .exit(.bootFailed("5 times children died before they began a task; the last: \(reason)"))
            ])
    }

    @Test func aTaskThatBeginsEndsARowOfThoseThatDidNot() {
        var bench = Bench.running()
        for _ in 0..<20 {
            let (first, _) = bench.place()!
            let next = bench.exit(first, .signalled("SIGKILL")).compactMap(\.forked)
            #expect(next.count == 1, "at once")
            _ = bench.ready(next[0])
            let (second, delivery) = bench.run()
            _ = bench.report(second, delivery, .init(.success))
        }
    }

    @Test func aChildThatIsNotReadyInTimeIsKilledAndCounted() {
        var bench = Bench(pools: [PoolPolicy()])
        bench.supervisor.start(now: bench.now)
        bench.supervisor.templateBecameReady(1, now: bench.now)
        _ = bench.actions()
        let actions = bench.pass(.seconds(10))
        #expect(actions.first == .kill(child(1)))
        _ = bench.exit(child(1))
        #expect(
            bench.events.contains(.childBootFailed(child(1), reason: "not ready within 10s", wait: .milliseconds(100))))
    }

    @Test func garbageFromAStartingChildIsABootFailureToo() {
        var bench = Bench(pools: [PoolPolicy()])
        bench.supervisor.start(now: bench.now)
        bench.supervisor.templateBecameReady(1, now: bench.now)
        var next = bench.actions().compactMap(\.forked)
        var rounds = 0
        // A replacement is ordered as soon as the child is killed; the failures are counted as they are reaped.
        while let id = next.popLast(), rounds < 50 {
            rounds += 1
            bench.supervisor.childBrokeProtocol(id, "garbage", now: bench.now)
            next += bench.actions().compactMap(\.forked)
            next += bench.exit(id).compactMap(\.forked)
            if next.isEmpty { next = bench.pass(.seconds(10)).compactMap(\.forked) }
        }
        #expect(bench.supervisor.ladder.stage == .hard)
        #expect(rounds <= 2 * Supervisor.mostBootFailures)
    }

    @Test func aChildThatRefusesToBootStopsTheWorkerAtOnce() {
        var bench = Bench(pools: [PoolPolicy()])
        bench.supervisor.start(now: bench.now)
        bench.supervisor.templateBecameReady(1, now: bench.now)
        _ = bench.actions()
        bench.supervisor.childRefusedToBoot(child(1), reason: "no licence", now: bench.now)
        #expect(bench.actions().first == .kill(child(1)))
        #expect(bench.exit(child(1), .exited(code: 70)) == [.stopTemplate(generation: 1)])
        bench.supervisor.templateExited(1, now: bench.now)
        #expect(bench.actions() == [.exit(.bootFailed("no licence"))])
    }

    @Test func aBootedChildThatClaimsItCannotBootEndsAlone() {
        var bench = Bench.running(2)
        let (id, _) = bench.run()
        bench.supervisor.childRefusedToBoot(id, reason: "a task wrote this", now: bench.now)
        #expect(bench.actions().first == .kill(id))
        #expect(bench.supervisor.ladder.stage == .running)
        #expect(bench.state(child(2)) == .idle)
    }

    @Test func aSecondReadyFrameEndsTheChild() {
        var bench = Bench.running()
        #expect(bench.ready(child(1)).first == .kill(child(1)))
    }

    @Test func waitsForAForkDoNotSpinWithoutATemplate() {
        var bench = Bench.running()
        _ = bench.exit(child(1))
        bench.supervisor.spawnFailed(ChildID(index: 0, serial: 2), reason: "EAGAIN", now: bench.now)
        bench.supervisor.templateExited(1, now: bench.now)
        _ = bench.pass(.milliseconds(100))
        #expect(bench.supervisor.nextWake > bench.now)
        bench.supervisor.templateBecameReady(2, now: bench.now)
        #expect(bench.actions().compactMap(\.forked).count == 1)
    }

    // MARK: Recycling

    @Test func aChildTakesNoMoreThanItsTasksAndATenthLess() {
        var counts: Set<Int> = []
        for seed in 0..<60 {
            var policy = PoolPolicy()
            policy.maxTasksPerChild = 20
            var bench = Bench(pools: [policy], seed: UInt64(seed))
            bench.supervisor.start(now: bench.now)
            bench.supervisor.templateBecameReady(1, now: bench.now)
            _ = bench.actions()
            _ = bench.ready(child(1))
            var taken = 0
            while bench.state(child(1)) == .idle {
                let (id, delivery) = bench.run()
                taken += 1
                _ = bench.report(id, delivery, .init(.success))
            }
            counts.insert(taken)
        }
        #expect(counts == [18, 19, 20])
    }

    @Test func theReplacementIsForkedWithTheLastTaskAndTheChildLeavesByItself() {
        var bench = Bench.running { $0.maxTasksPerChild = 2 }
        let (first, one) = bench.run()
        _ = bench.report(first, one, .init(.success))
        let (id, delivery) = bench.run()
        #expect(bench.actions() == [.fork(child(2), pool: 0, generation: 1)])
        #expect(bench.events.contains(.childRecycled(id, .maxTasks, tasks: 2)))
        #expect(bench.report(id, delivery, .init(.success)).map(\.ending) == [.reported], "no stop: it knows")
        #expect(bench.state(id) == .stopping(until: bench.now + .seconds(2)))
        #expect(bench.pass(.seconds(2)) == [.kill(id)], "but it must go")
        #expect(bench.exit(id) == [])
    }

    @Test func aFreshProcessPerTaskKeepsItsPoolBusy() {
        var bench = Bench.running(2) { $0.maxTasksPerChild = 1 }
        var finished = 0
        var starting: [ChildID] = []
        for _ in 0..<100 {
            while let (id, delivery) = bench.place() {
                starting += bench.actions().compactMap(\.forked)
                bench.supervisor.taskAccepted(id, delivery.tag, now: bench.now)
                finished += bench.report(id, delivery, .init(.success)).compactMap(\.ending).count
                starting += bench.exit(id, .exited(code: 0)).compactMap(\.forked)
                #expect(bench.supervisor.children.compactMap { $0 }.count <= 4)
            }
            for id in starting { _ = bench.ready(id) }
            starting = []
        }
        #expect(finished == 200)
        #expect(bench.events.allSatisfy { if case .childRecycled = $0 { false } else { true } }, "too common to log")
    }

    @Test func anOldChildStaysUntilItsReplacementIsReady() {
        var bench = Bench.running(2) { $0.maxChildAge = .seconds(60) }
        _ = bench.pass(.zero)
        #expect(bench.supervisor.nextWake == bench.now + .seconds(60))
        #expect(bench.pass(.seconds(60)) == [.fork(child(3), pool: 0, generation: 1)], "one at a time")
        #expect(bench.supervisor.place(task: 0) == child(1))
        #expect(bench.ready(child(3)) == [.stop(child(1))])
        #expect(bench.exit(child(1), .exited(code: 0)) == [.fork(ChildID(index: 0, serial: 4), pool: 0, generation: 1)])
        #expect(bench.ready(ChildID(index: 0, serial: 4)) == [.stop(child(2))])
        #expect(bench.exit(child(2), .exited(code: 0)) == [])
        #expect(bench.supervisor.children.compactMap { $0 }.count == 2)
        #expect(bench.supervisor.nextWake > bench.now)
    }

    @Test func aBusyOldChildFinishesFirst() {
        var bench = Bench.running { $0.maxChildAge = .seconds(60) }
        let (id, delivery) = bench.run()
        _ = bench.pass(.seconds(60))
        #expect(bench.ready(child(2)) == [])
        #expect(bench.state(id) == .draining)
        #expect(bench.report(id, delivery, .init(.success)).dropFirst() == [.stop(id)])
    }

    @Test(arguments: [1, 2, 9, 10, 30])
    func noMoreThanATenthOfThePoolIsReplacedAtATime(concurrency: Int) {
        var bench = Bench.running(concurrency) { $0.maxChildAge = .seconds(60) }
        let surge = max(1, concurrency / 10)
        var forked = bench.pass(.seconds(60)).compactMap(\.forked)
        #expect(forked.count == surge)
        var replaced = 0
        while let id = forked.popLast() {
            let live = bench.supervisor.children.compactMap { $0 }.count
            #expect(live <= concurrency + surge)
            for case .stop(let old) in bench.ready(id) {
                forked += bench.exit(old, .exited(code: 0)).compactMap(\.forked)
            }
            replaced += 1
        }
        #expect(replaced == concurrency)
    }

    @Test func aChildThatGrewIsReplaced() {
        var bench = Bench.running { $0.maxChildGrowth = .mebibytes(100) }
        let (id, delivery) = bench.run()
        let actions = bench.report(id, delivery, .init(.success))
        #expect(actions.last == .measure(id, confirmAbove: 100 << 20))
        bench.supervisor.childMeasured(
            id, TreeUsage(memoryGrowth: 100 << 20, cpuNanoseconds: 0, descendants: 0), now: bench.now)
        #expect(bench.actions() == [])
        bench.supervisor.childMeasured(
            id, TreeUsage(memoryGrowth: 101 << 20, cpuNanoseconds: 0, descendants: 0), now: bench.now)
        #expect(bench.actions() == [.fork(child(2), pool: 0, generation: 1)])
        #expect(bench.ready(child(2)) == [.stop(id)])
        #expect(bench.events.contains(.childRecycled(id, .growth, tasks: 1)))
    }

    @Test func quickTasksDoNotMeasureTheirChildEachTime() {
        var bench = Bench.running { $0.maxChildGrowth = .mebibytes(100) }
        var measurements = 0
        for _ in 0..<100 {
            let (id, delivery) = bench.run()
            measurements += bench.report(id, delivery, .init(.success)).count {
                $0 == .measure(id, confirmAbove: 100 << 20)
            }
            _ = bench.pass(.milliseconds(2))
        }
        #expect(measurements == 2)
    }

    @Test func aChildWithLeftoversIsNotUsedAgain() {
        var bench = Bench.running()
        let (id, delivery) = bench.run()
        #expect(
            bench.report(id, delivery, .init(.success, leftovers: 1)).dropFirst() == [
                .kill(id), .fork(child(2), pool: 0, generation: 1),
            ])
        #expect(bench.events.contains(.childRecycled(id, .leftovers, tasks: 1)))
        #expect(bench.exit(id) == [])
    }

    @Test func leftoversOfOneAsyncTaskLetTheOthersFinish() {
        var bench = Bench.running { $0.childConcurrency = 2 }
        let (id, first) = bench.run()
        let (_, second) = bench.run()
        #expect(
            bench.report(id, first, .init(.success, leftovers: 1)).dropFirst() == [
                .fork(child(2), pool: 0, generation: 1)
            ])
        #expect(bench.state(id) == .draining)
        #expect(bench.report(id, second, .init(.success)).dropFirst() == [.stop(id)])
    }

    @Test func aTaintedChildGivesBackWhatWaitsInIt() {
        var quick = TaskProfile.quick
        quick.limits.softTime = .seconds(1)
        var bench = Bench.running(tasks: [quick])
        let (id, first) = bench.run()
        let (_, second) = bench.place()!
        _ = bench.pass(.seconds(1))
        #expect(bench.report(id, first, .init(.success)).contains(.kill(id)))
        #expect(bench.exit(id) == [.giveBack(second)])
    }

    // MARK: Resizing

    @Test func aPoolGrowsAtOnceAndShrinksIdleChildrenFirst() {
        var bench = Bench.running(2)
        let (busy, delivery) = bench.run()
        bench.supervisor.resize(pool: 0, by: 1, now: bench.now)
        #expect(bench.actions() == [.fork(child(3), pool: 0, generation: 1)])
        _ = bench.ready(child(3))
        bench.supervisor.resize(pool: 0, by: -2, now: bench.now)
        #expect(bench.actions() == [.stop(child(2)), .stop(child(3))])
        bench.supervisor.resize(pool: 0, by: -5, now: bench.now)
        #expect(bench.supervisor.pools[0].policy.concurrency == 1, "one stays")
        #expect(bench.report(busy, delivery, .init(.success)).map(\.ending) == [.reported])
        #expect(bench.exit(child(2), .exited(code: 0)) == [])
        #expect(bench.exit(child(3), .exited(code: 0)) == [])
        #expect(bench.state(busy) == .idle)
    }

    @Test func aPoolThatShrinksWhileItWaitsForAForkShrinksAtOnce() {
        var bench = Bench.running(3)
        _ = bench.exit(child(3))
        bench.supervisor.spawnFailed(ChildID(index: 2, serial: 4), reason: "EAGAIN", now: bench.now)
        bench.supervisor.resize(pool: 0, by: -2, now: bench.now)
        #expect(bench.actions() == [.stop(child(1))])
    }
}
