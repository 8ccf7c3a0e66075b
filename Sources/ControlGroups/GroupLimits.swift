/// What the kernel is to keep for one child's group. `nil` sets no limit.
public struct GroupLimits: Equatable, Sendable {
    /// Memory that the attempt may add to what a fresh child has, in bytes.
    public var memory: UInt64?
    /// Processes and threads.
    public var tasks: Int?
    /// CPU time for each unit of time, in percent of one processor.
    public var cpuPercent: Int?

    /// No limits.
    public init() {}

    /// Threads that a child may have beside those of its descendants: Dispatch starts up to 64, Swift's pool one for
    /// each processor, and a program some of its own.
    static let threads = 256
    /// Threads that each descendant may have, on the average.
    static let threadsOfDescendant = 8

    /// Limits the processes below the child. The kernel counts threads as well, so this is a wall some way behind the
    /// limit, at which a storm of forks stops before anybody has looked.
    public mutating func setProcesses(_ most: Int) {
        let (product, overflow) = most.multipliedReportingOverflow(by: Self.threadsOfDescendant)
        self.tasks = overflow || product > 1 << 22 ? nil : product + Self.threads
    }

    /// Whether both are wide enough for either.
    public func widened(to other: GroupLimits) -> GroupLimits {
        var wider = GroupLimits()
        wider.memory = self.memory.flatMap { mine in other.memory.map { max(mine, $0) } }
        wider.tasks = self.tasks.flatMap { mine in other.tasks.map { max(mine, $0) } }
        wider.cpuPercent = self.cpuPercent.flatMap { mine in other.cpuPercent.map { max(mine, $0) } }
        return wider
    }
}

/// The files in which a version keeps limits and counts.
struct GroupDialect {
    let version: GroupVersion

    /// What to write for the limits, in order. A file that is missing, as some kernels lack it, is left out.
    func settings(_ limits: GroupLimits, over baseline: UInt64) -> [(
        controller: GroupLocation.Controller, file: String, text: String
    )] {
        switch self.version {
        case .v2:
            let soft = limits.memory.map { "\(baseline + $0 / 8 * 7)" } ?? "max"
            let hard = limits.memory.map { "\(Self.hard($0, over: baseline))" } ?? "max"
            return [
                (.memory, "memory.high", soft), (.memory, "memory.max", hard),
                (.pids, "pids.max", limits.tasks.map { "\($0)" } ?? "max"),
                (.cpu, "cpu.max", limits.cpuPercent.map { "\($0 * 1_000) 100000" } ?? "max 100000"),
            ]
        case .v1:
            let hard = limits.memory.map { "\(Self.hard($0, over: baseline))" } ?? "-1"
            return [
                (.memory, "memory.limit_in_bytes", hard),
                (.pids, "pids.max", limits.tasks.map { "\($0)" } ?? "max"),
                (.cpu, "cpu.cfs_quota_us", limits.cpuPercent.map { "\($0 * 1_000)" } ?? "-1"),
            ]
        }
    }

    /// The kernel also counts what it keeps for the processes itself: page tables, sockets, directory entries.
    private static func hard(_ memory: UInt64, over baseline: UInt64) -> UInt64 {
        baseline + memory + memory / 64 + (1 << 20)
    }

    var usageFile: String { self.version == .v2 ? "memory.current" : "memory.usage_in_bytes" }
    var peakFile: String { self.version == .v2 ? "memory.peak" : "memory.max_usage_in_bytes" }
    var eventsFile: String { self.version == .v2 ? "memory.events" : "memory.oom_control" }
}
