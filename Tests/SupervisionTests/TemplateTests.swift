import Testing

@testable import Supervision

/// Templates: loss, failure, reload.
@Suite struct TemplateTests {
    @Test func aTemplateThatDiesBeforeItIsReadyIsTriedAgainThenTheWorkerStops() {
        var bench = Bench(pools: [PoolPolicy()])
        bench.supervisor.start(now: bench.now)
        _ = bench.actions()
        for (generation, wait) in zip(1..., [100, 200, 400, 800] as [Int64]) {
            bench.supervisor.templateExited(generation, now: bench.now)
            #expect(bench.actions() == [])
            #expect(bench.pass(.milliseconds(wait - 1)) == [])
            #expect(bench.pass(.milliseconds(1)) == [.startTemplate(generation: generation + 1)])
        }
        bench.supervisor.templateExited(5, now: bench.now)
        #expect(bench.actions() == [.exit(.templateFailed("5 in a row died before they were ready"))])
    }

    @Test func aTemplateThatSaysItCannotStartStopsTheWorker() {
        var bench = Bench(pools: [PoolPolicy()])
        bench.supervisor.start(now: bench.now)
        _ = bench.actions()
        bench.supervisor.templateFailed(1, reason: "two threads", now: bench.now)
        #expect(bench.actions() == [.stopTemplate(generation: 1)])
        bench.supervisor.templateExited(1, now: bench.now)
        #expect(bench.actions() == [.exit(.templateFailed("two threads"))], "not before its process is gone")
    }

    @Test func aTemplateThatHangsIsStoppedThenKilled() {
        var bench = Bench(pools: [PoolPolicy()])
        bench.supervisor.start(now: bench.now)
        _ = bench.actions()
        #expect(bench.supervisor.nextWake == bench.now + .seconds(10))
        #expect(bench.pass(.seconds(10)) == [.stopTemplate(generation: 1)])
        #expect(bench.pass(.seconds(5)) == [.killTemplate(generation: 1)])
        #expect(bench.pass(.seconds(10)) == [])
        bench.supervisor.templateExited(1, now: bench.now)
        #expect(bench.actions() == [.exit(.templateFailed("not ready within 10s"))])
    }

    @Test func aReadyTemplateThatIsLostIsReplacedAtOnce() {
        var bench = Bench.running()
        _ = bench.exit(child(1), templateLost: true)
        bench.supervisor.templateExited(1, now: bench.now)
        #expect(bench.actions() == [.startTemplate(generation: 2)])
        #expect(bench.events.contains(.templateLost(generation: 1)))
        bench.supervisor.templateExited(1, now: bench.now)
        #expect(bench.actions() == [])
    }

    @Test func aTemplateThatDoesNotExitIsKilled() {
        var bench = Bench.running()
        bench.supervisor.reload(now: bench.now)
        _ = bench.actions()
        #expect(bench.pass(.seconds(10)) == [.stopTemplate(generation: 2)], "it hangs in its preload")
        #expect(bench.pass(.milliseconds(4_999)) == [])
        #expect(bench.pass(.milliseconds(1)) == [.killTemplate(generation: 2)])
        #expect(bench.pass(.seconds(60)) == [])
        bench.supervisor.templateExited(2, now: bench.now)
        #expect(bench.actions() == [])
    }

    @Test func aTemplateThatDoesNotReapIsKilled() {
        var bench = Bench.running()
        bench.supervisor.childBrokeProtocol(child(1), "x", now: bench.now)
        #expect(bench.actions().first == .kill(child(1)))
        _ = bench.ready(child(2))
        #expect(bench.pass(.seconds(10)) == [.killTemplate(generation: 1)])
        _ = bench.exit(child(1), templateLost: true)
        _ = bench.exit(child(2), templateLost: true)
        bench.supervisor.templateExited(1, now: bench.now)
        #expect(bench.actions() == [.startTemplate(generation: 2)])
    }

    // MARK: Reload

    /// A worker of two children whose second template has just become ready.
    static func reloading() -> Bench {
        var bench = Bench.running(2)
        bench.supervisor.reload(now: bench.now)
        #expect(bench.actions() == [.startTemplate(generation: 2)])
        bench.supervisor.templateBecameReady(2, now: bench.now)
        #expect(bench.actions() == [.fork(child(3), pool: 0, generation: 2)])
        return bench
    }

    @Test func aReloadReplacesChildrenOneByOneThenStopsTheOldTemplate() {
        var bench = Self.reloading()
        #expect(bench.supervisor.place(task: 0) != nil, "no pause")
        #expect(bench.ready(child(3)) == [.stop(child(1))])
        let fourth = ChildID(index: 0, serial: 4)
        #expect(bench.exit(child(1), .exited(code: 0)) == [.fork(fourth, pool: 0, generation: 2)])
        #expect(bench.ready(fourth) == [.stop(child(2))])
        #expect(bench.exit(child(2), .exited(code: 0)) == [.stopTemplate(generation: 1)])
        bench.supervisor.templateExited(1, now: bench.now)
        #expect(bench.actions() == [])
    }

    @Test func aChildThatBootsDuringAReloadIsReplacedToo() {
        var bench = Bench(pools: [PoolPolicy()])
        bench.supervisor.start(now: bench.now)
        bench.supervisor.templateBecameReady(1, now: bench.now)
        bench.supervisor.reload(now: bench.now)
        bench.supervisor.templateBecameReady(2, now: bench.now)
        _ = bench.actions()
        let forked = bench.ready(child(1)).compactMap(\.forked)
        #expect(forked == [child(2)])
        #expect(bench.ready(child(2)) == [.stop(child(1))])
        #expect(bench.exit(child(1), .exited(code: 0)) == [.stopTemplate(generation: 1)])
    }

    @Test func aReloadWhoseTemplateFailsChangesNothing() {
        var bench = Bench.running(2)
        bench.supervisor.reload(now: bench.now)
        _ = bench.actions()
        bench.supervisor.templateFailed(2, reason: "bad", now: bench.now)
        #expect(bench.actions() == [.stopTemplate(generation: 2)])
        bench.supervisor.templateExited(2, now: bench.now)
        #expect(bench.actions() == [])
        #expect(bench.supervisor.place(task: 0) == child(1))
        #expect(bench.exit(child(1)).compactMap(\.forked).count == 1, "from the old one")
    }

    @Test func aReloadWhoseTemplateHangsIsGivenUp() {
        var bench = Bench.running()
        bench.supervisor.reload(now: bench.now)
        _ = bench.actions()
        #expect(bench.pass(.seconds(10)) == [.stopTemplate(generation: 2)])
        bench.supervisor.templateBecameReady(2, now: bench.now)
        #expect(bench.actions() == [], "too late")
    }

    @Test func aReloadWhoseChildrenRefuseToBootIsGivenUp() {
        var bench = Self.reloading()
        bench.supervisor.childRefusedToBoot(child(3), reason: "bad", now: bench.now)
        let actions = bench.actions()
        #expect(actions.contains(.kill(child(3))))
        #expect(actions.contains(.stopTemplate(generation: 2)))
        _ = bench.exit(child(3), .exited(code: 70))
        #expect(bench.supervisor.ladder.stage == .running)
        #expect(bench.state(child(1)) == .idle)
        #expect(bench.supervisor.children.compactMap { $0 }.allSatisfy { $0.recycling == nil && $0.generation == 1 })
    }

    @Test func aTemplateThatDiesWhileAnotherLeavesIsReplaced() {
        var bench = Self.reloading()
        _ = bench.ready(child(3))
        _ = bench.exit(child(1), .exited(code: 0))
        _ = bench.ready(ChildID(index: 0, serial: 4))
        #expect(bench.exit(child(2), .exited(code: 0)) == [.stopTemplate(generation: 1)])
        // The old one has not gone yet when the new one dies.
        _ = bench.exit(child(3), templateLost: true)
        _ = bench.exit(ChildID(index: 0, serial: 4), templateLost: true)
        bench.supervisor.templateExited(2, now: bench.now)
        #expect(bench.actions() == [.startTemplate(generation: 3)])
        bench.supervisor.templateExited(1, now: bench.now)
        bench.supervisor.templateBecameReady(3, now: bench.now)
        #expect(bench.actions().compactMap(\.forked).count == 2)
    }

    @Test func theOnlyTemplateThatDiesWhileAFailedOneLeavesIsReplaced() {
        var bench = Bench.running()
        bench.supervisor.reload(now: bench.now)
        _ = bench.actions()
        bench.supervisor.templateFailed(2, reason: "bad", now: bench.now)
        #expect(bench.actions() == [.stopTemplate(generation: 2)])
        _ = bench.exit(child(1), templateLost: true)
        bench.supervisor.templateExited(1, now: bench.now)
        #expect(bench.actions() == [.startTemplate(generation: 3)])
        bench.supervisor.templateFailed(2, reason: "again", now: bench.now)
        #expect(bench.actions() == [], "that one has been given up")
        // It dies before it is ready, and the failed one has still not left.
        bench.supervisor.templateExited(3, now: bench.now)
        #expect(bench.pass(.milliseconds(200)) == [.startTemplate(generation: 4)], "the second in a row")
    }

    @Test func templatesThatDieAsSoonAsTheyAreReadyStopTheWorker() {
        var bench = Bench.running()
        for (generation, wait) in zip(1..., [0, 200, 400, 800] as [Int64]) {
            _ = bench.exit(ChildID(index: 0, serial: UInt64(generation)), templateLost: true)
            bench.supervisor.templateExited(generation, now: bench.now)
            let next = [SupervisorAction.startTemplate(generation: generation + 1)]
            if wait == 0 {
                #expect(bench.actions() == next)
            } else {
                #expect(bench.actions() == [])
                #expect(bench.pass(.milliseconds(wait - 1)) == [])
                #expect(bench.pass(.milliseconds(1)) == next)
            }
            bench.supervisor.templateBecameReady(generation + 1, now: bench.now)
            _ = bench.actions().compactMap(\.forked).map { bench.ready($0) }
        }
        _ = bench.exit(ChildID(index: 0, serial: 5), templateLost: true)
        bench.supervisor.templateExited(5, now: bench.now)
        #expect(bench.actions() == [.exit(.templateFailed("5 in a row died before any task had ended"))])
    }

    @Test(arguments: [true, false]) func aTemplateThatWasGoodForSomethingIsNoneOfARow(byTime: Bool) {
        var bench = Bench.running()
        for generation in 1...20 {
            let child = bench.supervisor.children.compactMap { $0?.id }[0]
            if byTime {
                _ = bench.pass(.seconds(10))
            } else {
                let (_, delivery) = bench.run()
                _ = bench.report(child, delivery, .init(.success))
            }
            _ = bench.exit(child, templateLost: true)
            bench.supervisor.templateExited(generation, now: bench.now)
            #expect(bench.actions() == [.startTemplate(generation: generation + 1)], "at once")
            bench.supervisor.templateBecameReady(generation + 1, now: bench.now)
            _ = bench.actions().compactMap(\.forked).map { bench.ready($0) }
        }
    }

    @Test func aNewTemplateThatDiesDuringAReloadIsStartedAgainBesideTheOld() {
        var bench = Self.reloading()
        #expect(bench.exit(child(3), templateLost: true) == [.fork(child(3).successor(4), pool: 0, generation: 1)])
        bench.supervisor.templateExited(2, now: bench.now)
        #expect(bench.actions() == [.startTemplate(generation: 3)])
        #expect(bench.supervisor.place(task: 0) != nil)
    }

    @Test func theOldTemplatesDeathDuringAReloadNeedsNoThird() {
        var bench = Self.reloading()
        #expect(bench.exit(child(1), templateLost: true).first == .fork(child(1).successor(4), pool: 0, generation: 2))
        _ = bench.exit(child(2), templateLost: true)
        bench.supervisor.templateExited(1, now: bench.now)
        #expect(!bench.actions().contains { if case .startTemplate = $0 { true } else { false } })
    }

    @Test func newPoliciesAndProfilesKeepWhatIsKnown() {
        var bench = Bench.running(tasks: [.quick])
        var policy = PoolPolicy()
        policy.concurrency = 2
        bench.supervisor.apply(pools: [policy], tasks: [.limited { $0.hardTime = .seconds(1) }])
        #expect(bench.supervisor.tasks[0].limits.hardTime == .seconds(1))
        #expect(bench.supervisor.tasks[0].statistics.mayQueue)
        #expect(bench.pass(.seconds(1)) == [.fork(child(2), pool: 0, generation: 1)])
    }
}

extension ChildID {
    /// A later child in the same place.
    func successor(_ serial: UInt64) -> ChildID { ChildID(index: self.index, serial: serial) }
}
