/// What becomes of instants at which nobody was there to send the task.
public enum MissedPolicy: String, CaseIterable, Hashable, Sendable {
    /// Nothing, unless the last one is only ``MissedRuns/punctuality`` ago, or the deadline that is set.
    case skip
    /// The task is sent once, for the last of them: Celery's way.
    case once
    /// The task is sent for each, in order, but for at most ``MissedRuns/most`` of them.
    case all
}

/// How missed instants are made up for.
public struct MissedRuns: Hashable, Sendable {
    /// With ``MissedPolicy/skip``, how late a task is sent all the same: another scheduler may have had to take over.
    public static let punctuality: Int64 = 10_000
    /// Most instants that are made up for.
    public static let most = 1_000

    /// What becomes of them.
    public var policy: MissedPolicy
    /// Milliseconds after which an instant is missed for good; `nil` for never. Celery: `beat_cron_starting_deadline`.
    public var deadline: Int64?

    /// A policy, and a deadline in milliseconds.
    public init(_ policy: MissedPolicy = .once, deadline: Int64? = nil) {
        self.policy = policy
        self.deadline = deadline
    }

    /// The next firing after the last instant that is accounted for, as it looks at a time.
    public func firing(of schedule: Schedule, after last: WallInstant, now: WallInstant) -> Firing {
        let first = schedule.next(after: last)
        guard first <= now else { return .later(first) }
        let overdue = self.overdue(schedule, from: first, now: now)
        let deadline = self.policy == .skip ? self.deadline ?? Self.punctuality : self.deadline
        let isInTime = { (instant: WallInstant) in
            deadline.map { now.milliseconds - instant.milliseconds <= $0 } ?? true
        }
        guard let latest = overdue.last, isInTime(latest) else { return .dropped(overdue.last ?? first) }
        return .due(self.policy == .all ? overdue.first(where: isInTime) ?? latest : latest)
    }

    /// The last of the instants that are overdue, as many as may be made up for.
    private func overdue(_ schedule: Schedule, from first: WallInstant, now: WallInstant) -> [WallInstant] {
        let kept = self.policy == .all ? Self.most : 1
        if case .interval(let length) = schedule {
            let passed = (now.milliseconds - first.milliseconds) / length
            return (max(0, passed - Int64(kept) + 1)...passed).map { first.advanced(milliseconds: $0 * length) }
        }
        return self.overdueByCalendar(schedule, from: first, now: now, kept: kept)
    }

    /// Looks back ever further until there are enough, so that a year that was missed is not gone through minute by
    /// minute.
    private func overdueByCalendar(
        _ schedule: Schedule, from first: WallInstant, now: WallInstant, kept: Int
    ) -> [WallInstant] {
        var window: Int64 = 3_600_000
        while true {
            let start = now.advanced(milliseconds: -window)
            var found: [WallInstant] = start < first ? [first] : []
            while true {
                let next = schedule.next(after: found.last ?? start)
                if next > now { break }
                found.append(next)
            }
            if found.count >= kept || start < first { return found.suffix(kept) }
            window *= 4
        }
    }
}

/// What is to be done about an entry.
public enum Firing: Hashable, Sendable {
    /// Nothing before this instant.
    case later(WallInstant)
    /// The task is to be sent for this instant. What was due before and is not accounted for is missed.
    case due(WallInstant)
    /// Nothing is sent; all up to this instant is missed.
    case dropped(WallInstant)
}
