/// A program that the configuration makes a task.
public struct CommandSpec: Equatable, Sendable {
    /// What a command finds on its standard input.
    public enum StandardInput: String, CaseIterable, Sendable {
        /// One JSON object: `{"args": […], "kwargs": {…}, "id": …, "attempt": …}`.
        case json
        /// Nothing.
        case none
    }

    /// The program and its arguments. The first is fixed text: no message decides which program runs.
    public let arguments: [CommandTemplate]
    /// What the command finds on its standard input.
    public let standardInput: StandardInput
    /// Variables that the command's environment has beside the child's.
    public let environment: [String: String]
    /// The absolute path of the directory that the command starts in; `nil` is the worker's.
    public let workingDirectory: String?

    /// The program and its arguments for one message; see ``CommandTemplate/rendered(_:)``.
    public func renderedArguments(
        _ value: (CommandTemplate.Placeholder) -> String?
    ) throws(CommandTemplate.MissingArgument) -> [String] {
        try self.arguments.map { (template) throws(CommandTemplate.MissingArgument) in try template.rendered(value) }
    }
}
