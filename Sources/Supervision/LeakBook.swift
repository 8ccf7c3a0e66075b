/// What the ledger keeps of one living child.
struct LeakBook: Sendable {
    /// The child's number.
    let serial: UInt64
    /// Runs of each task in it, by the task's place in the ledger.
    private var ages: [UInt32]
    /// The last look at it.
    private var last: ChildSample?
    /// What ran since then.
    private var sinceLast = Stretch.nothing
    /// What the last look said of the task before it.
    private var lastStep: Growth?
    /// The task that ended last.
    private(set) var latest: Int?
    /// How far its level has risen, by the age of each task.
    private var tracks: [Int: LevelTrack] = [:]

    /// What ran between two looks.
    private enum Stretch: Equatable {
        case nothing
        case one(place: Int, runs: Int)
        case several
    }

    /// What looks say of the task with this place.
    typealias Growth = (place: Int, growth: RetainedGrowth)

    init(serial: UInt64, places: Int) {
        self.serial = serial
        self.ages = Array(repeating: 0, count: places)
    }

    /// The places of tasks that have run in it, and how often.
    var runs: [(place: Int, age: Int)] {
        self.ages.indices.filter { self.ages[$0] > 0 }.map { ($0, Int(self.ages[$0])) }
    }

    func age(of place: Int) -> Int { Int(self.ages[place]) }

    /// A run ended. Returns which one of this task it was.
    mutating func ran(_ place: Int) -> Int {
        self.ages[place] &+= 1
        self.latest = place
        switch self.sinceLast {
        case .nothing: self.sinceLast = .one(place: place, runs: 1)
        case .one(place, let runs): self.sinceLast = .one(place: place, runs: runs + 1)
        case .one, .several: self.sinceLast = .several
        }
        return Int(self.ages[place])
    }

    /// What a look says.
    struct Findings {
        /// What the task that ran alone since the last look added.
        var step: Growth?
        /// What the one before it had added, when that ran alone as well.
        var stepBefore: Growth?
        /// How far the level has risen over the runs of the task that ended last.
        var span: Growth?
    }

    /// The child was looked at.
    ///
    /// - Parameter lateAge: the age of the task that ended last from which on growth counts.
    mutating func looked(_ sample: ChildSample, lateAge: Int) -> Findings {
        let step = self.step(sample)
        let findings = Findings(step: step, stepBefore: self.lastStep, span: self.span(sample, lateAge))
        (self.last, self.sinceLast, self.lastStep) = (sample, .nothing, step)
        return findings
    }

    private func step(_ sample: ChildSample) -> Growth? {
        guard let last, case .one(let place, let runs) = self.sinceLast else { return nil }
        let amounts = ChildSample.resources.map { ($0, (sample[$0] - last[$0]) / Double(runs)) }
        let growth = RetainedGrowth(
            age: self.age(of: place) - runs, runs: runs, perRun: Dictionary(uniqueKeysWithValues: amounts))
        return (place, growth)
    }

    private mutating func span(_ sample: ChildSample, _ lateAge: Int) -> Growth? {
        guard let place = self.latest, self.sinceLast != .nothing else { return nil }
        let rise = self.tracks[place, default: LevelTrack()].add(
            sample, age: self.age(of: place), lateAge: lateAge)
        return rise.map { (place, $0) }
    }
}
