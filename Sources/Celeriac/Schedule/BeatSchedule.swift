import Beat
import Celery
import Configuration
import Schedules
import Supervision

/// An entry of the configuration, ready for use.
struct ConfiguredEntry {
    let entry: BeatEntry
    /// Whether it fires.
    let isEnabled: Bool
}

/// The schedule of a configuration.
enum BeatSchedule {
    /// Its entries, each with the rules of its zone. Throws ``ConfigurationErrors`` for a zone that the system does not
    /// know, and ``UsageError`` for arguments that are none.
    static func entries(_ settings: Settings) throws -> [ConfiguredEntry] {
        try settings.schedule.map { settings in
            ConfiguredEntry(entry: try Self.entry(settings), isEnabled: settings.isEnabled)
        }
    }

    private static func entry(_ settings: ScheduleSettings) throws -> BeatEntry {
        let schedule = try settings.schedule(zones: { name throws(ZoneError) in try TimeZones.rules(name) })
        let place = "schedule \(settings.name)"
        var entry = BeatEntry(
            name: settings.name, task: settings.task,
            arguments: try OptionParsing.arguments(settings.arguments, "args of \(place)"),
            keywords: try OptionParsing.keywords(settings.keywords, "kwargs of \(place)"), schedule: schedule)
        entry.queue = settings.queue
        entry.priority = settings.priority
        entry.expires = settings.expires.map(Self.milliseconds)
        entry.missed = settings.missed
        entry.overlapTimeout = settings.overlapTimeout.map(Self.milliseconds)
        return entry
    }

    private static func milliseconds(_ duration: Duration) -> Int64 {
        max(1, Int64(duration.wholeNanoseconds / 1_000_000))
    }
}

extension Schedule {
    /// The timing for people: `every 30s`, `0 4 * * * (Europe/Berlin)`.
    var text: String {
        switch self {
        case .interval(let milliseconds): "every \(Duration.milliseconds(milliseconds).unitDescription)"
        case .crontab(let crontab, let zone): "\(crontab) (\(zone.name))"
        }
    }
}
