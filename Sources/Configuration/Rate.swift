/// How often something may happen, in Celery's grammar: `"100/s"`, `"10/m"`, `"1/h"`, `"0.5/s"`; without a unit per
/// second.
public struct Rate: Hashable, Sendable {
    /// The text, as it was written.
    public let text: String
    /// The time between two that are spread evenly.
    public let interval: Duration

    /// Reads a rate; `nil` when it is none.
    public init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        let units = ["s": 1.0, "m": 60, "h": 3_600]
        guard parts.count <= 2, let number = Double(parts[0]), number > 0, number.isFinite,
            let seconds = parts.count == 2 ? units[String(parts[1])] : 1, seconds / number < 1e9
        else { return nil }
        self.text = text
        self.interval = .nanoseconds(Int64(seconds / number * 1e9))
    }
}

extension Bound where Value == Rate {
    /// So many a second.
    public static func perSecond(_ count: Double) -> Bound { self.every(count, "s") }
    /// So many a minute.
    public static func perMinute(_ count: Double) -> Bound { self.every(count, "m") }
    /// So many an hour.
    public static func perHour(_ count: Double) -> Bound { self.every(count, "h") }

    private static func every(_ count: Double, _ unit: String) -> Bound {
        guard let rate = Rate("\(count)/\(unit)") else {
            preconditionFailure("A rate is more than nothing: \(count)/\(unit)")
        }
        return .at(rate)
    }
}

/// How much of a task may happen at once and in a time, over all workers of a broker.
public struct AdmissionSettings: Equatable, Sendable {
    /// Starts in a time; `nil` for no limit.
    public let rate: Rate?
    /// Attempts at the same time; `nil` for no limit.
    public let maxConcurrent: Int?
    /// What the arguments make of it has limits of its own; `nil` when all messages of the task share them.
    public let key: CommandTemplate?

    /// Whether anything is limited.
    public var isLimited: Bool { self.rate != nil || self.maxConcurrent != nil }
}

/// A text with places for arguments, `"{args[0]}"` or `"{kwargs.user}"`, as code writes it.
public struct LimitKey: Hashable, Sendable, ExpressibleByStringLiteral {
    private let text: String

    /// A text; one that names no argument, or is no such text, is a mistake in the program and ends it.
    public init(stringLiteral text: String) {
        self.text = text
        precondition(!self.template.isFixed, "A limit key names an argument: \(text)")
    }

    var template: CommandTemplate {
        guard let template = try? CommandTemplate(self.text) else {
            preconditionFailure("A limit key is a template: \(self.text)")
        }
        return template
    }
}
