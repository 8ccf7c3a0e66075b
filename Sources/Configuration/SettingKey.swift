/// One setting: where it may stand, what it holds and what it means.
///
/// The list ``all`` drives the reading of the file, the environment and the command line, `config explain`,
/// and the tables in `docs/configuration.md`.
public struct SettingKey: Sendable {
    /// A part of the configuration.
    public enum Section: String, CaseIterable, Sendable {
        /// The worker as a whole, and its default pool.
        case worker
        /// Limits for every task, recycling for every pool.
        case limits
        /// Retries for every task.
        case retry
        /// What differs for one task, or for the tasks that a pattern names.
        case tasks
        /// Pools beside the default one.
        case pools
        /// Sandbox profiles beside the built-in ones.
        case sandbox
        /// What is sent again and again, and when.
        case schedule

        /// Whether the section holds tables of settings, each with a name, instead of settings.
        var isNamed: Bool { self == .tasks || self == .pools || self == .sandbox || self == .schedule }
    }

    /// What a value may be.
    enum Kind: Sendable {
        case count(atLeast: Int)
        case percentage
        case duration(zero: Zero)
        case size
        case boolean
        case choice([String])
        case poolName
        case profileName
        case capabilities
        case variables
        case paths
        case network
        case calls
        case steps
        case absolutePath
        case command
        case environment
        case url
        case text
        case names
        case rate
        case argument
        case values
        case namedValues
        case crontab
        case zone
        case priority
    }

    /// Whether a duration may be zero.
    enum Zero: Sendable {
        case allowed
        case forbidden
    }

    /// A word that stands for a value of another kind.
    enum Word: String, Sendable {
        /// No limit.
        case unlimited = "none"
        /// Found out at start.
        case auto
    }

    /// The key's name in its sections: `hard_time`.
    public let name: String
    /// The sections that may have the key. The first is its home; the others set it for some tasks or one pool.
    public let sections: [Section]
    let kind: Kind
    let word: Word?
    /// The value when nobody sets it, as the file would write it; `nil` when there is none.
    public let defaultText: String?
    /// What the setting does, in one sentence.
    public let meaning: String
    /// Celery's nearest setting; `nil` when it has none.
    public let celery: String?
    /// The letter of the flag's short form.
    public let shortFlag: Character?

    init(
        _ name: String,
        in sections: [Section],
        _ kind: Kind,
        or word: Word? = nil,
        default defaultText: String?,
        _ meaning: String,
        celery: String? = nil,
        shortFlag: Character? = nil
    ) {
        self.name = name
        self.sections = sections
        self.kind = kind
        self.word = word
        self.defaultText = defaultText
        self.meaning = meaning
        self.celery = celery
        self.shortFlag = shortFlag
    }

    /// The section where the key sets the value for everything.
    public var home: Section { self.sections[0] }

    /// The environment variable that sets it, `CELERIAC_LIMITS_HARD_TIME`; `nil` for what only one task can have.
    public var environmentVariable: String? {
        self.home.isNamed ? nil : "CELERIAC_\(self.home.rawValue.uppercased())_\(self.name.uppercased())"
    }

    /// The command-line flag that sets it, without dashes, `hard-time`; `nil` for what only one task can have.
    public var flag: String? {
        self.home.isNamed ? nil : self.name.split(separator: "_").joined(separator: "-")
    }

    /// What a value may be, in a few words: `duration or "none"`.
    public var typeDescription: String {
        let type =
            switch self.kind {
            case .count(let least): "integer ≥ \(least)"
            case .percentage: "integer from 0 to 100"
            case .duration(.forbidden): "duration"
            case .duration(.allowed): "duration, also \"0s\""
            case .size: "size"
            case .boolean: "boolean"
            case .choice(let choices): choices.map { "\"\($0)\"" }.joined(separator: ", ")
            case .poolName: "name of a pool"
            case .profileName: "name of a profile"
            case .capabilities: "array of capabilities"
            case .variables: "array of variables"
            case .paths: "array of absolute paths"
            case .network: "\"on\", \"off\", array of ports"
            case .calls: "array of system calls"
            case .steps: "array of steps"
            case .absolutePath: "absolute path"
            case .command: "array of strings"
            case .environment: "table of strings"
            case .url: "URL"
            case .text: "text"
            case .names: "array of strings"
            case .rate: "rate"
            case .argument: "argument"
            case .values: "array"
            case .namedValues: "table"
            case .crontab: "crontab"
            case .zone: "time zone"
            case .priority: "integer from 0 to 9"
            }
        return self.word.map { "\(type) or \"\($0.rawValue)\"" } ?? type
    }
}
