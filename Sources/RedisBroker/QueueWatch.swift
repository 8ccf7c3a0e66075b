import Supervision

/// Finds out how long the message that comes next on a list has been there: at least since it was first seen in its
/// place. Celery's messages do not tell when they were sent.
struct QueueWatch {
    private var fronts: [String: (print: String, since: Instant)] = [:]

    /// The message with this fingerprint comes next on a list; an empty one says that none does. Returns how long it has.
    mutating func saw(_ print: String, on list: String, now: Instant) -> Duration {
        guard !print.isEmpty else {
            self.fronts[list] = nil
            return .zero
        }
        if let front = self.fronts[list], front.print == print { return now - front.since }
        self.fronts[list] = (print, now)
        return .zero
    }

    /// Forgets lists that are no longer looked at.
    mutating func keep(only lists: Set<String>) { self.fronts = self.fronts.filter { lists.contains($0.key) } }
}
