import Testing

@testable import Supervision

/// A worker in virtual time whose tasks leave things behind, watched as a real one is.
private struct Workshop {
    /// What a run of a task does to its child.
    typealias Body = @Sendable (inout Child, inout SeededGenerator) -> Void

    struct Child {
        let id: ChildID
        var heap = 2_000_000.0
        var mapped = 1_000_000.0
        var descriptors = 8.0
        var threads = 1.0
        var runs = 0
        /// What tasks keep, by task.
        var kept: [Int: Double] = [:]
        var entries: [Int: Int] = [:]
        /// What is freed when the next task runs.
        var deferred = 0.0
        var budget: SamplingBudget

        /// A task keeps so much in place of what it has kept.
        mutating func keep(_ bytes: Double, _ task: Int) {
            self.heap += bytes - (self.kept[task] ?? 0)
            self.kept[task] = bytes
        }

        var sample: ChildSample {
            ChildSample(
                heap: UInt64(max(0, self.heap)), privateMemory: UInt64(max(0, self.heap + self.mapped)),
                descriptors: UInt32(self.descriptors), threads: UInt32(self.threads))
        }
    }

    var ledger = LeakLedger()
    var children: [Child] = []
    var random: SeededGenerator
    var now = Instant(nanoseconds: 0)
    var serial: UInt64 = 0
    /// Tasks found leaking at any time, with what they leak.
    var found: Set<String> = []
    var runs: [Int]
    /// Runs of each task when it was first found.
    var foundAfter: [Int: Int] = [:]

    let bodies: [Body]
    let maxTasks: Int
    let runTime: ClosedRange<Int>

    init(seed: UInt64, children: Int = 2, maxTasks: Int = .max, runTime: ClosedRange<Int>, _ bodies: [Body]) {
        self.random = SeededGenerator(seed: seed)
        self.bodies = bodies
        self.maxTasks = maxTasks
        self.runTime = runTime
        self.runs = Array(repeating: 0, count: bodies.count)
        for index in 0..<children { self.children.append(self.child(index)) }
    }

    private mutating func child(_ index: Int) -> Child {
        self.serial += 1
        let budget = SamplingBudget(share: 0.003, now: self.now)
        return Child(id: ChildID(index: index, serial: self.serial), budget: budget)
    }

    /// A task runs in a child, which looks at itself when it may.
    mutating func run(_ task: Int) {
        let index = Int.random(in: self.children.indices, using: &self.random)
        // Other children work at the same time.
        let time = Int.random(in: self.runTime, using: &self.random) / self.children.count
        self.now = self.now + .microseconds(time)
        self.noise(index)
        self.children[index].heap -= self.children[index].deferred
        self.children[index].deferred = 0
        self.bodies[task](&self.children[index], &self.random)
        self.runs[task] += 1
        self.note(self.ledger.ran(task, in: self.children[index].id, leavingProcesses: false))
        self.children[index].runs += 1
        if self.children[index].runs == self.maxTasks { return self.replace(index) }
        guard self.children[index].budget.attemptEnded(now: self.now) else { return }
        self.children[index].budget.looked(for: .microseconds(Int.random(in: 10...40, using: &self.random)))
        self.note(self.ledger.looked(at: self.children[index].id, self.children[index].sample))
    }

    /// Buffers come and go, tables grow, and the heap keeps some pages.
    private mutating func noise(_ index: Int) {
        let age = Double(self.children[index].runs)
        self.children[index].keep(Double.random(in: 0...4_000, using: &self.random), -1)
        if age < 40 { self.children[index].heap += 20_000 / (age + 1) }
        self.children[index].mapped = 1_000_000 + Double.random(in: 0...400_000, using: &self.random)
    }

    private mutating func replace(_ index: Int) {
        self.ledger.childGone(self.children[index].id)
        self.children[index] = self.child(index)
    }

    private mutating func note(_ verdicts: [LeakLedger.Verdict]) {
        for verdict in verdicts where verdict.estimate.isLeak {
            self.found.insert("\(verdict.task ?? -1) \(verdict.resource)")
            if let task = verdict.task, self.foundAfter[task] == nil { self.foundAfter[task] = self.runs[task] }
        }
    }

    /// Tasks that are found leaking now.
    var leaking: [Int] { self.ledger.summary.filter(\.isLeaking).compactMap(\.task).sorted() }
}

private func leaks(_ bytes: Double, every runs: Int = 1) -> Workshop.Body {
    { child, random in
        if Int.random(in: 0..<runs, using: &random) == 0 {
            child.heap += bytes * Double.random(in: 0.9...1.1, using: &random)
        }
    }
}

private let innocent: Workshop.Body = { child, random in
    child.keep(Double.random(in: 0...2_000, using: &random), -2)
}
private let leaksDescriptors: Workshop.Body = { child, _ in child.descriptors += 1 }
/// Keeps what it made until its next run, sometimes very much of it.
private let spiky: Workshop.Body = { child, random in
    let size = Double.random(in: 0...1, using: &random)
    child.keep(size * size * size * 30_000_000, 2)
}
/// What it has used is freed by a thread a little later.
private let freesLate: Workshop.Body = { child, random in
    child.deferred = Double.random(in: 1_000...50_000, using: &random)
    child.heap += child.deferred
}
/// Remembers results under so many different keys.
private func caches(_ entries: Int, _ task: Int) -> Workshop.Body {
    { child, random in
        guard Int.random(in: 0..<entries, using: &random) >= child.entries[task, default: 0] else { return }
        child.entries[task, default: 0] += 1
        child.heap += 65_536
    }
}
private let twenty: [Workshop.Body] =
    [leaks(204_800), leaksDescriptors, spiky, caches(32, 3), freesLate] + Array(repeating: innocent, count: 15)

/// The ledger against tasks of which it is known what they leave behind.
struct LeakLedgerTests {
    private static let both: Set = ["0 heap", "1 descriptors"]

    /// The promise of docs/leaks.md.
    @Test(arguments: 0..<100) func namesExactlyTheTwoThatLeak(seed: Int) {
        var workshop = Workshop(seed: UInt64(seed), runTime: 500...4_000, twenty)
        while workshop.runs[0] < 300 || workshop.runs[1] < 300 { workshop.runRandomTask() }
        #expect(workshop.found == Self.both)
        #expect(workshop.leaking == [0, 1])
        #expect(workshop.foundAfter.values.allSatisfy { $0 <= 300 }, "\(workshop.foundAfter)")
    }

    @Test(arguments: 0..<4) func namesNobodyElseLater(seed: Int) {
        var workshop = Workshop(seed: UInt64(seed), runTime: 500...4_000, twenty)
        for _ in 0..<30_000 { workshop.runRandomTask() }
        #expect(workshop.found == Self.both && workshop.leaking == [0, 1])
    }

    /// Each child runs each task some fifty times.
    @Test(arguments: 0..<4) func childrenMayBeReplaced(seed: Int) {
        var workshop = Workshop(seed: UInt64(seed), maxTasks: 1_000, runTime: 1_000...8_000, twenty)
        for _ in 0..<40_000 { workshop.runRandomTask() }
        #expect(workshop.found == Self.both && workshop.leaking == [0, 1])
    }

    @Test(arguments: 0..<2) func quickTasksAreLookedAtLessOften(seed: Int) {
        var workshop = Workshop(seed: UInt64(seed), runTime: 20...100, twenty)
        for _ in 0..<400_000 { workshop.runRandomTask() }
        #expect(workshop.found == Self.both && workshop.leaking == [0, 1])
    }

    /// What one task retains and another one frees is nobody's leak, though each run of the first adds to it.
    @Test(arguments: 0..<4) func whatAnotherTaskFreesIsNoLeak(seed: Int) {
        let keeps: Workshop.Body = { child, _ in
            child.heap += 100_000
            child.kept[9, default: 0] += 100_000
        }
        let frees: Workshop.Body = { child, _ in
            child.heap -= child.kept[9, default: 0]
            child.kept[9] = 0
        }
        var workshop = Workshop(seed: UInt64(seed), runTime: 500...4_000, [keeps, frees, innocent, innocent, innocent])
        for _ in 0..<20_000 { workshop.runRandomTask() }
        #expect(workshop.found.isEmpty)
    }

    /// A cache that takes longer to fill than anybody can know is named while it grows, and acquitted once it is full.
    @Test func aFullCacheIsAcquitted() {
        let cache: Workshop.Body = { child, _ in
            guard child.entries[0, default: 0] < 2_000 else { return }
            child.entries[0, default: 0] += 1
            child.heap += 65_536
        }
        var workshop = Workshop(seed: 1, children: 1, runTime: 10_000...20_000, [cache])
        for _ in 0..<1_000 { workshop.runRandomTask() }
        #expect(workshop.leaking == [0])
        for _ in 0..<4_000 { workshop.runRandomTask() }
        #expect(workshop.leaking.isEmpty)
    }

    @Test func processesThatAreLeftAreCounted() {
        var ledger = LeakLedger()
        var verdicts: [LeakLedger.Verdict] = []
        for run in 0..<30 {
            verdicts += ledger.ran(7, in: child(UInt64(run + 1)), leavingProcesses: run % 10 == 0)
        }
        #expect(verdicts.map(\.resource) == [.processes])
        #expect(ledger.summary.first?.leaks == [.processes])
        #expect(ledger.summary.first?.estimates[.processes]?.perRun == 0.1)
    }

    @Test func aMillionTaskNamesTakeBoundedMemory() {
        var ledger = LeakLedger()
        for task in 0..<1_000_000 { _ = ledger.ran(task, in: child(1), leavingProcesses: false) }
        #expect(ledger.summary.count == LeakLedger.mostTasks + 1)
        #expect(ledger.summary.first { $0.task == nil }?.runs == 1_000_000 - LeakLedger.mostTasks)
    }

    @Test func whatIsLeakedInAChildIsItsOwn() {
        var workshop = Workshop(seed: 1, children: 1, runTime: 10_000...20_000, [leaks(100_000), innocent])
        for _ in 0..<600 { workshop.runRandomTask() }
        let child = workshop.children[0].id
        let leaked = workshop.ledger.leaked(in: child) { $0 == 0 }[.heap] ?? 0
        #expect((0.9...1.1).contains(leaked / (Double(workshop.runs[0]) * 100_000)))
        #expect(workshop.ledger.leaked(in: child) { $0 == 1 }.isEmpty)
        workshop.ledger.childGone(child)
        #expect(workshop.ledger.leaked(in: child) { _ in true }.isEmpty)
    }
}

extension Workshop {
    fileprivate mutating func runRandomTask() { self.run(Int.random(in: self.bodies.indices, using: &self.random)) }
}
