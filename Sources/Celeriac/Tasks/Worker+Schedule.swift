import Configuration
import JSON
import Schedules

/// When an entry of the schedule fires.
public enum ScheduleTiming: Sendable {
    /// Every so often; the first time that long after the entry was first seen.
    case every(Duration)
    /// By clock and calendar, in Celery's grammar, in the order of a crontab's line: minute, hour, day of the month,
    /// month, day of the week. The zone is one of the time-zone database.
    case crontab(String, timezone: String = "UTC")
}

extension Worker {
    /// Has a task sent again and again by `beat`. The task need not be one of this program.
    ///
    /// ```swift
    /// worker.schedule("nightly", .crontab("0 4 * * *", timezone: "Europe/Berlin"), task: "reports.nightly", "all")
    /// ```
    ///
    /// The `[schedule]` section of the same name in the configuration goes over what is said here, key by key. What is
    /// wrong with a crontab is told as what is wrong with the configuration. A second entry of the same name, and
    /// arguments that have no JSON form, are mistakes in the program and end it.
    ///
    /// - Parameters:
    ///   - name: the entry's name, under which its firings are known at the broker.
    ///   - timing: when it fires.
    ///   - task: the task's name.
    ///   - argument: positional arguments.
    ///   - keywords: keyword arguments.
    ///   - options: where it is sent, and what about firings that were missed or come too early.
    public mutating func schedule<each Argument: Encodable>(
        _ name: String, _ timing: ScheduleTiming, task: String, _ argument: repeat each Argument,
        keywords: [String: any Encodable] = [:], options: ScheduleOptions = ScheduleOptions()
    ) {
        var arguments: [JSONValue] = []
        for argument in repeat each argument { arguments.append(Self.json(argument, name)) }
        var members = JSONObject()
        for (key, value) in keywords.sorted(by: { $0.key < $1.key }) { members[key] = Self.json(value, name) }
        self.add(
            CodeSchedule(
                name: name, task: task, timing: timing.configured, arguments: JSONValue.array(arguments).description,
                keywords: JSONValue.object(members).description, options: options))
    }

    private static func json(_ value: some Encodable, _ name: String) -> JSONValue {
        guard let json = try? JSONCoder.encode(value) else {
            preconditionFailure("The arguments of the schedule's entry \(name) can be encoded.")
        }
        return json
    }
}

extension ScheduleTiming {
    fileprivate var configured: CodeSchedule.Timing {
        switch self {
        case .every(let duration): .every(duration)
        case .crontab(let line, let timezone): .crontab(line, timezone: timezone)
        }
    }
}
