import Schedules

/// What a `[schedule]` section is made of.
extension SettingKey {
    static let scheduleKeys: [SettingKey] = [
        task, args, kwargs, every, cron, timezone, queue, priority, expires, enabled, missed, deadline, overlap,
        overlapTimeout,
    ]

    static let task = SettingKey(
        "task",
        in: [.schedule],
        .text,
        default: nil,
        "The name of the task that is sent; it need not be one of this program.",
        celery: "task"
    )
    static let args = SettingKey(
        "args", in: [.schedule], .values, default: "[]", "Its positional arguments.", celery: "args")
    static let kwargs = SettingKey(
        "kwargs", in: [.schedule], .namedValues, default: "{}", "Its keyword arguments.", celery: "kwargs")
    static let every = SettingKey(
        "every",
        in: [.schedule],
        .duration(zero: .forbidden),
        default: nil,
        "The time between two firings, the first of them that long after the section was first seen.",
        celery: "schedule: schedule"
    )
    static let cron = SettingKey(
        "cron",
        in: [.schedule],
        .crontab,
        default: nil,
        "When it fires by clock and calendar: a crontab's line, or a table of Celery's fields.",
        celery: "schedule: crontab"
    )
    static let timezone = SettingKey(
        "timezone",
        in: [.schedule],
        .zone,
        default: "UTC",
        "Whose clocks and calendar `cron` means.",
        celery: "timezone"
    )
    static let queue = SettingKey(
        "queue", in: [.schedule], .text, default: "celery", "The queue that it is sent to.", celery: "options: queue")
    static let priority = SettingKey(
        "priority",
        in: [.schedule],
        .priority,
        default: "0",
        "How urgent it is: 0 is the most urgent.",
        celery: "options: priority"
    )
    static let expires = SettingKey(
        "expires",
        in: [.schedule],
        .duration(zero: .forbidden),
        or: .unlimited,
        default: "none",
        "Time after the firing at which a message that has not started is dropped.",
        celery: "options: expires"
    )
    static let enabled = SettingKey(
        "enabled", in: [.schedule], .boolean, default: "true", "Whether it fires at all.")
    static let missed = SettingKey(
        "missed",
        in: [.schedule],
        .choice(MissedPolicy.allCases.map(\.rawValue)),
        default: "once",
        "What becomes of firings that nobody was there for: none, the last one, or each."
    )
    static let deadline = SettingKey(
        "deadline",
        in: [.schedule],
        .duration(zero: .forbidden),
        or: .unlimited,
        default: "none",
        "How late a firing may be; with `missed = \"skip\"` and none, ten seconds.",
        celery: "beat_cron_starting_deadline"
    )
    static let overlap = SettingKey(
        "overlap",
        in: [.schedule],
        .choice(OverlapPolicy.allCases.map(\.rawValue)),
        default: "allow",
        "Whether it fires, or skips the firing, while the task of the last firing has not ended."
    )
    static let overlapTimeout = SettingKey(
        "overlap_timeout",
        in: [.schedule],
        .duration(zero: .forbidden),
        default: "1d",
        "With `overlap = \"skip\"`, how long a task that never ends keeps others from being sent."
    )
}

/// What happens to a firing while the task of the last one has not ended.
public enum OverlapPolicy: String, CaseIterable, Sendable {
    /// It is sent all the same: Celery's way.
    case allow
    /// It is left out.
    case skip
}
