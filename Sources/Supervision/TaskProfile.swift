/// What the supervisor knows of one task name: its limits, its policy, and how it has behaved.
public struct TaskProfile: Equatable, Sendable {
    /// Limits of one attempt.
    public var limits: TaskLimits
    /// When to run it again.
    public var retry: RetryPolicy
    /// The pool that runs it, by index.
    public var pool: Int
    /// Memory that its leaks may take of a child before it is replaced; `nil` replaces none for leaks.
    public var leakAllowance: ByteCount?
    /// How it has behaved.
    public var statistics = TaskStatistics()

    /// A task that has not run yet.
    public init(limits: TaskLimits, retry: RetryPolicy, pool: Int) {
        self.limits = limits
        self.retry = retry
        self.pool = pool
    }
}

/// How a task has behaved: what decides whether a child may hold more than one of it.
public struct TaskStatistics: Equatable, Sendable {
    /// Runs seen.
    public private(set) var runs = 0
    /// Mean run time in nanoseconds, recent runs weighing more.
    public private(set) var meanRunTime: UInt64 = 0
    /// Whether it has ever written output. Such a task never shares a child's pipe with others, so that each
    /// line of output is known to be its own.
    public var writesOutput = false
    /// How often an attempt was found to be stuck.
    public internal(set) var stuck = 0
    /// How often its breaker was tripped.
    public internal(set) var trips = 0

    /// What it adds to its children's memory.
    public private(set) var peaks = PeakEstimate()
    /// Processes that it has left behind.
    public internal(set) var leftovers = 0

    /// A task that has not run.
    public init() {}

    /// An attempt added so much memory at its peak. A child may claim anything: cut to what sums can hold.
    mutating func peaked(at bytes: UInt64) { self.peaks.ran(peak: min(bytes, 1 << 44)) }

    /// Adds a run.
    public mutating func ran(for nanoseconds: UInt64) {
        self.runs += 1
        let weight = UInt64(min(self.runs, 8))
        // A child may claim any time. Cut to hours, so that the sum over a child's tasks cannot overflow.
        self.meanRunTime = (self.meanRunTime * (weight - 1) + min(nanoseconds, 1 << 44)) / weight
    }

    /// Whether a few may wait in a child's pipe: seen often enough, below a millisecond, silent.
    public var mayQueue: Bool { self.runs >= 8 && self.meanRunTime < 1_000_000 && !self.writesOutput }
}
