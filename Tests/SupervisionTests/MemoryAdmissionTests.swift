import Testing

@testable import Supervision

/// Which tasks may run together.
@Suite struct MemoryAdmissionTests {
    private static let start = Instant(nanoseconds: 1_000_000_000)

    private func admission(_ budget: UInt64, reserved: UInt64 = 0) -> MemoryAdmission {
        var admission = MemoryAdmission()
        admission.budget = budget
        admission.reserve(reserved)
        return admission
    }

    @Test func tasksRunTogetherAsLongAsTheyFit() {
        var admission = self.admission(100)
        for _ in 0..<4 {
            let fits = admission.admits(25, pool: 0, now: Self.start)
            #expect(fits)
            admission.reserve(25)
        }
        #expect(!admission.admits(1, pool: 0, now: Self.start))
        admission.release(25)
        #expect(admission.admits(25, pool: 0, now: Self.start))
        #expect(!admission.admits(26, pool: 0, now: Self.start))
    }

    @Test func aTaskLargerThanTheBudgetRunsAlone() {
        #expect(self.admission(100).admits(1_000, pool: 0, now: Self.start))
        #expect(!self.admission(100, reserved: 1).admits(1_000, pool: 0, now: Self.start))
    }

    @Test func withoutABudgetEverythingFits() {
        var admission = MemoryAdmission()
        admission.reserve(.max / 2)
        #expect(admission.admits(.max, pool: 0, now: Self.start))
    }

    @Test func whatWaitsIsPassedForAWhileAndThenByNobody() {
        var admission = self.admission(100, reserved: 60)
        admission.waits(pool: 0, now: Self.start)
        let aged = Self.start + MemoryAdmission.patience
        #expect(admission.admits(10, pool: 0, now: Self.start))
        #expect(!admission.admits(10, pool: 0, now: aged))
        #expect(!admission.admitsWaiting(80, pool: 0, now: aged))
        admission.release(50)
        #expect(admission.admitsWaiting(80, pool: 0, now: aged))
        admission.waitIsOver(pool: 0)
        #expect(admission.admits(10, pool: 0, now: aged))
    }

    @Test func ofTwoThatHaveWaitedTooLongTheOlderComesFirst() {
        var admission = self.admission(100, reserved: 50)
        admission.waits(pool: 1, now: Self.start)
        admission.waits(pool: 0, now: Self.start + .milliseconds(1))
        let aged = Self.start + MemoryAdmission.patience + .milliseconds(1)
        #expect(!admission.admitsWaiting(40, pool: 0, now: aged), "the other pool's is older")
        #expect(admission.admitsWaiting(40, pool: 1, now: aged))
        admission.waitIsOver(pool: 1)
        #expect(admission.admitsWaiting(40, pool: 0, now: aged))
    }

    @Test func whoLacksAChildHoldsBackItsOwnPoolOnly() {
        var admission = self.admission(100, reserved: 50)
        admission.waits(pool: 0, now: Self.start)
        let aged = Self.start + MemoryAdmission.patience
        admission.setPlace(pool: 0, false)
        #expect(!admission.admits(10, pool: 0, now: aged))
        #expect(admission.admits(10, pool: 1, now: aged))
        admission.waits(pool: 1, now: Self.start + .milliseconds(1))
        #expect(admission.admitsWaiting(10, pool: 1, now: aged + .milliseconds(1)))
        admission.setPlace(pool: 0, true)
        #expect(!admission.admits(10, pool: 1, now: aged))
        #expect(!admission.admitsWaiting(10, pool: 1, now: aged + .milliseconds(1)))
    }

    // MARK: In the supervisor

    private static let budget = ByteCount.mebibytes(100)

    private func bench(_ needs: UInt64..., concurrency: Int = 4) -> Bench {
        let tasks = needs.map { need -> TaskProfile in
            var profile = TaskProfile.plain
            for _ in 0..<PeakEstimate.enough { profile.statistics.peaked(at: (need << 20) * 8 / 9) }
            return profile
        }
        var bench = Bench.running(concurrency, tasks: tasks)
        bench.supervisor.setMemoryBudget(Self.budget)
        return bench
    }

    private func admits(_ bench: Bench, _ task: Int) -> Bool {
        guard let id = bench.supervisor.place(task: task) else { return false }
        return bench.supervisor.admits(task: task, on: id, now: bench.now)
    }

    @Test func reservationsEndWithTheirTasks() {
        var bench = self.bench(60)
        let (id, delivery) = bench.run()
        #expect(!self.admits(bench, 0))
        _ = bench.report(id, delivery, .init(.success, peakMemory: 50 << 20))
        #expect(self.admits(bench, 0))
        #expect(bench.supervisor.admission.reserved == 0)
    }

    /// What has cost a child may have twice as much.
    @Test func quarantineReservesTwiceAsMuch() {
        var bench = self.bench(40)
        let id = bench.supervisor.place(task: 0)!
        let lost = bench.delivery(losses: 1)
        _ = bench.supervisor.assign(lost, to: id, now: bench.now)
        #expect((79 << 20...80 << 20).contains(bench.supervisor.admission.reserved))
        #expect(!self.admits(bench, 0), "40 of 100 do not fit beside 80")
        let other = bench.supervisor.place(task: 0)!
        #expect(!bench.supervisor.admits(task: 0, losses: 1, on: other, now: bench.now))
        bench.supervisor.taskAccepted(id, lost.tag, now: bench.now)
        _ = bench.report(id, lost, .init(.success))
        #expect(bench.supervisor.admission.reserved == 0)
    }

    @Test func anAftermathReservesNothing() {
        var bench = self.bench(60)
        var aftermath = bench.delivery()
        aftermath.hasFailed = true
        _ = bench.supervisor.assign(aftermath, to: bench.supervisor.place(task: 0)!, now: bench.now)
        #expect(bench.supervisor.admission.reserved == 0)
    }

    @Test func reservationsEndWithTheirChild() {
        var bench = self.bench(60)
        let (id, _) = bench.run()
        #expect(!self.admits(bench, 0))
        _ = bench.exit(id)
        #expect(bench.supervisor.admission.reserved == 0)
    }

    @Test func quickTasksBehindOneAnotherNeedNoMoreThanTheLargest() {
        var bench = self.bench(60, concurrency: 1)
        for _ in 0..<8 { bench.supervisor.tasks[0].statistics.ran(for: 1_000) }
        _ = bench.run()
        #expect(self.admits(bench, 0))
        _ = bench.place()
        #expect(bench.supervisor.admission.reserved <= 60 << 20)
    }

    @Test func beforeAnythingIsKnownATaskNeedsWhatItMay() {
        var profile = TaskProfile.plain
        #expect(profile.expectedMemory == 64 << 20)
        profile.limits.memory = .mebibytes(300)
        #expect(profile.expectedMemory == 300 << 20)
        for _ in 0..<PeakEstimate.enough { profile.statistics.peaked(at: 8 << 20) }
        #expect(profile.expectedMemory == 9 << 20)
        for _ in 0..<40 { profile.statistics.peaked(at: 900 << 20) }
        #expect(profile.expectedMemory == 300 << 20)
        for _ in 0..<40 { profile.statistics.peaked(at: 0) }
        #expect(profile.expectedMemory == 1 << 20)
    }

    /// Random tasks of four pools on virtual time: the sum of needs stays within the budget, and whoever waits starts
    /// once the tasks that ran when its patience ended are over.
    @Test(arguments: UInt64(1)...20) func nobodyStarvesAndTheBudgetHolds(seed: UInt64) {
        var world = AdmissionWorld(seed: seed)
        for _ in 0..<20_000 { world.step() }
        #expect(world.highest <= AdmissionWorld.budget)
        // Four pools may wait for one another, each at most for what ran when it was its turn.
        #expect(world.longestWait > .milliseconds(500), "\(world.longestWait)")
        #expect(world.longestWait < MemoryAdmission.patience + .seconds(2), "\(world.longestWait)")
    }
}

/// Tasks of random needs and run times in four pools.
private struct AdmissionWorld {
    static let budget: UInt64 = 1_000

    private(set) var highest: UInt64 = 0
    private(set) var longestWait = Duration.zero
    private var random: SeededGenerator
    private var admission = MemoryAdmission()
    private var now = Instant(nanoseconds: 1_000_000_000)
    private var running: [(end: Instant, need: UInt64)] = []
    private var waiting: [Int: (need: UInt64, since: Instant)] = [:]

    init(seed: UInt64) {
        self.random = SeededGenerator(seed: seed)
        self.admission.budget = Self.budget
    }

    mutating func step() {
        self.now = self.now + .milliseconds(Int64.random(in: 0...5, using: &self.random))
        for done in self.running where done.end <= self.now { self.admission.release(done.need) }
        let now = self.now
        self.running.removeAll { $0.end <= now }
        self.startWaiting()
        self.arrive()
        self.highest = max(self.highest, self.admission.reserved)
    }

    private mutating func startWaiting() {
        for pool in 0..<4 {
            guard let entry = self.waiting[pool],
                self.admission.admitsWaiting(entry.need, pool: pool, now: self.now)
            else { continue }
            self.longestWait = max(self.longestWait, self.now - entry.since)
            self.waiting[pool] = nil
            self.admission.waitIsOver(pool: pool)
            self.start(entry.need)
        }
    }

    private mutating func arrive() {
        let pool = Int.random(in: 0..<4, using: &self.random)
        let isLarge = Int.random(in: 0..<50, using: &self.random) == 0
        let need: UInt64 = isLarge ? 950 : UInt64.random(in: 1...50, using: &self.random)
        if self.admission.admits(need, pool: 0, now: self.now) {
            self.start(need)
        } else if self.waiting[pool] == nil {
            self.waiting[pool] = (need, self.now)
            self.admission.waits(pool: pool, now: self.now)
        }
    }

    private mutating func start(_ need: UInt64) {
        self.admission.reserve(need)
        let time = Duration.milliseconds(Int64.random(in: 1...200, using: &self.random))
        self.running.append((self.now + time, need))
    }
}

/// What a task is expected to need.
@Suite struct PeakEstimateTests {
    @Test func nothingIsKnownFromTooFewRuns() {
        var estimate = PeakEstimate()
        for _ in 1..<PeakEstimate.enough {
            estimate.ran(peak: 5)
            #expect(estimate.bytes == nil)
        }
        estimate.ran(peak: 5)
        #expect(estimate.bytes == 5)
    }

    @Test func aSpikeInManyRunsIsNone() {
        var estimate = PeakEstimate()
        for run in 0..<320 { estimate.ran(peak: run % 32 == 7 ? 1 << 40 : 100) }
        #expect(estimate.bytes == 100)
    }

    @Test func aTaskThatIsLargeInOneRunOfFiveIsLarge() {
        var estimate = PeakEstimate()
        for run in 0..<320 { estimate.ran(peak: run % 5 == 0 ? 1_000 : 100) }
        #expect(estimate.bytes == 1_000)
    }

    @Test func whatIsNoLongerNeededIsForgotten() {
        var estimate = PeakEstimate()
        for _ in 0..<100 { estimate.ran(peak: 1_000) }
        for _ in 0..<40 { estimate.ran(peak: 10) }
        #expect(estimate.bytes == 10)
    }

    @Test func growthIsFollowed() {
        var estimate = PeakEstimate()
        for _ in 0..<100 { estimate.ran(peak: 10) }
        for _ in 0..<5 { estimate.ran(peak: 1_000) }
        #expect(estimate.bytes == 1_000)
    }
}
