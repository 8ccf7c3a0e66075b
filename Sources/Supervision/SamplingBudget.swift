/// When a child looks at what it holds: after each attempt while attempts are long, and else as often as its share of
/// time allows.
///
/// Looks come in bursts after attempts that follow each other, so that each look but the first says what one attempt
/// left behind, whatever ran before.
public struct SamplingBudget: Sendable {
    private let share: Double
    /// Time that may be spent, and what a look has cost lately, in nanoseconds.
    private var credit = 0.0
    private var cost = 20_000.0
    private var creditedUntil: Instant
    private var looksLeft = 0

    private static let burst = 5
    /// Nanoseconds below which an attempt earns half as much: of such there are many, and each shall cost little.
    private static let quick = 250_000.0

    /// - Parameter share: the part of the time that may be spent on looks; infinite looks always, zero never.
    public init(share: Double, now: Instant) {
        self.share = share
        self.creditedUntil = now
    }

    /// An attempt ended and none runs. Returns whether to look.
    public mutating func attemptEnded(now: Instant) -> Bool {
        guard self.share < .infinity else { return true }
        let time = Double((now - self.creditedUntil).wholeNanoseconds)
        self.creditedUntil = now
        let price = self.cost * Double(Self.burst)
        let share = time < Self.quick ? self.share / 2 : self.share
        self.credit = min(self.credit + time * share, 2 * price)
        if self.looksLeft == 0, self.share > 0, self.credit >= price { self.looksLeft = Self.burst }
        guard self.looksLeft > 0 else { return false }
        self.looksLeft -= 1
        return true
    }

    /// A look took so long.
    public mutating func looked(for time: Duration) {
        let nanoseconds = Double(time.wholeNanoseconds)
        self.credit -= nanoseconds
        self.cost = (3 * self.cost + nanoseconds) / 4
    }
}
