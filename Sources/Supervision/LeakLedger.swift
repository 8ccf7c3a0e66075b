/// Finds out which tasks leave something behind in their children: memory, descriptors, threads, processes.
///
/// Children tell now and then what they hold between two attempts; every outcome says what ran in between. The ledger
/// performs nothing and reads no clock. Its memory is bounded: a ``LeakRecord`` for each of the tasks that ran first, one
/// for all others, and a ``LeakBook`` for each living child.
public struct LeakLedger: Sendable {
    /// Tasks that have a record of their own.
    static let mostTasks = 255

    /// Places of tasks by their index, -1 for none yet; the last place is that of all others.
    private var places: [Int16] = []
    private var tasks: [Int] = []
    private var records: [LeakRecord] = []
    private var others = LeakRecord()
    /// Books of living children by their place in the supervisor's table.
    private var books: [LeakBook?] = []

    /// An empty ledger.
    public init() {}

    /// A verdict on a task that has changed.
    public struct Verdict: Equatable, Sendable {
        /// The task; `nil` for those that share a record.
        public let task: Int?
        /// What it leaves behind, or does not any more.
        public let resource: RetainedResource
        /// How much.
        public let estimate: LeakEstimate
        /// Whether it is the first one that speaks of a leak.
        public let isFirst: Bool
    }

    // MARK: Events

    /// A task ended in a child, which lives on.
    mutating func ran(_ task: Int, in child: ChildID, leavingProcesses: Bool) -> [Verdict] {
        let place = self.place(of: task)
        let age = self.withBook(of: child) { $0.ran(place) }
        self.update(place) { $0.ran(age: age, leavingProcesses: leavingProcesses) }
        return leavingProcesses ? self.judge(place) : []
    }

    /// A child was looked at between two attempts.
    mutating func looked(at child: ChildID, _ sample: ChildSample) -> [Verdict] {
        let lateAge = self.withBook(of: child) { $0.latest }.map { self.lateAge(of: $0) } ?? 0
        let findings = self.withBook(of: child) { $0.looked(sample, lateAge: lateAge) }
        if let span = findings.span { self.update(span.place) { $0.spanned(span.growth) } }
        guard let step = findings.step else { return [] }
        self.update(step.place) { $0.stepped(step.growth) }
        if let before = findings.stepBefore { self.settle(before, followedBy: step) }
        return self.isDue(step.place) ? self.judge(step.place) : []
    }

    /// What a task added, less what the next run gave back of it: threads may free later what a task has used.
    private mutating func settle(_ step: LeakBook.Growth, followedBy next: LeakBook.Growth) {
        let (runs, nextRuns) = (Double(step.growth.runs), Double(next.growth.runs))
        guard step.place == next.place || next.growth.runs == 1 else { return }
        let perRun = step.growth.perRun.map { resource, amount in
            let after = next.growth.perRun[resource, default: 0]
            let settled =
                step.place == next.place
                ? (amount * runs + after * nextRuns) / (runs + nextRuns)
                : amount + (after - self.leak(of: resource, by: next.place)) / runs
            return (resource, settled)
        }
        let growth = RetainedGrowth(
            age: step.growth.age, runs: step.growth.runs, perRun: Dictionary(uniqueKeysWithValues: perRun))
        self.update(step.place) { $0.settled(growth) }
    }

    /// A child is gone.
    mutating func childGone(_ child: ChildID) {
        guard child.index < self.books.count, let book = self.books[child.index], book.serial == child.serial else {
            return
        }
        self.books[child.index] = nil
        for (place, age) in book.runs { self.update(place) { $0.lifeEnded(age: age) } }
    }

    private mutating func judge(_ place: Int) -> [Verdict] {
        let known = self.record(place).everFound
        var changed: [RetainedResource] = []
        self.update(place) { changed = $0.judge() }
        return changed.compactMap { resource in
            guard let estimate = self.record(place).estimates[resource] else { return nil }
            return Verdict(
                task: self.task(place), resource: resource, estimate: estimate,
                isFirst: estimate.isLeak && !known.contains(resource))
        }
    }

    // MARK: Places

    private func task(_ place: Int) -> Int? { place < self.tasks.count ? self.tasks[place] : nil }

    private mutating func place(of task: Int) -> Int {
        while self.places.count <= task { self.places.append(-1) }
        if self.places[task] >= 0 { return Int(self.places[task]) }
        guard self.tasks.count < Self.mostTasks else { return Self.mostTasks }
        self.places[task] = Int16(self.tasks.count)
        self.tasks.append(task)
        self.records.append(LeakRecord())
        return self.tasks.count - 1
    }

    // Single members, since a record is too large to be copied at each look.

    private func lateAge(of place: Int) -> Int {
        place < Self.mostTasks ? self.records[place].lateAge : self.others.lateAge
    }

    private func isDue(_ place: Int) -> Bool {
        place < Self.mostTasks ? self.records[place].isDue : self.others.isDue
    }

    private func leak(of resource: RetainedResource, by place: Int) -> Double {
        place < Self.mostTasks ? self.records[place].leak(of: resource) : self.others.leak(of: resource)
    }

    private func record(_ place: Int) -> LeakRecord {
        place < Self.mostTasks ? self.records[place] : self.others
    }

    private mutating func update(_ place: Int, _ change: (inout LeakRecord) -> Void) {
        if place < Self.mostTasks { change(&self.records[place]) } else { change(&self.others) }
    }

    private mutating func withBook<Result>(of child: ChildID, _ body: (inout LeakBook) -> Result) -> Result {
        while self.books.count <= child.index { self.books.append(nil) }
        if self.books[child.index]?.serial != child.serial {
            self.books[child.index] = LeakBook(serial: child.serial, places: Self.mostTasks + 1)
        }
        return body(&self.books[child.index]!)
    }

    // MARK: What it says

    /// What tasks found leaking have left in a child, by their estimates, as far as `counts` lets a task count.
    func leaked(in child: ChildID, counting counts: (Int) -> Bool) -> [RetainedResource: Double] {
        guard child.index < self.books.count, let book = self.books[child.index], book.serial == child.serial else {
            return [:]
        }
        var sums: [RetainedResource: Double] = [:]
        for (place, task) in self.tasks.enumerated() where self.records[place].isLeaking && counts(task) {
            for (resource, estimate) in self.records[place].estimates where estimate.isLeak {
                sums[resource, default: 0] += estimate.perRun * Double(book.age(of: place))
            }
        }
        return sums
    }

    /// Whether a task has been found leaking.
    func isLeaking(_ task: Int) -> Bool {
        guard task < self.places.count, self.places[task] >= 0 else { return false }
        return self.records[Int(self.places[task])].isLeaking
    }

    /// What is known of each task that has run: those that leak first, then by their runs.
    public var summary: [LeakSummary] {
        var all = zip(self.tasks, self.records).map { LeakSummary(task: $0, $1) }
        if self.others.runs > 0 { all.append(LeakSummary(task: nil, self.others)) }
        return all.sorted { ($0.isLeaking ? 1 : 0, $0.runs) > ($1.isLeaking ? 1 : 0, $1.runs) }
    }
}

/// What the ledger knows of a task.
public struct LeakSummary: Equatable, Sendable {
    /// The task; `nil` for all that share a record.
    public let task: Int?
    /// Runs that its children lived through.
    public let runs: Int
    /// The estimate for each resource.
    public let estimates: [RetainedResource: LeakEstimate]

    init(task: Int?, _ record: LeakRecord) {
        self.task = task
        self.runs = record.runs
        self.estimates = record.estimates.merging([.processes: record.processes]) { $1 }
    }

    /// What it leaks.
    public var leaks: [RetainedResource] { RetainedResource.allCases.filter { self.estimates[$0]?.isLeak ?? false } }

    /// Whether it leaks anything.
    public var isLeaking: Bool { !self.leaks.isEmpty }
}
