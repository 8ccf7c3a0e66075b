import Supervision

/// The server's clock, as its answers tell it and the monotonic clock goes on from there.
///
/// Messages are due and expire by it: the server decides what is due, and a worker whose own clock is behind would put a
/// message aside that the server hands out at once, again and again.
public struct ServerClock: Sendable {
    private var told: (seconds: Double, at: Instant)?

    /// A clock that has shown nothing.
    public init() {}

    /// The server has answered that its clock shows so many seconds since 1970.
    public mutating func showed(_ seconds: Double, now: Instant) { self.told = (seconds, now) }

    /// Seconds since 1970; `nil` as long as the server has not told.
    public func seconds(now: Instant) -> Double? {
        self.told.map { $0.seconds + Double((now - $0.at).wholeNanoseconds) / 1e9 }
    }
}
