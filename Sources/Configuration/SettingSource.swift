/// A place in a text: line and column, both counted from 1, a column for each Unicode scalar.
public struct SourcePosition: Hashable, Comparable, Sendable {
    /// The line.
    public var line: Int
    /// The column.
    public var column: Int

    /// The place at this line and column.
    public init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    /// Whether `left` comes first in the text.
    public static func < (left: SourcePosition, right: SourcePosition) -> Bool {
        (left.line, left.column) < (right.line, right.column)
    }
}

/// Where a setting's value comes from.
public enum SettingSource: Hashable, Sendable {
    /// Nobody set it.
    case builtIn
    /// A place in the configuration file.
    case file(name: String, SourcePosition)
    /// An environment variable.
    case environment(variable: String)
    /// A command-line flag, named without its dashes.
    case flag(String)
    /// The ``TaskOptions`` with which the program registered this task.
    case code(task: String)
    /// The call with which the program made this entry of the schedule.
    case codeSchedule(String)
}

extension SettingSource: CustomStringConvertible {
    /// As `config explain` prints it: `default`, `celeriac.toml:12`, `flag --hard-time`.
    public var description: String {
        switch self {
        case .builtIn: "default"
        case .file(let name, let position): "\(name):\(position.line)"
        case .environment(let variable): "environment \(variable)"
        case .flag(let name): "flag --\(name)"
        case .code, .codeSchedule: "code"
        }
    }
}
