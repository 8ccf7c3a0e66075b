import Celery
import Schedules

/// An entry of the schedule, ready to be sent.
public struct BeatEntry: Sendable, Equatable {
    /// Its name.
    public var name: String
    /// The task's name.
    public var task: String
    /// Positional arguments.
    public var arguments: [CeleryValue]
    /// Keyword arguments.
    public var keywords: CeleryObject
    /// When it is due.
    public var schedule: Schedule
    /// The queue that it is sent to.
    public var queue = "celery"
    /// From 0, the most urgent, to 9.
    public var priority = 0
    /// Milliseconds after the firing at which the message is dropped; `nil` for never.
    public var expires: Int64?
    /// What becomes of instants that nobody was there for.
    public var missed = MissedRuns()
    /// Milliseconds for which a task that has not ended keeps others from being sent; `nil` when it does not.
    public var overlapTimeout: Int64?

    /// An entry with defaults.
    public init(
        name: String, task: String, arguments: [CeleryValue] = [], keywords: CeleryObject = CeleryObject(),
        schedule: Schedule
    ) {
        self.name = name
        self.task = task
        self.arguments = arguments
        self.keywords = keywords
        self.schedule = schedule
    }

    /// What its state belongs to: with another schedule, or another task, it begins anew.
    public var definition: String {
        let timing =
            switch self.schedule {
            case .interval(let milliseconds): "every \(milliseconds)ms"
            case .crontab(let crontab, let zone): "cron \(crontab) \(zone.name)"
            }
        return "\(self.task) \(timing)"
    }
}
