/// What the ledger knows of one task. Of fixed size, some 10 KiB.
struct LeakRecord: Sendable {
    /// Runs that the child lived through.
    private(set) var runs = 0
    /// Runs that left processes behind.
    private(set) var runsWithProcesses = 0
    /// Children that ran it more than a few times and are gone.
    private(set) var endedLives = 0
    /// The most runs that one child has had; less once no child has come near it for long.
    private(set) var longestLife = 0
    /// Looks since one came from the later half of such a life.
    private var youngLooks = 0
    private var series: [RetainedResource: RetentionSeries] = [:]
    private(set) var estimates: [RetainedResource: LeakEstimate] = [:]
    private(set) var isLeaking = false
    /// What it has ever been found to leak.
    private(set) var everFound: Set<RetainedResource> = []
    private var looks = 0

    /// Runs at the begin of a child's life that nothing is concluded from.
    static let warmUp = 3
    /// A child's runs that show what is bounded; or so many lives of fewer, at least so many runs each.
    private static let (longLife, veryLongLife) = (100, 400)
    private static let (manyLives, shortLife) = (8, 16)
    /// Looks after which what is known is weighed anew: often at first, when each look counts.
    private var looksPerVerdict: Int { self.looks < 128 ? 4 : 32 }
    /// Runs that leave processes behind are seen, not estimated: so few are enough.
    private static let fewestWithProcesses = 3

    /// The age from which on growth counts.
    var lateAge: Int { max(Self.warmUp, self.longestLife / 2) }

    private var maturity: RetentionSeries.Maturity {
        if self.longestLife >= Self.veryLongLife { return .full }
        if self.longestLife >= Self.longLife { return .enough }
        return self.endedLives >= Self.manyLives && self.longestLife >= Self.shortLife ? .enough : .none
    }

    /// It ran, as a child's `age`th run of it.
    mutating func ran(age: Int, leavingProcesses: Bool) {
        self.runs += 1
        if leavingProcesses { self.runsWithProcesses += 1 }
        self.longestLife = max(self.longestLife, age)
    }

    /// A child that had run it so often is gone.
    mutating func lifeEnded(age: Int) { if age > Self.warmUp { self.endedLives += 1 } }

    /// Runs of it alone changed their child so much.
    mutating func stepped(_ growth: RetainedGrowth) {
        guard growth.age >= self.lateAge else { return self.lookedTooEarly() }
        self.youngLooks = 0
        self.looks += 1
        for (resource, amount) in growth.perRun {
            self.series[resource, default: RetentionSeries()].stepped(amount, age: growth.age)
        }
    }

    /// That is what was left of a step after the next one.
    mutating func settled(_ growth: RetainedGrowth) {
        guard growth.age >= self.lateAge else { return }
        for (resource, amount) in growth.perRun {
            self.series[resource, default: RetentionSeries()].settled(amount, age: growth.age)
        }
    }

    /// What it is known to leak with each run.
    func leak(of resource: RetainedResource) -> Double {
        guard let estimate = self.estimates[resource], estimate.isLeak else { return 0 }
        return estimate.perRun
    }

    /// Children that are replaced earlier than they used to be have other ages.
    private mutating func lookedTooEarly() {
        self.youngLooks += 1
        guard self.youngLooks > 256 else { return }
        self.youngLooks = 0
        self.longestLife /= 2
    }

    /// A child's level rose so far while it ran.
    mutating func spanned(_ growth: RetainedGrowth) {
        for (resource, amount) in growth.perRun {
            self.series[resource, default: RetentionSeries()].spanned(amount, age: growth.age)
        }
    }

    /// Whether it is time to weigh what is known.
    var isDue: Bool { self.looks > 0 && self.looks % self.looksPerVerdict == 0 }

    /// Weighs what is known. Returns the resources for which the verdict has changed.
    mutating func judge() -> [RetainedResource] {
        var changed: [RetainedResource] = []
        for resource in RetainedResource.allCases {
            let estimate = self.estimate(of: resource)
            if estimate.isLeak != (self.estimates[resource]?.isLeak ?? false) { changed.append(resource) }
            self.estimates[resource] = estimate
            if estimate.isLeak { self.everFound.insert(resource) }
        }
        self.isLeaking = self.estimates.values.contains(where: \.isLeak)
        return changed
    }

    private func estimate(of resource: RetainedResource) -> LeakEstimate {
        if resource == .processes { return self.processes }
        let series = self.series[resource] ?? RetentionSeries()
        return series.estimate(
            from: self.lateAge, noticeable: resource.noticeable, maturity: self.maturity,
            wasLeak: self.estimates[resource]?.isLeak ?? false)
    }

    /// What is known of processes, which are counted.
    var processes: LeakEstimate {
        let share = self.runs == 0 ? 0 : Double(self.runsWithProcesses) / Double(self.runs)
        let margin = self.runs == 0 ? 0 : 1.96 * (share * (1 - share) / Double(self.runs)).squareRoot()
        var estimate = LeakEstimate(
            perRun: share, interval: max(0, share - margin)...min(1, share + margin),
            confidence: self.runsWithProcesses > 0 ? 1 : 0, looks: self.runs, isLeak: false)
        estimate.isLeak =
            self.runsWithProcesses >= Self.fewestWithProcesses && share > RetainedResource.processes.noticeable
        return estimate
    }
}
