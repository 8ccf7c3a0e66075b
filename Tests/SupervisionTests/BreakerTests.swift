import Testing

@testable import Supervision

@Suite struct BreakerTests {
    private static func at(_ seconds: UInt64) -> Instant { Instant(nanoseconds: seconds * 1_000_000_000) }
    private static let tag = DeliveryTag(1)

    /// A breaker that has just been tripped, at second 0, for two seconds.
    private static var open: Breaker {
        var breaker = Breaker(wait: .seconds(2))
        _ = breaker.lost(Self.tag, limit: 1, now: Self.at(0))
        return breaker
    }

    @Test func itTripsAtItsLimit() {
        var breaker = Breaker(wait: .seconds(2))
        #expect(breaker.lost(Self.tag, limit: 3, now: Self.at(0)) == nil)
        #expect(breaker.lost(Self.tag, limit: 3, now: Self.at(0)) == nil)
        #expect(breaker.wait(now: Self.at(0)) == nil)
        #expect(breaker.lost(Self.tag, limit: 3, now: Self.at(0)) == .seconds(2))
        #expect(breaker.wait(now: Self.at(1)) == .seconds(1))
    }

    @Test func oneLossInFiveDoesNotTripIt() {
        var breaker = Breaker(wait: .seconds(2))
        for _ in 0..<1_000 {
            #expect(breaker.lost(Self.tag, limit: 2, now: Self.at(0)) == nil)
            for _ in 0..<4 { _ = breaker.ended(Self.tag) }
        }
        #expect(breaker.isForgettable)
    }

    @Test func oneTrialDecides() {
        var breaker = Self.open
        #expect(breaker.wait(now: Self.at(2)) == nil)
        #expect(breaker.started(DeliveryTag(2)) == true)
        #expect(breaker.wait(now: Self.at(2)) == .seconds(2), "the others wait")
        #expect(breaker.started(DeliveryTag(3)) == false)
        #expect(breaker.ended(DeliveryTag(9)) == false, "one that was under way before")
        #expect(breaker.lost(DeliveryTag(9), limit: 1, now: Self.at(2)) == nil)
        #expect(breaker.ended(DeliveryTag(2)) == true)
        #expect(breaker.isForgettable)
    }

    @Test func eachTrialThatIsLostDoublesTheWait() {
        var breaker = Self.open
        var waits: [Duration] = []
        var now = Self.at(0)
        for number in 2..<12 as Range<UInt64> {
            now = now + .seconds(1_000)
            #expect(breaker.wait(now: now) == nil)
            _ = breaker.started(DeliveryTag(number))
            if let wait = breaker.lost(DeliveryTag(number), limit: 1, now: now) { waits.append(wait) }
        }
        #expect(waits == [4, 8, 16, 32, 64, 128, 128, 128, 128, 128].map { .seconds($0) })
    }

    @Test func aTrialThatIsGivenBackIsNone() {
        var breaker = Self.open
        _ = breaker.wait(now: Self.at(2))
        _ = breaker.started(DeliveryTag(2))
        breaker.abandoned(DeliveryTag(7))
        #expect(breaker.wait(now: Self.at(2)) != nil)
        breaker.abandoned(DeliveryTag(2))
        #expect(breaker.wait(now: Self.at(2)) == nil)
    }

    @Test func anEndWhileItIsOpenChangesNothing() {
        var breaker = Self.open
        #expect(breaker.ended(Self.tag) == false)
        #expect(breaker.lost(Self.tag, limit: 1, now: Self.at(1)) == nil)
        #expect(breaker.wait(now: Self.at(1)) == .seconds(1))
    }

    @Test func theSupervisorHoldsTheTaskAndNoOther() {
        var bench = Bench.running(
            2,
            tasks: [
                .retried {
                    $0.breaker = 1
                    $0.breakerWait = .seconds(2)
                }, .plain,
            ])
        let (id, _) = bench.run(task: 0)
        _ = bench.exit(id, .signalled("SIGSEGV"))
        #expect(bench.events.contains(.breakerTripped(task: 0, wait: .seconds(2))))
        #expect(bench.supervisor.breakerWait(task: 0, now: bench.now) == .seconds(2))
        #expect(bench.supervisor.breakerWait(task: 1, now: bench.now) == nil)
        _ = bench.pass(.seconds(2))
        #expect(bench.supervisor.breakerWait(task: 0, now: bench.now) == nil)
        let (other, trial) = bench.run(task: 0)
        #expect(bench.supervisor.breakerWait(task: 0, now: bench.now) != nil)
        _ = bench.report(other, trial, Supervisor.Report(.failure))
        #expect(bench.events.contains(.breakerClosed(task: 0)))
        #expect(bench.supervisor.breakerWait(task: 0, now: bench.now) == nil)
    }

    /// A delivery that only asks what follows from a failure runs nothing, so it shows nothing.
    @Test func anAftermathIsNoTrial() {
        var bench = Bench.running(
            1,
            tasks: [
                .retried {
                    $0.breaker = 1
                    $0.breakerWait = .seconds(2)
                }
            ])
        let (id, _) = bench.run()
        let forked = bench.exit(id, .signalled("SIGSEGV")).compactMap(\.forked)
        _ = bench.ready(forked[0])
        _ = bench.pass(.seconds(2))
        #expect(bench.supervisor.breakerWait(task: 0, now: bench.now) == nil, "the next one tries")
        var aftermath = bench.delivery()
        aftermath.hasFailed = true
        _ = bench.supervisor.assign(aftermath, to: forked[0], now: bench.now)
        bench.supervisor.taskAccepted(forked[0], aftermath.tag, now: bench.now)
        _ = bench.report(forked[0], aftermath, .init(.failure, runTime: 1_000))
        #expect(!bench.events.contains(.breakerClosed(task: 0)) && !bench.events.contains(.breakerTries(task: 0)))
        #expect(bench.supervisor.tasks[0].statistics.meanRunTime == TaskProfile.plain.statistics.meanRunTime)
    }

    @Test func withoutALimitNothingIsHeld() {
        var bench = Bench.running()
        let (id, _) = bench.run()
        _ = bench.exit(id, .signalled("SIGSEGV"))
        #expect(bench.supervisor.breakerWait(task: 0, now: bench.now) == nil)
    }
}

@Suite struct QuarantineTests {
    @Test func itsChildHasNothingBeforeOrBehindIt() {
        var bench = Bench.running(2, tasks: [.quick])
        let (busy, _) = bench.run()
        let alone = bench.supervisor.placeAlone(task: 0, now: bench.now)!
        #expect(alone != busy)
        let isLast = bench.supervisor.assign(bench.delivery(losses: 1), to: alone, now: bench.now)
        #expect(isLast)
        #expect(bench.state(alone) == .draining)
        #expect(bench.supervisor.place(task: 0) == busy, "behind the quick task, not behind this one")
        #expect(bench.supervisor.placeAlone(task: 0, now: bench.now) == nil)
        _ = bench.actions()
        #expect(bench.events.contains(.childRecycled(alone, .quarantine, tasks: 1)))
    }

    @Test func itsChildExitsUnaskedAfterwards() {
        var bench = Bench.running()
        let alone = bench.supervisor.placeAlone(task: 0, now: bench.now)!
        let delivery = bench.delivery(losses: 1)
        _ = bench.supervisor.assign(delivery, to: alone, now: bench.now)
        bench.supervisor.taskAccepted(alone, delivery.tag, now: bench.now)
        _ = bench.actions()
        let actions = bench.report(alone, delivery, Supervisor.Report(.success))
        #expect(!actions.contains(.stop(alone)))
        #expect(actions.compactMap(\.ending) == [.reported])
    }

    @Test func whereChildrenRunSeveralTasksOneIsReplacedForIt() {
        var bench = Bench.running(2) { $0.childConcurrency = 3 }
        let (first, _) = bench.run()
        _ = bench.run()
        #expect(bench.supervisor.placeAlone(task: 0, now: bench.now) == nil)
        let fork = bench.actions().compactMap(\.forked).first
        #expect(fork != nil, "a replacement is ordered")
        #expect(bench.supervisor.placeAlone(task: 0, now: bench.now) == nil)
        #expect(bench.actions() == [], "once")
        _ = bench.ready(fork!)
        #expect(bench.supervisor.placeAlone(task: 0, now: bench.now) == fork)
        _ = first
    }

    @Test func itsBudgetIsDoubled() {
        var bench = Bench.running(
            tasks: [
                .limited {
                    $0.hardTime = .seconds(4)
                    $0.memory = .mebibytes(64)
                    $0.output = .kibibytes(1)
                }
            ])
        let limits = bench.supervisor.limits(of: bench.delivery(losses: 1))
        #expect(limits.hardTime == .seconds(8))
        #expect(limits.memory == .mebibytes(128))
        #expect(limits.output == .kibibytes(1))
        #expect(bench.supervisor.limits(of: bench.delivery()).hardTime == .seconds(4))
    }

    @Test func aLimitThatCannotBeDoubledStays() {
        var limits = TaskLimits()
        limits.memory = ByteCount(bytes: .max)
        limits.softTime = .seconds(Int64.max)
        #expect(limits.doubled.memory == limits.memory)
        #expect(limits.doubled.softTime ?? .zero >= .seconds(1_000_000))
    }
}
