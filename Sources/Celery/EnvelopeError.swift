import JSON

/// Why bytes are not an envelope, or an envelope is not a task message.
public struct EnvelopeError: Error, Hashable, CustomStringConvertible {
    /// What is wrong.
    public enum Code: Hashable, Sendable {
        /// The bytes are not JSON, or pass a limit.
        case invalidJSON(JSONError)
        /// A field that must be there is not.
        case missing
        /// A field is of another kind than it must be.
        case wrongKind
        /// A field that tells a time holds no time.
        case invalidTime
    }

    /// What is wrong.
    public let code: Code
    /// The field that it is about; empty for the whole.
    public let field: String
    /// The task's id, where it is known: then a failure can be stored for whoever waits.
    public var taskID: String?
    /// The task's name, where it is known.
    public var task: String?

    /// An error about a field.
    public init(_ code: Code, field: String = "") {
        self.code = code
        self.field = field
    }

    /// What is wrong, for humans.
    public var description: String {
        switch self.code {
        case .invalidJSON(let error):
            self.field.isEmpty ? "The message is not JSON: \(error)." : "\(self.field) cannot be read: \(error)."
        case .missing: "The message has no \(self.field)."
        case .wrongKind: "\(self.field.isEmpty ? "The message" : self.field) is not of the kind that it must be."
        case .invalidTime: "\(self.field) does not tell a time."
        }
    }
}
