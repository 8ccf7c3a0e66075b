/// How much memory is left in one place: the machine, or a control group that the worker is in.
public struct MemoryReading: Equatable, Sendable {
    /// What the place has, in bytes.
    public var total: UInt64
    /// What is left of it, in bytes.
    public var available: UInt64
    /// Part of the last ten seconds, in percent, in which all work waited for memory.
    public var stalledPercent = 0

    /// A reading without stalls.
    public init(total: UInt64, available: UInt64) {
        self.total = total
        self.available = available
    }
}
