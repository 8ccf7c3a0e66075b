/// When a task is due, again and again.
public enum Schedule: Hashable, Sendable {
    /// Every so many milliseconds, from when the schedule was first seen; at least ``shortestInterval``.
    case interval(milliseconds: Int64)
    /// By clock and calendar, on the clocks of a zone.
    case crontab(Crontab, ZoneRules)

    /// The shortest interval, in milliseconds.
    public static let shortestInterval: Int64 = 10

    /// The first instant after another at which the task is due, when it was due then or began then.
    public func next(after instant: WallInstant) -> WallInstant {
        switch self {
        case .interval(let milliseconds): instant.advanced(milliseconds: milliseconds)
        case .crontab(let crontab, let zone): crontab.next(after: instant, in: zone)
        }
    }

    /// What an instant looks like on the schedule's clocks.
    public func text(of instant: WallInstant) -> String {
        switch self {
        case .interval: instant.description
        case .crontab(_, let zone): instant.description(offset: zone.offset(at: instant))
        }
    }
}
