import Testing

@testable import Supervision

/// Every state against every event: the table of `docs/lifecycle.md`.
@Suite struct ChildMachineTests {
    enum Situation: CaseIterable {
        case starting, idle, busy, draining, stopping, killed, gone

        var hasTask: Bool { self == .busy || self == .draining || self == .killed }

        var state: ChildMachine.State {
            switch self {
            case .starting: .starting(until: ChildMachineTests.deadline)
            case .idle: .idle
            case .busy: .busy
            case .draining: .draining
            case .stopping: .stopping(until: ChildMachineTests.deadline)
            case .killed: .killed(.retired)
            case .gone: .gone
            }
        }
    }

    static let start = Instant(nanoseconds: 0)
    static let deadline = start + .seconds(10)
    static let tag = DeliveryTag(1)
    static let limits = {
        var limits = TaskLimits()
        limits.hardTime = .seconds(10)
        limits.memory = .mebibytes(64)
        limits.output = .kibibytes(1)
        return limits
    }()

    /// A child in a situation; where that may have a task, with one that has been accepted or not.
    static func child(_ situation: Situation, accepted: Bool = true) -> ChildMachine {
        var child = ChildMachine(
            id: ChildID(index: 0, serial: 1), pool: 0, generation: 1, now: start, bootUntil: deadline, concurrency: 1,
            maxTasks: .max, retireAt: deadline
        )
        if situation == .starting { return child }
        #expect(child.becameReady() == true)
        if situation.hasTask {
            _ = child.assign(Delivery(tag: tag, task: 0), limits: limits, cost: 0, now: start)
            if accepted { #expect(child.accepted(tag, limits: { _ in limits }, now: start) == true) }
        }
        if situation == .killed { child.kill(.retired, now: start) } else { child.state = situation.state }
        return child
    }

    @Test(arguments: Situation.allCases) func onlyAStartingChildBecomesReady(_ situation: Situation) {
        var child = Self.child(situation)
        #expect(child.becameReady() == (situation == .starting))
        #expect(child.state == (situation == .starting ? .idle : situation.state))
    }

    @Test(arguments: Situation.allCases) func aChildAcceptsOnceWhatItWasGiven(_ situation: Situation) {
        var child = Self.child(situation, accepted: false)
        #expect(child.accepted(Self.tag, limits: { _ in Self.limits }, now: Self.start) == situation.hasTask)
        #expect(child.accepted(Self.tag, limits: { _ in Self.limits }, now: Self.start) == false)
        #expect(child.accepted(DeliveryTag(9), limits: { _ in Self.limits }, now: Self.start) == false)
        #expect(child.state == situation.state)
    }

    @Test(arguments: Situation.allCases) func aChildReportsOnceWhatItAccepted(_ situation: Situation) {
        var child = Self.child(situation)
        #expect(child.reported(DeliveryTag(9), limits: { _ in Self.limits }, now: Self.start) == nil)
        let reported = child.reported(Self.tag, limits: { _ in Self.limits }, now: Self.start)
        #expect(reported?.delivery.tag == (situation.hasTask ? Self.tag : nil))
        #expect(child.state == (situation == .busy ? .idle : situation.state))
        #expect(child.reported(Self.tag, limits: { _ in Self.limits }, now: Self.start) == nil)
    }

    @Test(arguments: Situation.allCases) func whatWasNotAcceptedCannotBeReported(_ situation: Situation) {
        var child = Self.child(situation, accepted: false)
        #expect(child.reported(Self.tag, limits: { _ in Self.limits }, now: Self.start) == nil)
        #expect(child.state == situation.state)
    }

    @Test(arguments: Situation.allCases) func anExitEndsEveryState(_ situation: Situation) {
        var child = Self.child(situation)
        child.exited()
        #expect(child.state == .gone)
    }

    @Test(
        arguments: zip(
            Situation.allCases,
            [
                [.kill(.bootTimeout)], [.recycle(.maxAge)],
                [.recycle(.maxAge), .kill(.cause(.hardTime(limit: .seconds(10)), culprit: tag))],
                [.kill(.cause(.hardTime(limit: .seconds(10)), culprit: tag))], [.kill(.retired)], [.giveUpTemplate], [],
            ] as [[ChildMachine.Demand]]
        )
    )
    func deadlinesDemandWhatTheirStateNeeds(_ situation: Situation, _ expected: [ChildMachine.Demand]) {
        var child = Self.child(situation)
        #expect(child.nextDeadline >= Self.deadline || situation.hasTask)
        #expect(child.timePassed(now: Self.deadline, limits: { _ in Self.limits }) == expected)
        #expect(child.state == situation.state)
    }

    @Test(arguments: Situation.allCases) func onlyARunningTaskIsJudgedByAMeasurement(_ situation: Situation) {
        let usage = TreeUsage(memoryGrowth: 65 << 20, cpuNanoseconds: 0, descendants: 0)
        let cause = Cause.memory(peak: .mebibytes(65), limit: .mebibytes(64))
        let kill = [ChildMachine.Demand.kill(.cause(cause, culprit: Self.tag))]
        var child = Self.child(situation)
        #expect(
            child.measured(usage, now: Self.start, limits: { _ in Self.limits }) == (situation.hasTask ? kill : []))
        var waiting = Self.child(situation, accepted: false)
        #expect(waiting.measured(usage, now: Self.start, limits: { _ in Self.limits }) == [])
    }

    @Test(arguments: Situation.allCases) func outputCountsForARunningTask(_ situation: Situation) {
        var child = Self.child(situation)
        #expect(child.wroteOutput(1_024, limits: { _ in Self.limits }) == nil)
        let kill = child.wroteOutput(1, limits: { _ in Self.limits })
        #expect(
            kill == (situation.hasTask ? .cause(.output(limit: .kibibytes(1)), culprit: Self.tag) : nil))
    }

    @Test(arguments: Situation.allCases) func aTaskIsNotifiedOnceAndOnlyWhenItRuns(_ situation: Situation) {
        var child = Self.child(situation)
        #expect(child.notifyAll(.shutdown) == (situation.hasTask ? [.notify(Self.tag, .shutdown)] : []))
        #expect(child.notify(Self.tag, .revoked) == [])
        var waiting = Self.child(situation, accepted: false)
        #expect(waiting.notifyAll(.shutdown) == [])
    }

    @Test(arguments: [Situation.starting, .draining, .stopping, .killed, .gone])
    func onlyAReadyChildIsUsed(_ situation: Situation) {
        let child = Self.child(situation)
        #expect(!child.isReady)
        #expect(!child.hasFreeSlot)
        #expect(child.isUsable == (situation == .starting))
    }

    @Test func aTaskForAChildThatIsNotReadyIsAMistake() async {
        await #expect(processExitsWith: .failure) {
            var child = ChildMachineTests.child(.starting)
            _ = child.assign(Delivery(tag: DeliveryTag(1), task: 0), limits: TaskLimits(), cost: 0, now: .distantFuture)
        }
    }

    @Test(arguments: Situation.allCases) func aChildThatClosedAPipeIsGivenAMoment(_ situation: Situation) {
        var child = Self.child(situation)
        child.mustBeGoneBy = Self.start + .seconds(1)
        let demands = child.timePassed(now: Self.start + .seconds(1), limits: { _ in TaskLimits() })
        #expect(demands == (situation == .killed || situation == .gone ? [] : [.kill(.closedPipe)]))
    }

    @Test(arguments: Situation.allCases) func onlyWhatWaitsIsTakenBack(_ situation: Situation) {
        var child = Self.child(situation)
        #expect(child.recalled(Self.tag) == nil)
        var waiting = Self.child(situation, accepted: false)
        #expect(waiting.recalled(Self.tag)?.tag == (situation.hasTask ? Self.tag : nil))
        #expect(waiting.assignments.isEmpty)
        #expect(waiting.state == (situation == .busy ? .idle : waiting.state))
    }

    // MARK: Deadlines

    @Test func theClockOfAnAttemptStartsAnewWhenItsTaskStarts() {
        var child = Self.child(.busy, accepted: false)
        let later = Self.start + .seconds(4)
        #expect(child.accepted(Self.tag, limits: { _ in Self.limits }, now: later) == true)
        #expect(child.assignments[0].deadlines.hard == later + .seconds(10))
    }

    @Test func aSoftLimitIsNotSpentOnATaskThatHasNotStarted() {
        var limits = TaskLimits()
        limits.softTime = .seconds(1)
        var child = Self.child(.idle)
        _ = child.assign(Delivery(tag: Self.tag, task: 0), limits: limits, cost: 0, now: Self.start)
        let late = Self.start + .seconds(2)
        #expect(child.timePassed(now: late, limits: { _ in limits }) == [])
        #expect(child.nextDeadline > late)
        #expect(child.accepted(Self.tag, limits: { _ in limits }, now: late) == true)
        #expect(child.timePassed(now: late + .seconds(1), limits: { _ in limits }) == [.notify(Self.tag, .softTime)])
    }

    @Test func anAttemptKeepsAHardLimitThatIsLiftedMeanwhile() {
        var child = Self.child(.busy)
        let demands = child.timePassed(now: Self.deadline, limits: { _ in TaskLimits() })
        #expect(demands.last == .kill(.cause(.hardTime(limit: .seconds(10)), culprit: Self.tag)))
    }

    @Test func aWaitingTaskHasNoDeadlineUntilItsTurn() {
        var child = Self.child(.busy)
        let second = Delivery(tag: DeliveryTag(2), task: 0)
        _ = child.assign(second, limits: Self.limits, cost: 5, now: Self.start)
        #expect(child.assignments[1].deadlines == Deadlines())
        #expect(child.accepted(second.tag, limits: { _ in Self.limits }, now: Self.start) == false, "one at a time")
        let later = Self.start + .seconds(3)
        #expect(child.reported(Self.tag, limits: { _ in Self.limits }, now: later) != nil)
        #expect(child.state == .busy)
        #expect(child.assignments[0].deadlines.hard == later + .seconds(10))
    }

    @Test(arguments: [
        (0, 64), (32, 32), (56, 8), (60, 5), (63, 5),
    ])
    func measurementsComeMoreOftenNearTheLimit(usedMiB: UInt64, waitMiB: UInt64) {
        var child = Self.child(.busy)
        let usage = TreeUsage(memoryGrowth: usedMiB << 20, cpuNanoseconds: 0, descendants: 0)
        _ = child.measured(usage, now: Self.start, limits: { _ in Self.limits })
        let wait = child.assignments[0].deadlines.measure - Self.start
        // At 1 GiB/s a MiB takes a little over a millisecond.
        #expect(wait >= .milliseconds(Int64(waitMiB)) && wait <= .microseconds(Int64(waitMiB) * 1_050))
    }

    @Test func theLastTaskOfAChildSaysSo() {
        var child = ChildMachine(
            id: ChildID(index: 0, serial: 1), pool: 0, generation: 1, now: Self.start, bootUntil: Self.deadline,
            concurrency: 1, maxTasks: 2, retireAt: .distantFuture
        )
        #expect(child.becameReady() == true)
        #expect(
            child.assign(Delivery(tag: DeliveryTag(1), task: 0), limits: TaskLimits(), cost: 0, now: Self.start)
                == false)
        #expect(
            child.assign(Delivery(tag: DeliveryTag(2), task: 0), limits: TaskLimits(), cost: 0, now: Self.start) == true
        )
        #expect(child.state == .draining)
    }
}
