import Testing

@testable import Supervision

/// The way down: warm, cold, hard.
@Suite struct ShutdownTests {
    @Test func aWarmShutdownLetsRunningTasksFinish() {
        var bench = Bench.running(2)
        let (busy, delivery) = bench.run()
        bench.supervisor.shutDown(to: .warm, now: bench.now)
        #expect(bench.actions() == [.stop(child(2))])
        #expect(bench.supervisor.place(task: 0) == nil)
        #expect(bench.exit(child(2), .exited(code: 0)) == [])
        #expect(bench.report(busy, delivery, .init(.success)).dropFirst() == [.stop(busy)])
        #expect(bench.exit(busy, .exited(code: 0)) == [.stopTemplate(generation: 1)])
        bench.supervisor.templateExited(1, now: bench.now)
        #expect(bench.actions() == [.exit(.finished)])
        #expect(bench.pass(.seconds(100)) == [])
    }

    @Test func eachStepFollowsWhenTheGraceIsOver() {
        var bench = Bench.running()
        let (id, delivery) = bench.run()
        bench.supervisor.shutDown(to: .warm, now: bench.now)
        #expect(bench.pass(.seconds(29)) == [])
        #expect(bench.supervisor.nextWake == bench.now + .seconds(1))
        #expect(bench.pass(.seconds(1)) == [.notify(id, delivery.tag, .shutdown)])
        #expect(bench.supervisor.ladder.stage == .cold)
        #expect(bench.pass(.seconds(5)) == [.kill(id)])
        #expect(bench.exit(id) == [.giveBack(delivery), .stopTemplate(generation: 1)])
    }

    @Test(arguments: [
        (Supervisor.Report(.failure, wasCancelled: true), true), (Supervisor.Report(.retry), true),
        (Supervisor.Report(.success), false), (Supervisor.Report(.failure), false),
        (Supervisor.Report(.rejected), false),
    ])
    func whatGivesUpInAColdShutdownGoesBackUncounted(_ report: Supervisor.Report, goesBack: Bool) {
        var bench = Bench.running()
        let (id, delivery) = bench.run()
        bench.supervisor.shutDown(to: .cold, now: bench.now)
        #expect(bench.actions() == [.notify(id, delivery.tag, .shutdown)])
        let actions = bench.report(id, delivery, report)
        if goesBack {
            #expect(actions.first == .giveBack(delivery))
        } else {
            #expect(actions.first?.ending == .reported)
        }
    }

    @Test func aTaskThatStartsDuringAColdShutdownIsTold() {
        var bench = Bench.running()
        let (id, delivery) = bench.place()!
        bench.supervisor.shutDown(to: .cold, now: bench.now)
        #expect(bench.actions() == [])
        bench.supervisor.taskAccepted(id, delivery.tag, now: bench.now)
        #expect(bench.actions() == [.notify(id, delivery.tag, .shutdown)])
    }

    @Test func aHardShutdownKillsAtOnceAndCountsNothing() {
        var bench = Bench.running(2)
        let (id, delivery) = bench.run()
        let (other, waiting) = bench.place()!
        bench.supervisor.shutDown(to: .hard, now: bench.now)
        #expect(bench.actions() == [.kill(id), .kill(other)])
        #expect(bench.exit(id) == [.giveBack(delivery)])
        #expect(bench.exit(other) == [.giveBack(waiting), .stopTemplate(generation: 1)])
    }

    @Test func requestsEscalateAndNeverGoBack() {
        var bench = Bench.running()
        let (id, delivery) = bench.run()
        bench.supervisor.escalateShutdown(now: bench.now)
        #expect(bench.supervisor.ladder.stage == .warm)
        bench.supervisor.escalateShutdown(now: bench.now)
        #expect(bench.actions() == [.notify(id, delivery.tag, .shutdown)])
        bench.supervisor.shutDown(to: .warm, now: bench.now)
        #expect(bench.supervisor.ladder.stage == .cold)
        bench.supervisor.escalateShutdown(now: bench.now)
        #expect(bench.actions() == [.kill(id)])
        bench.supervisor.escalateShutdown(now: bench.now)
        #expect(bench.actions() == [])
    }

    @Test func startingChildrenAreNotWaitedFor() {
        var bench = Bench(pools: [PoolPolicy()])
        bench.supervisor.start(now: bench.now)
        bench.supervisor.templateBecameReady(1, now: bench.now)
        _ = bench.actions()
        bench.supervisor.shutDown(to: .warm, now: bench.now)
        #expect(bench.actions() == [.kill(child(1))])
        #expect(bench.exit(child(1)) == [.stopTemplate(generation: 1)])
    }

    @Test func aRefusalToBootDuringAShutdownHurriesNobody() {
        var bench = Bench.running(2)
        _ = bench.run()
        let starting = bench.exit(child(2)).compactMap(\.forked)[0]
        bench.supervisor.shutDown(to: .warm, now: bench.now)
        bench.supervisor.childRefusedToBoot(starting, reason: "late", now: bench.now)
        #expect(bench.actions() == [.kill(starting)])
        #expect(bench.supervisor.ladder.stage == .warm)
    }

    @Test func aWorkerWithoutATemplateEndsAtOnce() {
        var bench = Bench(pools: [PoolPolicy()])
        bench.supervisor.start(now: bench.now)
        bench.supervisor.templateExited(1, now: bench.now)
        _ = bench.actions()
        bench.supervisor.shutDown(to: .warm, now: bench.now)
        #expect(bench.actions() == [.exit(.finished)])
        #expect(bench.pass(.seconds(100)) == [], "and starts no other template")
    }

    @Test func aTemplateThatIsStartingIsStopped() {
        var bench = Bench(pools: [PoolPolicy()])
        bench.supervisor.start(now: bench.now)
        _ = bench.actions()
        bench.supervisor.shutDown(to: .warm, now: bench.now)
        #expect(bench.actions() == [.stopTemplate(generation: 1)])
        bench.supervisor.templateBecameReady(1, now: bench.now)
        #expect(bench.actions() == [])
        bench.supervisor.templateExited(1, now: bench.now)
        #expect(bench.actions() == [.exit(.finished)])
    }

    @Test func aTemplateThatHangsDoesNotHoldUpTheEnd() {
        var bench = Bench.running()
        bench.supervisor.shutDown(to: .hard, now: bench.now)
        _ = bench.exit(child(1), .exited(code: 0))
        #expect(bench.pass(.seconds(5)) == [.killTemplate(generation: 1)])
        bench.supervisor.templateExited(1, now: bench.now)
        #expect(bench.actions() == [.exit(.finished)])
    }

    @Test func nothingIsReplacedReloadedOrForkedOnTheWayDown() {
        var bench = Bench.running(2)
        let (id, delivery) = bench.run()
        bench.supervisor.shutDown(to: .warm, now: bench.now)
        _ = bench.actions()
        bench.supervisor.reload(now: bench.now)
        bench.supervisor.resize(pool: 0, by: 3, now: bench.now)
        #expect(bench.actions() == [])
        #expect(bench.exit(child(2)) == [])
        var lost = delivery
        lost.losses = 1
        #expect(bench.exit(id, .signalled("SIGSEGV")) == [.giveBack(lost), .stopTemplate(generation: 1)])
    }

    @Test func aPendingForkDoesNotKeepAStoppingWorkerAwake() {
        var bench = Bench.running(2)
        _ = bench.run()
        _ = bench.exit(child(2))
        bench.supervisor.spawnFailed(child(2).successor(3), reason: "EAGAIN", now: bench.now)
        bench.supervisor.shutDown(to: .warm, now: bench.now)
        _ = bench.pass(.seconds(1))
        #expect(bench.supervisor.nextWake > bench.now)
    }

    @Test func aChildThatDoesNotExitIsKilled() {
        var bench = Bench.running()
        bench.supervisor.shutDown(to: .warm, now: bench.now)
        #expect(bench.actions() == [.stop(child(1))])
        #expect(bench.pass(.seconds(2)) == [.kill(child(1))])
    }
}
