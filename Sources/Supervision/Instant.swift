/// A point on the monotonic clock, in nanoseconds since an arbitrary start (`CLOCK_MONOTONIC`).
///
/// Machines take it as an argument and never read a clock, so that the same code runs in virtual time.
public struct Instant: Hashable, Comparable, Sendable {
    /// Nanoseconds since the clock's start.
    public var nanoseconds: UInt64

    /// The point so many nanoseconds after the clock's start.
    public init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

    /// Later than any instant a clock returns: "never".
    public static let distantFuture = Instant(nanoseconds: .max)

    public static func < (left: Instant, right: Instant) -> Bool { left.nanoseconds < right.nanoseconds }

    public static func + (instant: Instant, duration: Duration) -> Instant {
        let (sum, overflow) = instant.nanoseconds.addingReportingOverflow(duration.wholeNanoseconds)
        return overflow ? .distantFuture : Instant(nanoseconds: sum)
    }

    /// So much earlier; never before the clock's start.
    func before(_ duration: Duration) -> Instant {
        Instant(nanoseconds: self.nanoseconds - min(self.nanoseconds, duration.wholeNanoseconds))
    }

    /// The time from `earlier` to here; zero when `earlier` is later.
    public static func - (instant: Instant, earlier: Instant) -> Duration {
        guard instant > earlier else { return .zero }
        return .nanoseconds(Int64(clamping: instant.nanoseconds - earlier.nanoseconds))
    }
}

extension Duration {
    /// The duration in nanoseconds: zero when negative, `UInt64.max` when it does not fit.
    public var wholeNanoseconds: UInt64 {
        let (seconds, attoseconds) = self.components
        guard seconds >= 0, attoseconds >= 0 else { return 0 }
        let (product, overflow) = UInt64(seconds).multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, carried) = product.addingReportingOverflow(UInt64(attoseconds / 1_000_000_000))
        return overflow || carried ? .max : sum
    }
}
