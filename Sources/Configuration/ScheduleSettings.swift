import Schedules
import Supervision

/// An entry of the schedule: what is sent, when, and what about firings that were missed or come too early.
public struct ScheduleSettings: Equatable, Sendable {
    /// When it fires.
    public enum Timing: Equatable, Sendable {
        /// Every so often.
        case every(Duration)
        /// By clock and calendar, on the clocks of the zone of this name.
        case crontab(Crontab, zone: String)
    }

    /// The entry's name: what is known of its firings is kept under it.
    public let name: String
    /// The task's name.
    public let task: String
    /// Positional arguments: the text of a JSON array.
    public let arguments: String
    /// Keyword arguments: the text of a JSON object.
    public let keywords: String
    /// When it fires.
    public let timing: Timing
    /// The queue that it is sent to.
    public let queue: String
    /// From 0, the most urgent, to 9.
    public let priority: Int
    /// Time after the firing at which the message is dropped; `nil` for never.
    public let expires: Duration?
    /// Whether it fires at all.
    public let isEnabled: Bool
    /// What becomes of firings that nobody was there for.
    public let missed: MissedRuns
    /// How long a task that has not ended keeps others from being sent; `nil` when it does not.
    public let overlapTimeout: Duration?
    /// Where a mistake in the zone's name is.
    let zoneSource: SettingSource

    /// The schedule, with the rules of its zone as `zones` knows them. Throws ``ConfigurationErrors`` with the place of
    /// a zone that it does not know.
    public func schedule(
        zones: (String) throws(ZoneError) -> ZoneRules
    ) throws(ConfigurationErrors) -> Schedule {
        switch self.timing {
        case .every(let duration): return .interval(milliseconds: duration.wholeMilliseconds)
        case .crontab(let crontab, let name):
            do throws(ZoneError) {
                return .crontab(crontab, name == ZoneRules.utc.name ? .utc : try zones(name))
            } catch {
                let message = "'timezone': \(quoted(name)): \(error)"
                throw ConfigurationErrors([
                    ConfigurationError(code: .invalidValue, message: message, source: self.zoneSource)
                ])
            }
        }
    }
}

extension ScheduleSettings {
    /// The entry that a complete layer describes; `nil` where it lacks something, which is a problem of its own.
    init?(name: String, _ layer: Layer) {
        guard let task = layer.text(.task), let timing = Self.timing(layer) else { return nil }
        self.name = name
        self.task = task
        self.arguments = layer.required(Layer.json, .args)
        self.keywords = layer.required(Layer.json, .kwargs)
        self.timing = timing
        self.queue = layer.required(Layer.text, .queue)
        self.priority = layer.required(Layer.count, .priority)
        self.expires = layer.duration(.expires)
        self.isEnabled = layer.required(Layer.boolean, .enabled)
        self.missed = MissedRuns(
            layer.required(Layer.choice, .missed), deadline: layer.duration(.deadline)?.wholeMilliseconds)
        let overlap: OverlapPolicy = layer.required(Layer.choice, .overlap)
        self.overlapTimeout = overlap == .skip ? layer.duration(.overlapTimeout) : nil
        self.zoneSource = layer[.timezone]?.source ?? .builtIn
    }

    private static func timing(_ layer: Layer) -> Timing? {
        if let duration = layer.duration(.every) { return .every(duration) }
        return layer.crontab(.cron).map { .crontab($0, zone: layer.required(Layer.text, .timezone)) }
    }
}

extension Duration {
    var wholeMilliseconds: Int64 { Int64(self.wholeNanoseconds / 1_000_000) }
}
