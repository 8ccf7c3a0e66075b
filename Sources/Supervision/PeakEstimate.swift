/// What attempts of a task add to their children's memory, learned from how much they did.
///
/// The figure is a high quantile of the last runs: one spike in ten does not move it, and what a task no longer needs is
/// forgotten after as many runs as are remembered.
public struct PeakEstimate: Equatable, Sendable {
    /// Nine tenths of the remembered runs need no more; `nil` before there are enough of them.
    public private(set) var bytes: UInt64?
    private var recent: [UInt64] = []
    private var next = 0
    private var skipped = 0

    static let remembered = 32
    static let enough = 3

    init() {}

    /// Remembers a run. Of many that change nothing only each sixteenth is looked at.
    mutating func ran(peak: UInt64) {
        if let bytes = self.bytes, self.recent.count == Self.remembered, peak <= bytes {
            self.skipped += 1
            guard self.skipped >= 16 || peak < bytes / 2 else { return }
        }
        self.skipped = 0
        self.remember(peak)
        guard self.recent.count >= Self.enough else { return }
        let sorted = self.recent.sorted()
        self.bytes = sorted[(sorted.count * 9 + 9) / 10 - 1]
    }

    private mutating func remember(_ peak: UInt64) {
        if self.recent.count < Self.remembered { return self.recent.append(peak) }
        self.recent[self.next] = peak
        self.next = (self.next + 1) % Self.remembered
    }
}
