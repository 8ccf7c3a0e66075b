import Schedules
import Supervision

/// What a program says about an entry of the schedule. The `[schedule]` section of the same name goes over it.
public struct CodeSchedule: Equatable, Sendable {
    /// When it fires.
    public enum Timing: Equatable, Sendable {
        /// Every so often.
        case every(Duration)
        /// A line of a crontab, and the zone whose clocks it means.
        case crontab(String, timezone: String)
    }

    /// The entry's name.
    public var name: String
    /// The task's name.
    public var task: String
    /// When it fires.
    public var timing: Timing
    /// Positional arguments: the text of a JSON array.
    public var arguments: String
    /// Keyword arguments: the text of a JSON object.
    public var keywords: String
    /// The rest.
    public var options: ScheduleOptions

    /// An entry.
    public init(
        name: String, task: String, timing: Timing, arguments: String, keywords: String, options: ScheduleOptions
    ) {
        self.name = name
        self.task = task
        self.timing = timing
        self.arguments = arguments
        self.keywords = keywords
        self.options = options
    }

    /// The keys of what an entry cannot be without.
    var written: Set<String> {
        let timing = if case .every = self.timing { SettingKey.every } else { SettingKey.cron }
        return [SettingKey.task.name, timing.name]
    }

    /// What it sets, by key. Notes what is wrong with its crontab.
    func layer(_ problems: inout Problems) -> Layer {
        let source = SettingSource.codeSchedule(self.name)
        var values: [(SettingKey, SettingValue?)] = [
            (.task, .text(self.task)), (.args, .json(self.arguments)), (.kwargs, .json(self.keywords)),
        ]
        switch self.timing {
        case .every(let duration): values.append((.every, .duration(duration)))
        case .crontab(let line, let zone):
            let node = Node(value: .string(line), source: source)
            values += [(.cron, SettingKey.cron.read(node, &problems)), (.timezone, .text(zone))]
        }
        var layer = Layer()
        for case (let key, let value?) in values + self.options.values {
            layer[key] = Setting(value: value, source: source)
            guard let objection = key.objection(to: value) else { continue }
            problems.add(.invalidValue, "'\(key.name)' \(objection)", at: source)
        }
        return layer
    }
}

/// How an entry of the schedule is sent, and what about firings that were missed or come too early. What is `nil` is
/// as the configuration's defaults say.
public struct ScheduleOptions: Equatable, Sendable {
    /// The queue; by default `celery`.
    public var queue: String?
    /// From 0, the most urgent and the default, to 9.
    public var priority: Int?
    /// Time after the firing at which a message that has not started is dropped; by default never.
    public var expires: Duration?
    /// What becomes of firings that nobody was there for; by default the last one is made up for.
    public var missed: MissedPolicy?
    /// How late a firing may be; by default without end.
    public var deadline: Duration?
    /// Leaves a firing out while the task of the last one has not ended, for at most so long; by default it is sent.
    public var skipsOverlap: Duration?
    /// Whether it fires at all; by default it does.
    public var isEnabled: Bool?

    /// Options that set what is given.
    public init(
        queue: String? = nil, priority: Int? = nil, expires: Duration? = nil, missed: MissedPolicy? = nil,
        deadline: Duration? = nil, skipsOverlap: Duration? = nil, isEnabled: Bool? = nil
    ) {
        self.queue = queue
        self.priority = priority
        self.expires = expires
        self.missed = missed
        self.deadline = deadline
        self.skipsOverlap = skipsOverlap
        self.isEnabled = isEnabled
    }

    fileprivate var values: [(SettingKey, SettingValue?)] {
        [
            (.queue, self.queue.map(SettingValue.text)), (.priority, self.priority.map(SettingValue.count)),
            (.expires, self.expires.map(SettingValue.duration)),
            (.missed, self.missed.map { .text($0.rawValue) }), (.deadline, self.deadline.map(SettingValue.duration)),
            (.overlap, self.skipsOverlap.map { _ in .text(OverlapPolicy.skip.rawValue) }),
            (.overlapTimeout, self.skipsOverlap.map(SettingValue.duration)),
            (.enabled, self.isEnabled.map(SettingValue.boolean)),
        ]
    }
}
