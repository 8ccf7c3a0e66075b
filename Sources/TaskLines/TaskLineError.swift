/// Why a line is not a task message, and where.
public struct TaskLineError: Error, Equatable, CustomStringConvertible {
    /// What is wrong, in one sentence that names the field.
    public let message: String
    /// The byte of the line at which it shows, counted from 1.
    public let column: Int

    /// An error at a column, counted from 1.
    public init(message: String, column: Int) {
        self.message = message
        self.column = column
    }

    /// Where and what, for humans.
    public var description: String { "column \(self.column): \(self.message)" }
}
