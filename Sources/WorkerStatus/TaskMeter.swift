import Supervision

/// What became of one task's attempts, in counters of fixed size.
public final class TaskMeter {
    /// How an attempt, or a message that was never run, ended.
    public enum Outcome: String, CaseIterable, Sendable {
        case success, failure, revoked, rejected
        /// The message runs again: the task asked for it, or its policy.
        case retry
        /// The child was lost, and the message runs again.
        case lost
    }

    /// Every cause that has a counter. The first is for none, the last for what has no counter of its own.
    public static let causes: [String] =
        [""] + Cause.names + ["expired", "revoked", "not_registered", "too_many_deliveries", "other"]
    private static let causeIndexes = Dictionary(uniqueKeysWithValues: TaskMeter.causes.enumerated().map { ($1, $0) })

    private var ends = [UInt64](repeating: 0, count: Outcome.allCases.count * TaskMeter.causes.count)
    /// How long attempts ran, in nanoseconds.
    public private(set) var runTime = Histogram(bounds: Histogram.timeBounds)
    /// How long messages were held before their task started, in nanoseconds.
    public private(set) var waitTime = Histogram(bounds: Histogram.timeBounds)
    /// Memory that attempts added at their peaks, in bytes.
    public private(set) var peakMemory = Histogram(bounds: Histogram.memoryBounds)
    /// The highest of them.
    public private(set) var highestPeak: UInt64 = 0

    /// A meter that has seen nothing.
    public init() {}

    /// Counts an end. Most have no cause, and cost one addition.
    public func ended(_ outcome: Outcome, cause: String? = nil) {
        let cause = cause.map { Self.causeIndexes[$0] ?? Self.causes.count - 1 } ?? 0
        self.ends[Self.index(outcome, cause)] &+= 1
    }

    /// Counts a run. A child may claim anything: both are cut to what is possible.
    public func ran(for nanoseconds: UInt64, peakMemory: UInt64) {
        self.runTime.add(min(nanoseconds, 1 << 54))
        let peak = min(peakMemory, 1 << 44)
        self.peakMemory.add(peak)
        self.highestPeak = max(self.highestPeak, peak)
    }

    /// Counts a start after so many nanoseconds.
    public func started(after nanoseconds: UInt64) { self.waitTime.add(nanoseconds) }

    /// The ends that have been seen.
    public var seenEnds: [WorkerSnapshot.End] {
        Outcome.allCases.flatMap { outcome in
            Self.causes.indices.compactMap { cause in
                let count = self.ends[Self.index(outcome, cause)]
                guard count > 0 else { return nil }
                return WorkerSnapshot.End(outcome: outcome.rawValue, cause: Self.causes[cause], count: count)
            }
        }
    }

    private static func index(_ outcome: Outcome, _ cause: Int) -> Int {
        outcome.place * Self.causes.count + cause
    }
}

extension TaskMeter.Outcome {
    fileprivate var place: Int {
        switch self {
        case .success: 0
        case .failure: 1
        case .revoked: 2
        case .rejected: 3
        case .retry: 4
        case .lost: 5
        }
    }
}

/// The meters of all tasks, by the tasks' indexes. One that nothing happened to has none, so a worker may know thousands.
public final class TaskMeters {
    private var meters: [TaskMeter?]
    /// The meter of what has no task here.
    public let unknown = TaskMeter()

    /// No task has a meter yet.
    public init(tasks: Int) { self.meters = Array(repeating: nil, count: tasks) }

    /// The meter of a task, which is made when it is first asked for.
    public subscript(task: Int) -> TaskMeter {
        if let meter = self.meters[task] { return meter }
        let meter = TaskMeter()
        self.meters[task] = meter
        return meter
    }

    /// The tasks that have a meter, and these.
    public var used: [(task: Int, meter: TaskMeter)] {
        self.meters.enumerated().compactMap { index, meter in meter.map { (index, $0) } }
    }
}
