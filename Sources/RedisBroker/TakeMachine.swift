import Supervision

/// Decides when to ask the server for messages, and for how many.
///
/// Takes only what the worker has places for, one request at a time. When the lists are empty it lets the server watch
/// them (`CLIENT TRACKING`), which owns nothing: a worker that dies while it waits loses no message.
struct TakeMachine: Sendable {
    /// Where the taking is.
    enum State: Equatable, Sendable {
        /// There is no server to ask. → ready
        case away
        /// Nothing is known of the lists. → taking
        case ready
        /// A take is under way; `again` when something has changed since. → ready, looking
        case taking(Int, again: Bool)
        /// The lists were empty: asks whether they still are, and that they be watched. → ready, watching
        case looking(again: Bool)
        /// The server tells when a list changes; asks by itself at an instant. → ready, taking
        case watching(until: Instant)
    }

    /// What the driver does next.
    enum Action: Equatable, Sendable {
        /// Takes up to so many messages; with 0 only makes due messages ready.
        case take(Int)
        /// Asks whether a list has messages, and that all be watched.
        case look
    }

    /// Most messages of one take: what one answer brings must not keep the loop for long.
    static let mostAtOnce = 64
    /// How long the server's word is trusted that nothing has changed.
    static let watchedPause: Duration = .seconds(1)
    /// The pause between two looks when the server cannot watch.
    static let unwatchedPause: Duration = .milliseconds(100)

    private(set) var state: State = .away
    /// Whether the server tells of changes.
    var isWatched = false
    private var nextDue: Instant = .distantFuture

    /// The server can be asked.
    mutating func connected() { self.state = .ready }

    /// The server cannot be asked any more.
    mutating func disconnected() {
        self.state = .away
        self.isWatched = false
    }

    /// Whether a take is under way, and for how many.
    var underWay: Int { if case .taking(let count, _) = self.state { count } else { 0 } }

    /// What to do now that the worker has so many places.
    mutating func act(places: Int, now: Instant) -> Action? {
        let count = min(places, Self.mostAtOnce)
        switch self.state {
        case .away, .taking, .looking: return nil
        case .ready: if count == 0 && self.nextDue > now { return nil }
        case .watching(let until):
            guard self.nextDue <= now || count > 0 && until <= now else { return nil }
        }
        self.state = .taking(count, again: false)
        return .take(count)
    }

    /// A take brought so many messages, and tells when the next one that waits is due.
    mutating func took(_ count: Int, nextDue: Instant) -> Action? {
        guard case .taking(let wanted, let again) = self.state else { return nil }
        self.nextDue = nextDue
        guard count == 0, wanted > 0, !again else {
            self.state = .ready
            return nil
        }
        self.state = .looking(again: false)
        return .look
    }

    /// A take was refused: tries again after a pause.
    mutating func refused(now: Instant) {
        guard self.state != .away else { return }
        self.state = .watching(until: now + Self.watchedPause)
        self.nextDue = .distantFuture
    }

    /// A look found lists with messages, or none.
    mutating func looked(found: Bool, now: Instant) {
        guard case .looking(let again) = self.state else { return }
        guard !found && !again else { return self.state = .ready }
        self.state = .watching(until: now + (self.isWatched ? Self.watchedPause : Self.unwatchedPause))
    }

    /// The server says that a list has changed.
    mutating func changed() {
        switch self.state {
        case .away, .ready: break
        case .taking(let count, _): self.state = .taking(count, again: true)
        case .looking: self.state = .looking(again: true)
        case .watching: self.state = .ready
        }
    }

    /// A message was put aside that is due then.
    mutating func scheduled(for due: Instant) { self.nextDue = min(self.nextDue, due) }

    /// When ``act(places:now:)`` must be called at the latest.
    func nextWake(places: Int) -> Instant {
        switch self.state {
        case .away, .taking, .looking: .distantFuture
        case .ready: places > 0 ? Instant(nanoseconds: 0) : self.nextDue
        case .watching(let until): places > 0 ? min(until, self.nextDue) : self.nextDue
        }
    }
}
