/// Notices that memory runs out, before the kernel does and ends whomever it likes.
///
/// Looks the more often, the less is left, and not at all while nothing runs.
struct MemoryGuard: Equatable, Sendable {
    /// When to look next.
    private(set) var nextLook = Instant(nanoseconds: 0)
    private var lastKill: Instant?
    private var lastComplaint: Instant?

    static let shortestWait: Duration = .milliseconds(20)
    static let longestWait: Duration = .seconds(1)
    /// What a killed tree needs to give its memory back.
    static let pause: Duration = .milliseconds(200)
    /// All work waits for memory for so great a part of the time, in percent, that little can be left.
    static let stalled = 20

    /// What must stay free: a twentieth, at least 32 MiB and at most 512 MiB, and of a small place no more than a
    /// quarter.
    static func reserve(of total: UInt64) -> UInt64 { min(max(total / 20, 32 << 20), 512 << 20, total / 4) }

    /// Whether one of those who use the memory is to end now. Sets ``nextLook``.
    mutating func isShort(_ reading: MemoryReading, now: Instant) -> Bool {
        let reserve = Self.reserve(of: reading.total)
        let left = reading.available - min(reading.available, reserve)
        // Two processors write some 2 GiB a second, two bytes a nanosecond.
        let wait = Duration.nanoseconds(Int64(clamping: left / 2))
        self.nextLook = now + max(Self.shortestWait, min(wait, Self.longestWait))
        guard left == 0 || left < reserve && reading.stalledPercent >= Self.stalled else { return false }
        return self.lastKill.map { now >= $0 + Self.pause } ?? true
    }

    /// A reading was asked for; the answer sets the next time.
    mutating func asked(now: Instant) { self.nextLook = now + Self.longestWait }

    mutating func killed(now: Instant) { self.lastKill = now }

    /// Whether to say that nothing can be done; not at each look.
    mutating func mayComplain(now: Instant) -> Bool {
        if let last = self.lastComplaint, now < last + .seconds(10) { return false }
        self.lastComplaint = now
        return true
    }
}
