/// Doubling waits between tries.
public struct Backoff: Equatable, Sendable {
    /// The first wait.
    public let first: Duration
    /// The longest wait.
    public let longest: Duration
    /// Tries that have failed in a row.
    public private(set) var failures = 0

    /// Waits from `first`, doubling up to `longest`.
    public init(first: Duration, longest: Duration) {
        self.first = first
        self.longest = longest
    }

    /// A try failed: how long to wait before the next one.
    public mutating func failed() -> Duration {
        defer { self.failures += 1 }
        return Self.wait(first: self.first, longest: self.longest, failures: self.failures)
    }

    /// A try succeeded: the next failure waits the shortest time again.
    public mutating func succeeded() { self.failures = 0 }

    /// The wait after so many earlier failures.
    public static func wait(first: Duration, longest: Duration, failures: Int) -> Duration {
        var wait = first
        // Step by step: the product may not fit a duration.
        for _ in 0..<min(max(0, failures), 64) where wait < longest { wait = wait * 2 }
        return min(longest, wait)
    }
}

/// A small seeded generator (SplitMix64), so that jitter repeats in a simulation.
public struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64

    /// A generator whose numbers depend only on the seed.
    public init(seed: UInt64) { self.state = seed }

    public mutating func next() -> UInt64 {
        self.state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = self.state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
