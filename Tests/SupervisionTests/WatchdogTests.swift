import Testing

@testable import Supervision

@Suite struct WatchdogTests {
    private static let window = Duration.seconds(4)

    /// Looks once a second at what each step does; returns after how many looks it barks.
    private func barks(
        _ looks: Int = 12, _ step: (inout TreeActivity, Int) -> Void
    ) -> [Int] {
        var watchdog = Watchdog()
        var activity = TreeActivity(cpuNanoseconds: 0)
        return (0..<looks).filter { look in
            step(&activity, look)
            let now = Instant(nanoseconds: UInt64(look) * 1_000_000_000)
            return watchdog.looked(activity, now: now, window: Self.window) != nil
        }
    }

    @Test func whatDoesNothingIsStuckOnceAfterTheWindow() {
        #expect(self.barks { _, _ in } == [4])
    }

    static let signs: [(String, @Sendable (inout TreeActivity, Int) -> Void)] = [
        ("a hundredth of a processor and more", { activity, _ in activity.cpuNanoseconds += 11_000_000 }),
        ("bytes", { activity, look in if look % 3 == 0 { activity.movedBytes += 1 } }),
        ("breadcrumbs", { activity, look in if look % 3 == 0 { activity.breadcrumbs += 1 } }),
        ("switches", { activity, look in if look % 3 == 0 { activity.switches += 2 } }),
        ("an ended process", { activity, look in activity.cpuNanoseconds = look % 2 == 0 ? 5_000_000 : 0 }),
    ]

    @Test(arguments: Self.signs.indices)
    func anySignOfLifeIsEnough(_ sign: Int) {
        #expect(self.barks(50, Self.signs[sign].1) == [], "\(Self.signs[sign].0)")
    }

    @Test func nearlyNothingIsNothing() {
        #expect(self.barks { activity, _ in activity.cpuNanoseconds += 9_000_000 } == [4])
        #expect(self.barks { activity, _ in activity.switches += 1 } == [4])
    }

    /// To look at a stack wakes its thread.
    @Test func whatFollowsABarkIsNoSignOfLife() {
        #expect(self.barks(20) { activity, look in if look == 6 { activity.switches += 5 } } == [4])
    }

    @Test func whatGoesOnAndStopsAgainIsToldAgain() {
        #expect(self.barks(20) { activity, look in if look == 10 { activity.movedBytes += 1 } } == [4, 14])
    }
}

/// What the supervisor does with it.
@Suite struct StuckTests {
    private static func bench(_ policy: StuckPolicy) -> Bench {
        Bench.running(
            tasks: [
                .limited {
                    $0.stuckAfter = .seconds(4)
                    $0.whenStuck = policy
                }
            ])
    }

    /// Nothing happens for so many looks.
    private static func quiet(_ bench: inout Bench, _ id: ChildID, looks: Int) -> [SupervisorAction] {
        var last: [SupervisorAction] = []
        for _ in 0..<looks {
            let due = bench.pass(.seconds(1))
            #expect(due.contains(.observe(id)))
            bench.supervisor.childObserved(id, TreeActivity(cpuNanoseconds: 0), now: bench.now)
            last = bench.actions()
        }
        return last
    }

    @Test func aStuckTaskIsToldWithItsStack() {
        var bench = Self.bench(.warn)
        let (id, delivery) = bench.run()
        #expect(Self.quiet(&bench, id, looks: 5) == [.sample(id)])
        #expect(bench.events.contains(.attemptStuck(id, delivery.tag, .seconds(4))))
        #expect(bench.supervisor.tasks[0].statistics.stuck == 1)
        #expect(Self.quiet(&bench, id, looks: 5) == [], "once")
        #expect(bench.state(id) == .busy)
    }

    @Test func aStuckTaskIsKilledAfterALastLook() {
        var bench = Self.bench(.kill)
        let (id, _) = bench.run()
        #expect(Self.quiet(&bench, id, looks: 5) == [.sample(id)])
        #expect(bench.pass(.milliseconds(499)) == [])
        #expect(bench.pass(.milliseconds(1)).contains(.kill(id)))
        #expect(bench.exit(id).compactMap(\.ending) == [.lost(.stuck(quiet: .seconds(4)))])
    }

    @Test func aTaskThatEndsMeanwhileIsNotKilled() {
        var bench = Self.bench(.kill)
        let (id, delivery) = bench.run()
        _ = Self.quiet(&bench, id, looks: 5)
        _ = bench.report(id, delivery, Supervisor.Report(.success))
        #expect(bench.pass(.seconds(1)) == [])
    }

    @Test func aTaskThatWaitsInThePipeIsNotWatched() {
        var task = TaskProfile.quick
        task.limits.stuckAfter = .seconds(4)
        var bench = Bench.running(tasks: [task])
        let (id, _) = bench.place()!
        #expect(bench.pass(.seconds(2)) == [])
        _ = id
    }

    @Test func aStackIsLookedAtBeforeTheHardLimit() {
        var bench = Bench.running(tasks: [.limited { $0.hardTime = .seconds(2) }])
        let (id, _) = bench.run()
        #expect(bench.pass(.milliseconds(1_499)) == [])
        #expect(bench.pass(.milliseconds(1)) == [.sample(id)])
        #expect(bench.pass(.milliseconds(500)).contains(.kill(id)))
    }
}
