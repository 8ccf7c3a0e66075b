import Supervision

/// What the judge knows of one message, by its task's id.
struct Account {
    /// Where the copies of one try are.
    struct Places {
        var lists = 0
        var tags: Set<String> = []
        var scheduled = 0
        var waiting = 0

        var count: Int { self.lists + self.tags.count + self.scheduled + self.waiting }
    }

    let message: PlannedMessage
    /// By try.
    var places: [Int: Places] = [:]
    /// Whether the server has it, or has had it.
    var wasSent = false
    /// The state of the result that was stored last, when it is a final one.
    var final: String?
    var isDead = false
    /// Whether a delivery was ended without an outcome, as one that is acknowledged early, or stores nothing, is.
    var wasEnded = false
    /// Whether it may be gone: a server has forgotten it.
    var mayBeLost = false
    /// Whether it may be there twice: a server has forgotten what became of it; or it is acknowledged early, without a
    /// tag that would tell whether its end was carried out before a connection was lost.
    var mayBeTwice = false
    /// Starts of its task.
    var starts = 0
    /// Tags under which its task has started, by try.
    var startedTags: [Int: Set<String>] = [:]

    /// The chord that it belongs to: as a part, as its body, or by asking for its join.
    var chord: PlannedChord?

    init(_ message: PlannedMessage) { (self.message, self.chord) = (message, message.chord) }

    var live: Int { self.places.values.reduce(0) { $0 + $1.count } }

    /// Whether all that can come of it has.
    var isDone: Bool {
        guard self.live == 0 else { return false }
        return self.isDead || self.final != nil || self.mayBeLost || self.wasEnded
    }
}
