import Testing

@testable import Supervision

/// Deliveries to children, limits, reports.
@Suite struct TaskFlowTests {
    // MARK: Placing

    @Test func aFreeChildTakesADeliveryAndABusyOneDoesNot() {
        var bench = Bench.running(2)
        let first = bench.place()!
        let second = bench.place()!
        #expect(first.child == child(1))
        #expect(second.child == child(2))
        #expect(bench.supervisor.pools[0].occupiedSlots == 2)
        #expect(bench.supervisor.place(task: 0) == nil)
        #expect(bench.supervisor.deliveriesInChildren == 2)
        bench.supervisor.taskAccepted(first.child, first.delivery.tag, now: bench.now)
        #expect(bench.report(first.child, first.delivery, .init(.success)).map(\.ending) == [.reported])
        #expect(bench.supervisor.place(task: 0) == child(1))
        #expect(bench.supervisor.pools[0].occupiedSlots == 1)
    }

    @Test func aPoolGetsOnlyItsOwnTasks() {
        var other = TaskProfile.plain
        other.pool = 1
        var bench = Bench(pools: [PoolPolicy(), PoolPolicy()], tasks: [.plain, other])
        bench.supervisor.start(now: bench.now)
        bench.supervisor.templateBecameReady(1, now: bench.now)
        #expect(
            bench.actions() == [
                .startTemplate(generation: 1), .fork(child(1), pool: 0, generation: 1),
                .fork(child(2), pool: 1, generation: 1),
            ])
        _ = bench.ready(child(2))
        #expect(bench.supervisor.place(task: 0) == nil)
        #expect(bench.supervisor.place(task: 1) == child(2))
    }

    @Test func asyncTasksGoToTheChildWithTheFewest() {
        var bench = Bench.running(2) { $0.childConcurrency = 3 }
        let children = (0..<6).map { _ in bench.place()!.child.serial }
        #expect(children == [1, 2, 1, 2, 1, 2])
        #expect(bench.place() == nil)
        #expect(bench.supervisor.pools[0].occupiedSlots == 6)
    }

    @Test func onlyAQuickAndSilentTaskWaitsInAChildsPipe() {
        var bench = Bench.running(tasks: [.plain, .quick])
        _ = bench.run(task: 1)
        #expect(bench.supervisor.place(task: 0) == nil)
        #expect(bench.place(task: 1)?.child == child(1))
        bench.supervisor.childWroteOutput(child(1), bytes: 1, now: bench.now)
        #expect(bench.supervisor.place(task: 1) == nil, "it writes output")
    }

    @Test func nothingWaitsBehindASlowTask() {
        var bench = Bench.running(tasks: [.plain, .quick])
        _ = bench.run(task: 0)
        #expect(bench.supervisor.place(task: 1) == nil)
    }

    @Test func theQueueOfAChildIsBoundedByTimeAndNumber() {
        var slow = TaskProfile.plain
        for _ in 0..<8 { slow.statistics.ran(for: 300_000) }
        var bench = Bench.running(tasks: [.quick, slow])
        var count = 0
        while bench.place(task: 0) != nil { count += 1 }
        #expect(count == Supervisor.mostQueued)
        bench = Bench.running(tasks: [.quick, slow])
        count = 0
        while bench.place(task: 1) != nil { count += 1 }
        #expect(count == 3, "a millisecond's worth")
    }

    @Test func whatWaitsBehindATaskThatStallsIsTakenBack() {
        var bench = Bench.running(tasks: [.quick])
        let (id, running) = bench.run()
        let (_, second) = bench.place()!
        let (_, third) = bench.place()!
        #expect(bench.pass(.milliseconds(9)) == [])
        #expect(bench.pass(.milliseconds(1)) == [.recall(id)])
        bench.supervisor.taskRecalled(id, third.tag, now: bench.now)
        bench.supervisor.taskRecalled(id, second.tag, now: bench.now)
        bench.supervisor.taskRecalled(id, running.tag, now: bench.now)
        bench.supervisor.taskRecalled(id, DeliveryTag(99), now: bench.now)
        #expect(bench.actions() == [.giveBack(third), .giveBack(second)], "not what runs, nor what is unknown")
        #expect(bench.supervisor.place(task: 0) == nil, "nothing new waits behind it")
        #expect(bench.report(id, running, .init(.success)).map(\.ending) == [.reported])
        #expect(bench.state(id) == .idle)
        #expect(bench.supervisor.pools[0].occupiedSlots == 0)
    }

    @Test func aChildWhoseLastTaskWasTakenBackIsToldToExit() {
        var bench = Bench.running(tasks: [.quick]) { $0.maxTasksPerChild = 2 }
        let (id, running) = bench.run()
        let (_, last) = bench.place()!
        _ = bench.pass(.milliseconds(10))
        bench.supervisor.taskRecalled(id, last.tag, now: bench.now)
        _ = bench.actions()
        #expect(
            bench.report(id, running, .init(.success)).dropFirst() == [.stop(id)],
            "it was never told that it was the last")
    }

    // MARK: Outcomes

    /// What becomes of a delivery by report, retries so far, and policy.
    @Test(
        arguments: [
            (.init(.success), 0, false, .finish(.reported)),
            (.init(.rejected), 0, true, .finish(.reported)),
            (.init(.failure), 0, false, .finish(.reported)),
            (.init(.failure), 0, true, .retry(.seconds(1), .automatic)),
            (.init(.failure), 1, true, .retry(.seconds(2), .automatic)),
            (.init(.failure), 2, true, .finish(.reported)),
            (.init(.retry), 0, false, .retry(.seconds(1), .requested)),
            (.init(.retry, countdown: .seconds(9)), 1, false, .retry(.seconds(9), .requested)),
            (.init(.retry), 2, false, .finish(.retriesExhausted(maxRetries: 2))),
            (.init(.failure, wasCancelled: true), 0, false, .finish(.reported)),
        ] as [(Supervisor.Report, Int, Bool, Outcome)])
    func reportsBecomeOutcomes(_ report: Supervisor.Report, retries: Int, automatic: Bool, expected: Outcome) {
        var bench = Bench.running(
            tasks: [
                .retried {
                    $0.maxRetries = 2
                    $0.automatic = automatic
                    $0.jitter = false
                }
            ])
        let (child, delivery) = bench.run(retries: retries)
        let actions = bench.report(child, delivery, report)
        switch expected {
        case .finish(let ending): #expect(actions.map(\.ending) == [ending])
        case .retry(let wait, let reason):
            var next = delivery
            next.retries += 1
            #expect(actions == [.retry(next, after: wait, reason: reason)])
        }
        #expect(bench.state(child) == .idle)
    }

    enum Outcome: Sendable {
        case finish(FinishedDelivery.Ending)
        case retry(Duration, RetryReason)
    }

    @Test func jitterDrawsBetweenHalfAndAllOfTheWait() {
        var bench = Bench.running(tasks: [.retried { $0.automatic = true }])
        for _ in 0..<50 {
            let (child, delivery) = bench.run()
            guard case .retry(_, let wait, _) = bench.report(child, delivery, .init(.failure)).first else {
                Issue.record("no retry")
                return
            }
            #expect(wait >= .milliseconds(500) && wait <= .seconds(1))
        }
    }

    @Test func anOutcomeFromNowhereEndsItsChildOnly() {
        var bench = Bench.running(2)
        let (first, _) = bench.run()
        let (second, delivery) = bench.run()
        #expect(bench.report(first, delivery, .init(.success)).first == .kill(first))
        #expect(bench.report(second, delivery, .init(.success)).map(\.ending) == [.reported])
        #expect(bench.report(second, delivery, .init(.success)).first == .kill(second), "twice")
    }

    @Test func acceptingTwiceOrTooMuchEndsTheChild() {
        var bench = Bench.running(tasks: [.quick])
        let (id, delivery) = bench.run()
        bench.supervisor.taskAccepted(id, delivery.tag, now: bench.now)
        #expect(bench.actions().first == .kill(id))

        bench = Bench.running(tasks: [.quick])
        let (other, _) = bench.run()
        let (_, waiting) = bench.place()!
        bench.supervisor.taskAccepted(other, waiting.tag, now: bench.now)
        #expect(bench.actions().first == .kill(other))
    }

    @Test func eventsOfAChildThatIsGoneChangeNothing() {
        var bench = Bench.running()
        let (old, delivery) = bench.run()
        _ = bench.exit(old, .exited(code: 1))
        let before = bench.supervisor.children
        bench.supervisor.taskAccepted(old, delivery.tag, now: bench.now)
        bench.supervisor.childBrokeProtocol(old, "late", now: bench.now)
        bench.supervisor.childClosedPipe(old, now: bench.now)
        bench.supervisor.taskRecalled(old, delivery.tag, now: bench.now)
        bench.supervisor.childWroteOutput(old, bytes: 1 << 30, now: bench.now)
        bench.supervisor.childRefusedToBoot(old, reason: "late", now: bench.now)
        bench.supervisor.spawnFailed(old, reason: "late", now: bench.now)
        bench.supervisor.childMeasured(
            old, TreeUsage(memoryGrowth: .max, cpuNanoseconds: 0, descendants: 0), now: bench.now)
        #expect(bench.ready(old) == [])
        #expect(bench.report(old, delivery, .init(.success)) == [])
        #expect(bench.exit(old) == [])
        #expect(bench.supervisor.children == before)
    }

    // MARK: Time

    @Test func aTaskIsToldAtItsSoftLimitAndKilledAtItsHardLimit() {
        var bench = Bench.running(
            tasks: [
                .limited {
                    $0.softTime = .seconds(5)
                    $0.hardTime = .seconds(8)
                }
            ])
        let (id, delivery) = bench.run()
        #expect(bench.supervisor.nextWake <= bench.now + .seconds(5))
        #expect(bench.pass(.milliseconds(4_999)) == [])
        #expect(bench.supervisor.nextWake == bench.now + .milliseconds(1))
        #expect(bench.pass(.milliseconds(1)) == [.notify(id, delivery.tag, .softTime)])
        #expect(bench.supervisor.children[0]?.nextDeadline == bench.now + .milliseconds(2_500))
        #expect(bench.pass(.milliseconds(2_500)) == [.sample(id)])
        #expect(bench.pass(.milliseconds(499)) == [])
        #expect(bench.pass(.milliseconds(1)) == [.kill(id), .fork(child(2), pool: 0, generation: 1)])
        #expect(bench.pass(.seconds(60)).isEmpty == false, "only the replacement's boot is overdue")
        let actions = bench.exit(id)
        #expect(actions.compactMap(\.ending) == [.lost(.hardTime(limit: .seconds(8)))])
    }

    @Test func aTaskThatGivesUpAtASoftLimitSaysWhichAndItsChildIsNotUsedAgain() {
        var bench = Bench.running(tasks: [.limited { $0.softTime = .seconds(5) }])
        let (id, delivery) = bench.run()
        _ = bench.pass(.seconds(5))
        let actions = bench.report(id, delivery, .init(.failure, wasCancelled: true))
        #expect(actions.first?.ending == .gaveUp(.softTime(limit: .seconds(5))))
        #expect(actions.dropFirst() == [.kill(id), .fork(child(2), pool: 0, generation: 1)])
        #expect(bench.events.contains(.childRecycled(id, .tainted, tasks: 1)))
    }

    @Test func aTaskThatSucceedsAfterItsSoftLimitStillTaintsItsChild() {
        var bench = Bench.running(tasks: [.limited { $0.softTime = .seconds(5) }])
        let (id, delivery) = bench.run()
        _ = bench.pass(.seconds(5))
        let actions = bench.report(id, delivery, .init(.success))
        #expect(actions.first?.ending == .reported)
        #expect(actions.contains(.kill(id)))
    }

    @Test func aMessagesOwnLimitsReplaceItsTasks() {
        var bench = Bench.running(tasks: [.limited { $0.hardTime = .seconds(60) }])
        var own = TaskLimits()
        own.hardTime = .seconds(2)
        var delivery = bench.delivery()
        delivery.ownLimits = SharedLimits(own)
        _ = bench.supervisor.assign(delivery, to: child(1), now: bench.now)
        bench.supervisor.taskAccepted(child(1), delivery.tag, now: bench.now)
        #expect(bench.pass(.seconds(2)).first == .kill(child(1)))
        #expect(bench.exit(child(1)).compactMap(\.ending) == [.lost(.hardTime(limit: .seconds(2)))])
    }

    // MARK: Memory, processes, CPU, output

    static let measured = TaskProfile.limited {
        $0.memory = .mebibytes(64)
        $0.processes = 3
        $0.softCPUTime = .seconds(1)
        $0.hardCPUTime = .seconds(2)
        $0.output = .kibibytes(1)
    }

    @Test func aLimitedTaskIsMeasuredSoonAndOnTime() {
        var bench = Bench.running(tasks: [Self.measured])
        let (id, _) = bench.run()
        #expect(bench.supervisor.children[0]?.nextDeadline == bench.now + .milliseconds(10))
        #expect(bench.pass(.milliseconds(10)) == [.measure(id, confirmAbove: 56 << 20)])
        bench.supervisor.childMeasured(
            id, TreeUsage(memoryGrowth: 59 << 20, cpuNanoseconds: 0, descendants: 0), now: bench.now)
        #expect(bench.supervisor.nextWake <= bench.now + .milliseconds(6), "5 MiB at 1 GiB/s")
    }

    @Test(
        arguments: [
            (TreeUsage(memoryGrowth: 56 << 20, cpuNanoseconds: 0, descendants: 3), nil, nil),
            (TreeUsage(memoryGrowth: 57 << 20, cpuNanoseconds: 0, descendants: 0), .memory, nil),
            (TreeUsage(memoryGrowth: 64 << 20, cpuNanoseconds: 0, descendants: 0), .memory, nil),
            (
                TreeUsage(memoryGrowth: 64 << 20 + 1, cpuNanoseconds: 0, descendants: 0), nil,
                .memory(peak: ByteCount(bytes: 64 << 20 + 1), limit: .mebibytes(64))
            ),
            (
                TreeUsage(memoryGrowth: .max, cpuNanoseconds: 0, descendants: 0), nil,
                .memory(peak: ByteCount(bytes: .max), limit: .mebibytes(64))
            ),
            (TreeUsage(memoryGrowth: 0, cpuNanoseconds: 0, descendants: 4), nil, .processes(count: 4, limit: 3)),
            (TreeUsage(memoryGrowth: 0, cpuNanoseconds: 6_000_000_000, descendants: 0), .softCPUTime, nil),
            (
                TreeUsage(memoryGrowth: 0, cpuNanoseconds: 7_000_000_000, descendants: 0), nil,
                .hardCPUTime(limit: .seconds(2))
            ),
        ] as [(TreeUsage, Notice?, Cause?)])
    func measurementsAreJudged(_ usage: TreeUsage, notice: Notice?, cause: Cause?) {
        var bench = Bench.running(tasks: [Self.measured])
        let (id, delivery) = bench.run()
        // The CPU time at the attempt's start is not the attempt's.
        bench.supervisor.childMeasured(
            id, TreeUsage(memoryGrowth: 0, cpuNanoseconds: 5_000_000_000, descendants: 0), now: bench.now)
        var usage = usage
        usage.cpuNanoseconds = max(usage.cpuNanoseconds, 5_000_000_000)
        bench.supervisor.childMeasured(id, usage, now: bench.now)
        let actions = bench.actions()
        if let cause {
            #expect(actions.first == .kill(id))
            #expect(bench.exit(id).compactMap(\.ending) == [.lost(cause)])
        } else {
            #expect(actions == (notice.map { [.notify(id, delivery.tag, $0)] } ?? []))
        }
    }

    @Test func tooMuchOutputKillsTheAttempt() {
        var bench = Bench.running(tasks: [Self.measured])
        let (id, _) = bench.run()
        bench.supervisor.childWroteOutput(id, bytes: 1_000, now: bench.now)
        bench.supervisor.childWroteOutput(id, bytes: 24, now: bench.now)
        #expect(bench.actions() == [])
        bench.supervisor.childWroteOutput(id, bytes: 1, now: bench.now)
        #expect(bench.actions().first == .kill(id))
        #expect(bench.exit(id).compactMap(\.ending) == [.lost(.output(limit: .kibibytes(1)))])
    }

    @Test func theBlameForAnAsyncChildsMemoryIsShared() {
        var bench = Bench.running(1, tasks: [Self.measured]) { $0.childConcurrency = 2 }
        let (id, first) = bench.run()
        let (_, second) = bench.run()
        bench.supervisor.childMeasured(
            id, TreeUsage(memoryGrowth: 65 << 20, cpuNanoseconds: 0, descendants: 0), now: bench.now)
        _ = bench.actions()
        let actions = bench.exit(id)
        var (one, two) = (first, second)
        (one.losses, two.losses) = (1, 1)
        #expect(actions.prefix(2) == [.giveBack(two), .giveBack(one)])
    }

    // MARK: Revoking

    @Test func aRevokedTaskIsToldThenKilled() {
        var bench = Bench.running()
        let (id, delivery) = bench.run()
        bench.supervisor.revoke(delivery.tag, kill: false, now: bench.now)
        bench.supervisor.revoke(delivery.tag, kill: false, now: bench.now)
        #expect(bench.actions() == [.notify(id, delivery.tag, .revoked)])
        bench.supervisor.revoke(delivery.tag, kill: true, now: bench.now)
        #expect(bench.actions().first == .kill(id))
        #expect(bench.exit(id).compactMap(\.ending) == [.lost(.terminated)])
    }

    @Test(arguments: [
        Supervisor.Report(.failure, wasCancelled: true), Supervisor.Report(.retry),
        Supervisor.Report(.retry, wasCancelled: true),
    ])
    func aRevokedTaskDoesNotComeBackByARetry(_ report: Supervisor.Report) {
        var bench = Bench.running(tasks: [.retried { $0.automatic = true }])
        let (id, delivery) = bench.run()
        bench.supervisor.revoke(delivery.tag, kill: false, now: bench.now)
        _ = bench.actions()
        #expect(bench.report(id, delivery, report).first?.ending == .revoked)
    }

    @Test func aRevokedTaskDoesNotComeBackWhenItsChildIsLost() {
        var bench = Bench.running()
        let (id, delivery) = bench.run()
        bench.supervisor.revoke(delivery.tag, kill: false, now: bench.now)
        #expect(bench.exit(id, .signalled("SIGSEGV")).contains { $0.ending == .lost(.terminated) })
    }

    @Test func revokingAWaitingTaskDoesNotKillTheOneBeforeIt() {
        var bench = Bench.running(tasks: [.quick])
        let (id, _) = bench.run()
        let (_, waiting) = bench.place()!
        bench.supervisor.revoke(waiting.tag, kill: true, now: bench.now)
        #expect(bench.actions() == [.notify(id, waiting.tag, .revoked), .recall(id)])
    }

    @Test func aChildWhoseLastTaskIsTakenBackLeaves() {
        var bench = Bench.running { $0.maxTasksPerChild = 1 }
        let (id, delivery) = bench.place()!
        bench.supervisor.revoke(delivery.tag, kill: true, now: bench.now)
        #expect(bench.actions().contains(.recall(id)))
        bench.supervisor.taskRecalled(id, delivery.tag, now: bench.now)
        let actions = bench.actions()
        #expect(actions.contains(.giveBack(delivery)))
        #expect(actions.contains(.stop(id)))
    }

    @Test func revokingAnUnknownDeliveryDoesNothing() {
        var bench = Bench.running()
        _ = bench.run()
        bench.supervisor.revoke(DeliveryTag(99), kill: true, now: bench.now)
        #expect(bench.actions() == [])
    }
}
