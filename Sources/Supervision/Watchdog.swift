/// What shows that a process tree does something, as counts that only grow.
public struct TreeActivity: Equatable, Sendable {
    /// CPU time in nanoseconds.
    public var cpuNanoseconds: UInt64
    /// How often a thread gave up the processor by itself.
    public var switches: UInt64
    /// Bytes read and written.
    public var movedBytes: UInt64
    /// Breadcrumbs left.
    public var breadcrumbs: UInt64

    /// Counts.
    public init(cpuNanoseconds: UInt64, switches: UInt64 = 0, movedBytes: UInt64 = 0, breadcrumbs: UInt64 = 0) {
        self.cpuNanoseconds = cpuNanoseconds
        self.switches = switches
        self.movedBytes = movedBytes
        self.breadcrumbs = breadcrumbs
    }
}

/// Tells a slow attempt from a stuck one: the first does something, however little, the second nothing at all.
///
/// Alive is what, between two looks, has used a hundredth of the time on a processor, moved a byte, left a breadcrumb,
/// or waited for more than one thing. Whoever spins without end is alive in this sense: limits on CPU time are for that.
struct Watchdog: Equatable, Sendable {
    private var last: (activity: TreeActivity, time: Instant)?
    /// Since when nothing has happened.
    private var quietSince: Instant?
    /// For how long nothing had happened when the attempt was found stuck.
    private(set) var quiet = Duration.zero
    /// Whether the attempt has been found stuck.
    private(set) var hasBarked = false
    /// Until when signs of life may be our own doing: threads whose stacks are looked at wake up for it.
    private var deafUntil = Instant(nanoseconds: 0)

    /// Looks in a window, so that the end of its patience is noticed at most a quarter late.
    static let looks = 4

    /// The time between two looks.
    static func interval(_ window: Duration) -> Duration { max(.milliseconds(20), window / self.looks) }

    /// The tree was looked at. Returns how long nothing has happened, the first time that this is too long.
    mutating func looked(_ activity: TreeActivity, now: Instant, window: Duration) -> Duration? {
        defer { self.last = (activity, now) }
        if now < self.deafUntil { return nil }
        guard let last, !Self.isAlive(from: last.activity, to: activity, in: now - last.time) else {
            self.quietSince = now
            self.hasBarked = false
            return nil
        }
        self.quiet = now - (self.quietSince ?? now)
        guard self.quiet >= window, !self.hasBarked else { return nil }
        self.hasBarked = true
        self.deafUntil = now + max(window, .seconds(1))
        return self.quiet
    }

    /// A look at the stacks wakes threads from now on.
    mutating func disturbed(now: Instant) { self.deafUntil = max(self.deafUntil, now + .seconds(1)) }

    private static func isAlive(from old: TreeActivity, to new: TreeActivity, in time: Duration) -> Bool {
        // Counts of a tree shrink when a process of it ends: that is something, too.
        guard new.cpuNanoseconds >= old.cpuNanoseconds, new.switches >= old.switches, new.movedBytes >= old.movedBytes,
            new.breadcrumbs == old.breadcrumbs
        else { return true }
        return new.cpuNanoseconds - old.cpuNanoseconds > time.wholeNanoseconds / 100
            || new.switches - old.switches > 1 || new.movedBytes > old.movedBytes
    }

    static func == (left: Watchdog, right: Watchdog) -> Bool {
        left.last?.activity == right.last?.activity && left.last?.time == right.last?.time
            && left.quietSince == right.quietSince && left.hasBarked == right.hasBarked
            && left.deafUntil == right.deafUntil
    }
}

/// What becomes of an attempt that is stuck.
public enum StuckPolicy: String, CaseIterable, Equatable, Sendable {
    /// The log tells.
    case warn
    /// It is killed as well.
    case kill
}

extension ChildMachine {
    /// How long before a hard limit its stack is looked at, so that the kill need not wait for that.
    static func lead(_ limit: Duration) -> Duration { min(.milliseconds(500), limit / 4) }

    /// How long a stuck attempt that is to be killed is left alone, so that its stack can be looked at.
    static let lastLook: Duration = .milliseconds(500)

    /// Its tree was looked at for signs of life.
    mutating func observed(_ activity: TreeActivity, now: Instant, limits: (Delivery) -> TaskLimits) -> [Demand] {
        var demands: [Demand] = []
        for index in self.assignments.indices where self.assignments[index].startedAt != nil {
            let limit = limits(self.assignments[index].delivery)
            guard let window = limit.stuckAfter else { continue }
            self.assignments[index].deadlines.watch = now + Watchdog.interval(window)
            let tag = self.assignments[index].delivery.tag
            guard let quiet = self.watchdogs[tag, default: Watchdog()].looked(activity, now: now, window: window)
            else { continue }
            demands.append(.tellStuck(tag, quiet))
            if !demands.contains(.sample) { demands.append(.sample) }
            guard limit.whenStuck == .kill else { continue }
            self.assignments[index].deadlines.stuck = now + Self.lastLook
        }
        return demands
    }
}

extension Supervisor {
    /// A child's tree was looked at for signs of life.
    public mutating func childObserved(_ id: ChildID, _ activity: TreeActivity, now: Instant) {
        guard self.contains(id) else { return }
        let demands = self.children[id.index]!.observed(activity, now: now, limits: self.limitsOfDelivery())
        self.wake(by: self.children[id.index]!.nextDeadline)
        self.perform(demands, id.index, now: now)
    }
}
