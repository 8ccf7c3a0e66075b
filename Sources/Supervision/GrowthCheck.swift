/// Judges what a task leaves behind that ran alone in one child, by looks after each of its runs.
///
/// Nothing is concluded from the first half of the runs, in which what starts up starts and caches fill. A leak is what
/// grows by more than the budget over the second half, and still does in its second half.
public struct GrowthCheck: Sendable {
    /// What a child holds that a task may let grow.
    public enum Holding: String, CaseIterable, Sendable {
        case heap
        case privateMemory = "private_memory"
        case descriptors
        case threads
        case processes

        /// Whether it is measured in bytes.
        public var isMemory: Bool { self == .heap || self == .privateMemory }
    }

    /// How one of them grew.
    public struct Growth: Equatable, Sendable {
        /// What grew.
        public let holding: Holding
        /// By how much with each run.
        public let perRun: Double
        /// Where that lies with 95 % probability.
        public let interval: ClosedRange<Double>
        /// How much is allowed.
        public let budget: Double
        /// Whether it is a leak.
        public let leaks: Bool
        /// Whether it grew in the first half only.
        public let hasSettled: Bool
    }

    /// Fewest runs that tell something.
    public static let fewestRuns = 40

    private let samples: [ChildSample]
    private let runs: Int
    private let leftProcesses: Int
    private let budget: Double

    /// - Parameters:
    ///   - samples: what the child held after each of its runs.
    ///   - runs: all runs, in this child and others.
    ///   - leftProcesses: processes that runs left behind. The engine kills them, and takes another child.
    ///   - budget: memory that each run may leave behind.
    public init(samples: [ChildSample], runs: Int, leftProcesses: Int, budget: ByteCount) {
        self.samples = samples
        self.runs = runs
        self.leftProcesses = leftProcesses
        self.budget = Double(budget.bytes)
    }

    /// What grew how. Of a child's holdings nothing when no child lived long enough to tell.
    public var growths: [Growth] {
        Holding.allCases.compactMap { holding in
            holding == .processes ? self.processes : self.growth(of: holding)
        }
    }

    private var processes: Growth {
        let share = self.runs == 0 ? 0 : Double(self.leftProcesses) / Double(self.runs)
        return Growth(
            holding: .processes, perRun: share, interval: share...share, budget: 0, leaks: self.leftProcesses > 0,
            hasSettled: false)
    }

    private func growth(of holding: Holding) -> Growth? {
        let levels = self.samples.map { $0.level(of: holding) }
        guard levels.count >= Self.fewestRuns, let later = TheilSenSlope(levels[(levels.count / 2)...]),
            let last = TheilSenSlope(levels[(levels.count / 4 * 3)...]),
            let first = TheilSenSlope(levels[..<(levels.count / 2)])
        else { return nil }
        // Runtimes start a thread or open a file now and then; no task needs a budget for what it leaks at each run.
        let budget = holding.isMemory ? self.budget : 0.02
        let leaks = later.interval.lowerBound > budget && last.interval.lowerBound > budget
        return Growth(
            holding: holding, perRun: later.slope, interval: later.interval,
            budget: holding.isMemory ? self.budget : 0, leaks: leaks, hasSettled: !leaks && first.slope > budget)
    }
}

extension ChildSample {
    fileprivate func level(of holding: GrowthCheck.Holding) -> Double {
        switch holding {
        case .heap: Double(self.heap)
        case .privateMemory: Double(self.privateMemory)
        case .descriptors: Double(self.descriptors)
        case .threads: Double(self.threads)
        case .processes: 0
        }
    }
}
