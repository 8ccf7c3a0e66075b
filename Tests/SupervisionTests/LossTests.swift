import Testing

@testable import Supervision

/// What a child's end means for what was in it.
@Suite struct LossTests {
    @Test(arguments: [
        (ChildExit.exited(code: 0), Cause.exited(code: 0)), (.exited(code: 3), .exited(code: 3)),
        (.signalled("SIGSEGV"), .signalled(signal: "SIGSEGV")), (.signalled("SIGKILL"), .killed),
    ])
    func aLostTaskRunsAgainUntilItHasLostTooManyChildren(_ exit: ChildExit, _ cause: Cause) {
        var bench = Bench.running(tasks: [.retried { $0.maxLosses = 3 }])
        var delivery = bench.delivery()
        for losses in 1...2 {
            let id = bench.supervisor.placeAlone(task: 0, now: bench.now)!
            _ = bench.supervisor.assign(delivery, to: id, now: bench.now)
            bench.supervisor.taskAccepted(id, delivery.tag, now: bench.now)
            let before = bench.actions()
            let actions = bench.exit(id, exit)
            delivery.losses = losses
            #expect(actions.first == .giveBack(delivery))
            #expect(bench.events.contains(.attemptLost(id, delivery, cause)))
            let next = (before + actions).compactMap(\.forked).first!
            _ = bench.ready(next)
        }
        let id = bench.supervisor.placeAlone(task: 0, now: bench.now)!
        _ = bench.supervisor.assign(delivery, to: id, now: bench.now)
        bench.supervisor.taskAccepted(id, delivery.tag, now: bench.now)
        _ = bench.actions()
        guard case .finish(let finished)? = bench.exit(id, exit).first else {
            Issue.record("not finished")
            return
        }
        #expect(finished.ending == .lost(cause))
        #expect(finished.delivery.attempt == 3)
        #expect(finished.child == id)
    }

    @Test func whatHadNotStartedIsGivenBackUncountedAndInOrder() {
        var bench = Bench.running(tasks: [.quick])
        let (id, running) = bench.run()
        let (_, second) = bench.place()!
        let (_, third) = bench.place()!
        var lost = running
        lost.losses = 1
        // Each goes to the front of its queue: the last one first.
        #expect(
            bench.exit(id, .signalled("SIGSEGV")).prefix(3) == [
                .giveBack(third), .giveBack(second), .giveBack(lost),
            ])
        #expect(bench.supervisor.pools[0].occupiedSlots == 0)
    }

    @Test func onlyTheCulpritPaysForALimit() {
        var bench = Bench.running(tasks: [.limited { $0.hardTime = .seconds(5) }, .plain]) { $0.childConcurrency = 3 }
        let (id, culprit) = bench.run(task: 0)
        let (_, innocent) = bench.run(task: 1)
        _ = bench.pass(.seconds(5))
        let actions = bench.exit(id)
        #expect(actions.compactMap(\.ending) == [.lost(.hardTime(limit: .seconds(5)))])
        #expect(actions.contains(.giveBack(innocent)))
        #expect(!actions.contains(.giveBack(culprit)))
    }

    @Test func anOutcomeInThePipeOfAKilledChildCounts() {
        var bench = Bench.running(tasks: [.limited { $0.hardTime = .seconds(5) }])
        let (id, delivery) = bench.run()
        _ = bench.pass(.seconds(5))
        #expect(bench.report(id, delivery, .init(.success)).map(\.ending) == [.reported])
        #expect(bench.exit(id).compactMap(\.ending) == [])
    }

    @Test func aBrokenProtocolCountsAsALossOfWhatRan() {
        var bench = Bench.running(tasks: [.retried { $0.maxLosses = 1 }])
        let (id, _) = bench.run()
        bench.supervisor.childBrokeProtocol(id, "garbage", now: bench.now)
        #expect(bench.actions().first == .kill(id))
        #expect(bench.exit(id).compactMap(\.ending) == [.lost(.protocolViolation("garbage"))])
    }

    /// The first task is over, as its outcome says, and has broken the pipe: the next one starts before the kill.
    @Test func aBrokenProtocolIsNoLossOfATaskThatStartsAfterIt() {
        var bench = Bench.running(tasks: [.retried { $0.maxLosses = 1 }])
        let (id, delivery) = bench.place()!
        bench.supervisor.childBrokeProtocol(id, "garbage", now: bench.now)
        #expect(bench.actions().first == .kill(id))
        bench.supervisor.taskAccepted(id, delivery.tag, now: bench.now)
        #expect(bench.exit(id).contains(.giveBack(delivery)))
    }

    @Test(arguments: [
        (ChildExit.signalled("SIGKILL"), Cause.protocolViolation("it closed a pipe and lived on")),
        (.signalled("SIGSEGV"), .signalled(signal: "SIGSEGV")), (.exited(code: 4), .exited(code: 4)),
    ])
    func aChildThatClosedAPipeIsLostToItsOwnEnd(_ exit: ChildExit, _ cause: Cause) {
        var bench = Bench.running(tasks: [.retried { $0.maxLosses = 1 }])
        let (id, _) = bench.run()
        bench.supervisor.childClosedPipe(id, now: bench.now)
        #expect(bench.actions() == [], "its exit is on the way")
        #expect(bench.pass(.milliseconds(199)) == [])
        #expect(bench.pass(.milliseconds(1)).first == .kill(id))
        #expect(bench.exit(id, exit).compactMap(\.ending) == [.lost(cause)])
    }

    @Test func tasksOfALostTemplatesChildrenAreInnocent() {
        var bench = Bench.running(2)
        let (first, one) = bench.run()
        let (second, two) = bench.run()
        #expect(bench.exit(first, templateLost: true) == [.giveBack(one)], "no order to a dead template")
        #expect(bench.exit(second, templateLost: true) == [.giveBack(two)])
        #expect(bench.events.contains(.attemptLost(first, one, .templateLost)), "and the log tells why")
        bench.supervisor.templateExited(1, now: bench.now)
        #expect(bench.actions() == [.startTemplate(generation: 2)])
        bench.supervisor.templateBecameReady(2, now: bench.now)
        #expect(bench.actions().compactMap(\.forked).count == 2)
    }

    @Test func aCrashBesideTheTemplatesDeathStillCounts() {
        var bench = Bench.running()
        let (id, delivery) = bench.run()
        var lost = delivery
        lost.losses = 1
        #expect(bench.exit(id, .signalled("SIGSEGV"), templateLost: true) == [.giveBack(lost)])
    }

    @Test func anIdleChildThatDiesIsReplaced() {
        var bench = Bench.running()
        #expect(
            bench.exit(child(1), .signalled("SIGSEGV")) == [.fork(ChildID(index: 0, serial: 2), pool: 0, generation: 1)]
        )
    }
}
