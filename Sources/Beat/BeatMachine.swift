import Redis
import Schedules
import Supervision

/// A step of one entry: from the state that the server had to the next one, and what is sent with it.
public struct Transition: Equatable, Sendable {
    /// What happens.
    public enum Kind: Equatable, Sendable {
        /// The entry is seen for the first time, or with another definition.
        case begin
        /// The task is sent for the instant.
        case send(WallInstant)
        /// Nobody was there for the instants up to this one, and they are not made up for.
        case drop(WallInstant)
    }

    /// What happens.
    public var kind: Kind
    /// The entry.
    public var entry: BeatEntry
    /// The text of the state that it was decided on; empty for none.
    public var expected: String
    /// The state before.
    public var before: EntryState?
    /// The state after.
    public var after: EntryState

    /// The state when the task is left out because the one before has not ended.
    public var skipped: EntryState {
        var state = self.after
        state.sent = self.before?.sent
        state.runs = self.before?.runs ?? 0
        state.taskID = self.before?.taskID
        state.skipped += 1
        return state
    }
}

/// Decides when which entry is sent. Performs nothing and reads no clock.
///
/// Any number of these run beside each other. One has the lead, and only it acts; two that both believe to have it do
/// no harm, because each transition happens only from the state that it was decided on.
public struct BeatMachine: Sendable {
    /// What the driver does next.
    public enum Action: Equatable, Sendable {
        /// Asks for the lead, or for more of it.
        case askLead
        /// Reads all states.
        case readStates
        /// Tries a transition.
        case perform(Transition)
    }

    /// What became of a transition.
    public enum Outcome: Equatable, Sendable {
        /// It happened; the text is the state after it.
        case happened(String)
        /// Another state was there.
        case differs(String)
        /// The server's clock is not so far.
        case early
        /// The server refused it, or did not answer in a way that can be understood.
        case refused
    }

    private struct Slot {
        let entry: BeatEntry
        var text = ""
        var state: EntryState?
        /// Whether an answer is due.
        var isAsked = false
        /// After a refusal, not before this time.
        var notBefore = Instant(nanoseconds: 0)
        /// The first instant that is not accounted for.
        var next: WallInstant?
    }

    private enum Lead: Equatable {
        /// Another has it, or nobody knows.
        case none
        /// Ours until then, unless it is renewed.
        case ours(until: Instant)
    }

    /// The pause after a server refused a transition.
    private static let pause: Duration = .seconds(1)

    private let lease: Duration
    private var slots: [Slot]
    private var lead = Lead.none
    private var knowsStates = false
    private var isReading = false
    private var nextAsk = Instant(nanoseconds: 0)
    private var isAsking = false
    private var isConnected = false
    private var clock = ServerClock()

    /// A machine for entries that fire, with a lead that lasts so long without renewal.
    public init(entries: [BeatEntry], lease: Duration) {
        self.slots = entries.map { Slot(entry: $0) }
        self.lease = lease
    }

    /// Whether it has the lead, as far as it knows.
    public func leads(now: Instant) -> Bool { if case .ours(let until) = self.lead { now < until } else { false } }

    /// The server's time.
    public func serverTime(now: Instant) -> WallInstant? {
        self.clock.seconds(now: now).map { WallInstant(milliseconds: Int64($0 * 1_000)) }
    }

    // MARK: Events

    /// Commands can go out.
    public mutating func connected(now: Instant) {
        self.isConnected = true
        self.nextAsk = now
    }

    /// The connection is gone. What it had not answered may have happened; the states will be read again.
    public mutating func disconnected() {
        self.isConnected = false
        self.isAsking = false
        self.forgetStates()
        self.lead = .none
    }

    private mutating func forgetStates() {
        self.knowsStates = false
        self.isReading = false
        for index in self.slots.indices { self.slots[index].isAsked = false }
    }

    /// The server has said who has the lead, to a question of a time.
    public mutating func leadAnswered(isOurs: Bool, serverSeconds: Double, askedAt: Instant, now: Instant) {
        self.isAsking = false
        self.clock.showed(serverSeconds, now: now)
        self.nextAsk = askedAt + self.lease / 3
        if !isOurs {
            self.lead = .none
            return
        }
        // Another may have led since: what was known is read anew.
        if !self.leads(now: askedAt) { self.forgetStates() }
        self.lead = .ours(until: askedAt + self.lease)
    }

    /// The question who leads had no answer that can be used.
    public mutating func leadRefused(now: Instant) {
        self.isAsking = false
        self.nextAsk = now + Self.pause
    }

    /// All states, by entry.
    public mutating func statesRead(_ texts: [String: String]) {
        guard self.isReading else { return }
        self.isReading = false
        self.knowsStates = true
        for index in self.slots.indices { self.set(texts[self.slots[index].entry.name] ?? "", at: index) }
    }

    /// The states could not be read.
    public mutating func statesRefused() { self.isReading = false }

    /// A transition was answered.
    public mutating func answered(_ transition: Transition, _ outcome: Outcome, serverSeconds: Double?, now: Instant) {
        if let serverSeconds { self.clock.showed(serverSeconds, now: now) }
        guard let index = self.slots.firstIndex(where: { $0.entry.name == transition.entry.name }) else { return }
        self.slots[index].isAsked = false
        switch outcome {
        case .happened(let text), .differs(let text): self.set(text, at: index)
        case .early: break
        case .refused: self.slots[index].notBefore = now + Self.pause
        }
    }

    private mutating func set(_ text: String, at index: Int) {
        self.slots[index].text = text
        let state = EntryState(text: text)
        self.slots[index].state = state
        self.slots[index].next = state.map {
            self.slots[index].entry.schedule.next(after: WallInstant(milliseconds: $0.due))
        }
    }

    // MARK: What is due

    /// What is to be done now. `makeID` makes ids of tasks.
    public mutating func due(now: Instant, makeID: () -> String) -> [Action] {
        guard self.isConnected else { return [] }
        var actions: [Action] = []
        if !self.isAsking, self.nextAsk <= now {
            self.isAsking = true
            actions.append(.askLead)
        }
        guard self.leads(now: now), let time = self.serverTime(now: now) else { return actions }
        guard self.knowsStates else {
            if !self.isReading { actions.append(.readStates) }
            self.isReading = true
            return actions
        }
        for index in self.slots.indices where !self.slots[index].isAsked && self.slots[index].notBefore <= now {
            guard let transition = Self.transition(of: self.slots[index], at: time, makeID) else { continue }
            self.slots[index].isAsked = true
            actions.append(.perform(transition))
        }
        return actions
    }

    private static func transition(of slot: Slot, at time: WallInstant, _ makeID: () -> String) -> Transition? {
        let entry = slot.entry
        guard let state = slot.state, state.definition == entry.definition else {
            let state = EntryState(definition: entry.definition, due: time.milliseconds)
            return Transition(kind: .begin, entry: entry, expected: slot.text, before: nil, after: state)
        }
        guard let next = slot.next, next <= time else { return nil }
        var after = state
        switch entry.missed.firing(of: entry.schedule, after: WallInstant(milliseconds: state.due), now: time) {
        case .later: return nil
        case .dropped(let instant):
            after.due = instant.milliseconds
            return Transition(kind: .drop(instant), entry: entry, expected: slot.text, before: state, after: after)
        case .due(let instant):
            after.due = instant.milliseconds
            after.sent = time.milliseconds
            after.runs += 1
            after.taskID = makeID()
            return Transition(kind: .send(instant), entry: entry, expected: slot.text, before: state, after: after)
        }
    }

    /// When ``due(now:makeID:)`` must be asked at the latest.
    public func nextWake(now: Instant) -> Instant {
        guard self.isConnected else { return .distantFuture }
        var wake = self.isAsking ? Instant.distantFuture : self.nextAsk
        guard self.leads(now: now), self.knowsStates, let seconds = self.clock.seconds(now: now) else { return wake }
        for slot in self.slots where !slot.isAsked {
            guard let next = slot.next else { continue }
            // A clock that shows whole milliseconds reaches one at its end.
            let wait = Double(next.milliseconds) / 1_000 - seconds
            let due = now + .nanoseconds(Int64(max(0, min(wait, 1e9)) * 1e9) + 50_000)
            wake = min(wake, max(due, slot.notBefore))
        }
        return wake
    }
}
