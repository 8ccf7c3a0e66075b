import Supervision

/// Decides when to ask the server for messages, for how many, and in which lists.
///
/// Takes only what the worker has places for, one request at a time. A take that leaves its lists empty has the server
/// watch them (`CLIENT TRACKING`), which owns nothing: a worker that dies while it waits loses no message. The next take is
/// from those that have changed.
struct TakeMachine: Sendable {
    /// Where the taking is.
    enum State: Equatable, Sendable {
        /// There is no server to ask. → ready
        case away
        /// Nothing is known of the lists. → taking
        case ready
        /// A take is under way. → ready, watching
        case taking(Int)
        /// The server tells when a list changes; asks by itself at an instant. → ready, taking
        case watching(until: Instant)
    }

    /// Lists by their keys.
    enum Lists: Equatable, Sendable {
        case all
        case some(Set<String>)

        static let none = Lists.some([])

        func contains(_ key: String) -> Bool {
            switch self {
            case .all: true
            case .some(let keys): keys.contains(key)
            }
        }

        func union(_ other: Lists) -> Lists {
            guard case .some(let keys) = self, case .some(let others) = other else { return .all }
            return .some(keys.union(others))
        }
    }

    /// Most messages of one take: what one answer brings must not keep the loop for long.
    static let mostAtOnce = 64
    /// How long the server's word is trusted that nothing has changed.
    static let watchedPause: Duration = .seconds(1)
    /// The pause between two looks when the server cannot watch.
    static let unwatchedPause: Duration = .milliseconds(100)

    private(set) var state: State = .away
    /// Lists that are not known to be empty: those to take from.
    private(set) var lists = Lists.all
    /// Lists that have changed since a take was sent.
    private var changes = Lists.none
    /// Whether the server tells of changes.
    var isWatched = false
    private var nextDue: Instant = .distantFuture

    /// The server can be asked.
    mutating func connected() { self.state = .ready }

    /// The server cannot be asked any more.
    mutating func disconnected() {
        self.state = .away
        self.isWatched = false
        self.lists = .all
        self.changes = .none
    }

    /// Whether the lists may hold messages: the last take did not leave them empty, or they have changed since.
    var mayHaveMore: Bool { self.state == .ready && self.lists != .none }

    /// Whether a take is under way, and for how many.
    var underWay: Int { if case .taking(let count) = self.state { count } else { 0 } }

    /// How many messages to take from ``lists`` now that the worker has so many places, if any; with 0 only due messages
    /// are made ready.
    mutating func act(places: Int, now: Instant) -> Int? {
        let count = min(places, Self.mostAtOnce)
        switch self.state {
        case .away, .taking: return nil
        case .ready: if count == 0 && self.nextDue > now { return nil }
        case .watching(let until):
            guard self.nextDue <= now || count > 0 && until <= now else { return nil }
            self.lists = .all
        }
        self.state = .taking(count)
        return count
    }

    /// A take was answered: whether it left its lists empty, and when the next message that waits is due.
    mutating func took(emptied: Bool, nextDue: Instant, now: Instant) {
        guard case .taking = self.state else { return }
        self.nextDue = nextDue
        self.lists = emptied ? self.changes : self.lists.union(self.changes)
        self.changes = .none
        guard self.lists == .none else { return self.state = .ready }
        self.state = .watching(until: now + (self.isWatched ? Self.watchedPause : Self.unwatchedPause))
    }

    /// A take was refused: tries again after a pause.
    mutating func refused(now: Instant) {
        guard self.state != .away else { return }
        self.state = .watching(until: now + Self.watchedPause)
        self.nextDue = .distantFuture
        self.lists = .all
        self.changes = .none
    }

    /// The server says that lists have changed.
    mutating func changed(_ lists: Lists) {
        switch self.state {
        case .away: break
        case .ready: self.lists = self.lists.union(lists)
        case .taking: self.changes = self.changes.union(lists)
        case .watching:
            self.lists = self.lists.union(lists)
            self.state = .ready
        }
    }

    /// A message was put aside that is due then.
    mutating func scheduled(for due: Instant) { self.nextDue = min(self.nextDue, due) }

    /// When ``act(places:now:)`` must be called at the latest.
    func nextWake(places: Int) -> Instant {
        switch self.state {
        case .away, .taking: .distantFuture
        case .ready: places > 0 ? Instant(nanoseconds: 0) : self.nextDue
        case .watching(let until): places > 0 ? min(until, self.nextDue) : self.nextDue
        }
    }
}
