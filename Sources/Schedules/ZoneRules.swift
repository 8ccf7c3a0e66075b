/// When the clocks of a time zone show what.
///
/// Read from a file of the time-zone database (RFC 8536): the changes up to a year, and a rule for the time after.
public struct ZoneRules: Hashable, Sendable {
    /// From an instant on, clocks are so far ahead of UTC.
    struct Change: Hashable, Sendable {
        /// Seconds since 1970.
        let at: Int64
        /// Seconds east of UTC.
        let offset: Int
    }

    /// The zone's name: `Europe/Berlin`.
    public let name: String
    /// The offset before the first change.
    let firstOffset: Int
    /// In order.
    let changes: [Change]
    /// What holds after the last change; `nil` leaves it as it is.
    let rule: PosixZone?

    init(name: String, firstOffset: Int, changes: [Change], rule: PosixZone?) {
        self.name = name
        self.firstOffset = firstOffset
        self.changes = changes
        self.rule = rule
    }

    /// Coordinated universal time, which needs no file.
    public static let utc = ZoneRules(name: "UTC", firstOffset: 0, changes: [], rule: nil)

    /// Seconds by which the zone's clocks are ahead of UTC at an instant.
    public func offset(at instant: WallInstant) -> Int { self.offset(atSecond: instant.seconds) }

    func offset(atSecond second: Int64) -> Int {
        // A rule changes the clocks twice a year or never: the last change lies within 400 days.
        self.changes(from: second - 400 * 86_400, through: second).last?.offset
            ?? self.tableOffset(atSecond: second)
    }

    /// The changes in a stretch of time, in order.
    func changes(from start: Int64, through end: Int64) -> [Change] {
        let lower = self.firstIndex(after: start - 1)
        let upper = max(lower, self.firstIndex(after: end))
        let ruled = self.rule?.changes(from: max(start, (self.changes.last?.at ?? .min / 2) + 1), through: end) ?? []
        return self.changes[lower..<upper] + ruled
    }

    /// The first change that is later; `nil` when there is none.
    func nextChange(after second: Int64) -> Change? {
        let index = self.firstIndex(after: second)
        if index < self.changes.count { return self.changes[index] }
        // A rule changes the clocks twice a year or never.
        return self.changes(from: second + 1, through: second + 400 * 86_400).first
    }

    private func tableOffset(atSecond second: Int64) -> Int {
        let index = self.firstIndex(after: second)
        if index == self.changes.count, let rule, rule.daylight == nil { return rule.standardOffset }
        return index == 0 ? self.firstOffset : self.changes[index - 1].offset
    }

    /// The index of the first change that is later.
    private func firstIndex(after second: Int64) -> Int {
        var (low, high) = (0, self.changes.count)
        while low < high {
            let middle = (low + high) / 2
            if self.changes[middle].at <= second { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
