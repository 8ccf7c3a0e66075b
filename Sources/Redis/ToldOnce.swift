/// What the log has been told and is still so, so that a state is told once and not at each try.
public struct ToldOnce {
    private var told: [String: Set<String>] = [:]

    /// Nothing was told.
    public init() {}

    /// Whether this is new about a subject.
    public mutating func isNews(_ text: String, about subject: String) -> Bool {
        // Texts may name keys, of which there may be many.
        if let known = self.told[subject], known.count > 100 { self.told[subject] = nil }
        return self.told[subject, default: []].insert(text).inserted
    }

    /// What was told about a subject is over; the next time it is news.
    public mutating func over(_ subject: String) { self.told[subject] = nil }
}
