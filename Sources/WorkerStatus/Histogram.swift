/// Counts values in fixed buckets. Adding one allocates nothing.
public struct Histogram: Equatable, Sendable {
    /// What a bucket's values are not above, ascending. A last bucket takes what is above all of them.
    public let bounds: [UInt64]
    /// Values in each bucket; one more than there are bounds.
    public private(set) var counts: [UInt64]
    /// All values added up; a sum that would overflow stays at the largest.
    public private(set) var sum: UInt64 = 0

    /// Nothing was counted yet.
    public init(bounds: [UInt64]) {
        self.bounds = bounds
        self.counts = Array(repeating: 0, count: bounds.count + 1)
    }

    /// Counts a value.
    public mutating func add(_ value: UInt64) {
        var bucket = 0
        while bucket < self.bounds.count, value > self.bounds[bucket] { bucket += 1 }
        self.counts[bucket] &+= 1
        let (sum, overflow) = self.sum.addingReportingOverflow(value)
        self.sum = overflow ? .max : sum
    }

    /// Values counted.
    public var count: UInt64 { self.counts.reduce(0, &+) }
}

extension Histogram {
    /// Half a millisecond to half an hour, in nanoseconds.
    public static let timeBounds: [UInt64] = [
        500_000, 1_000_000, 2_500_000, 5_000_000, 10_000_000, 25_000_000, 100_000_000, 250_000_000, 1_000_000_000,
        2_500_000_000, 10_000_000_000, 60_000_000_000, 300_000_000_000, 1_800_000_000_000,
    ]
    /// 1 MiB to 16 GiB, in bytes.
    public static let memoryBounds: [UInt64] = (0..<8).map { 1 << (20 + 2 * $0) }
}
