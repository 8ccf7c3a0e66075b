/// One thing that is wrong with the configuration.
public struct ConfigurationError: Error, Hashable, Sendable {
    /// The kind of mistake.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        private enum Value: String {
            case syntax
            case unknownSection = "unknown_section"
            case unknownKey = "unknown_key"
            case wrongType = "wrong_type"
            case invalidValue = "invalid_value"
            case conflict
            case uselessKey = "useless_key"
            case missingKey = "missing_key"
            case unknownPool = "unknown_pool"
            case unknownProfile = "unknown_profile"
        }

        private let value: Value

        /// The file is not TOML.
        public static let syntax = Code(value: .syntax)
        /// No section has this name.
        public static let unknownSection = Code(value: .unknownSection)
        /// The section has no key, the program no flag, or the environment no setting of this name.
        public static let unknownKey = Code(value: .unknownKey)
        /// The value is, for example, an integer where a string belongs.
        public static let wrongType = Code(value: .wrongType)
        /// The value has the right type and cannot be used.
        public static let invalidValue = Code(value: .invalidValue)
        /// Two values contradict each other.
        public static let conflict = Code(value: .conflict)
        /// The key can have no effect where it stands.
        public static let uselessKey = Code(value: .uselessKey)
        /// A section lacks a key without which it means nothing.
        public static let missingKey = Code(value: .missingKey)
        /// A task names a pool that does not exist.
        public static let unknownPool = Code(value: .unknownPool)
        /// A pool, a task or a profile names a sandbox profile that does not exist.
        public static let unknownProfile = Code(value: .unknownProfile)

        /// A short word, fit for a metric label.
        public var description: String { self.value.rawValue }
    }

    /// The kind of mistake.
    public let code: Code
    /// What is wrong, for people, without the place.
    public let message: String
    /// The place.
    public let source: SettingSource

    /// The file's name; `nil` when the mistake is not in the file.
    public var file: String? {
        if case .file(let name, _) = self.source { name } else { nil }
    }

    /// The line in the file, from 1.
    public var line: Int? { self.position?.line }

    /// The column in the line, from 1.
    public var column: Int? { self.position?.column }

    private var position: SourcePosition? {
        if case .file(_, let position) = self.source { position } else { nil }
    }
}

extension ConfigurationError: CustomStringConvertible {
    /// Place and message: `celeriac.toml:12:3: unknown key 'hard_tme' in [limits]; did you mean 'hard_time'?`.
    public var description: String { "\(self.source.precisePlace): \(self.message)" }
}

extension SettingSource {
    /// The source with everything that helps to find it: column, task name.
    var precisePlace: String {
        switch self {
        case .file(let name, let position): "\(name):\(position.line):\(position.column)"
        case .code(let task): "task '\(task)' in code"
        case .codeSchedule(let name): "schedule '\(name)' in code"
        case .builtIn, .environment, .flag: self.description
        }
    }
}

/// Everything that is wrong with the configuration: first the file from top to bottom, then the rest.
public struct ConfigurationErrors: Error, Equatable, Sendable, CustomStringConvertible {
    /// The mistakes; never empty.
    public let errors: [ConfigurationError]

    init(_ errors: [ConfigurationError]) {
        let inFile = errors.filter { $0.file != nil }
        let elsewhere = errors.filter { $0.file == nil }
        self.errors = inFile.sorted { ($0.line ?? 0, $0.column ?? 0) < ($1.line ?? 0, $1.column ?? 0) } + elsewhere
    }

    /// One mistake a line.
    public var description: String { self.errors.map(\.description).joined(separator: "\n") }
}
