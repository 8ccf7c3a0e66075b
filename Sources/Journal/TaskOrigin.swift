/// Where a task of a run came from. Each origin has at most one outcome in a journal.
public enum TaskOrigin: Hashable, Sendable {
    /// A line of an input: the input's place in the command's list, from 0, and the line's number.
    case line(Int, input: Int)
    /// A message that another task published, under its ``FollowUp/key``.
    case followUp(key: String)

    /// A key for the task's follow-up message number `index`: `0:17/2` for the third that line 17 of input 0 published.
    ///
    /// As a task has one outcome, such keys are unique in a journal, also over many resumed runs.
    public func followUpKey(_ index: Int) -> String {
        switch self {
        case .line(let line, let input): "\(input):\(line)/\(index)"
        case .followUp(let key): "\(key)/\(index)"
        }
    }
}

extension TaskOrigin: CustomStringConvertible {
    /// `line 17 of input 0` or `follow-up '0:17/2'`.
    public var description: String {
        switch self {
        case .line(let line, let input): "line \(line) of input \(input)"
        case .followUp(let key): "follow-up '\(key)'"
        }
    }
}

/// A message that a task published while it ran. It becomes a task when the publishing task's outcome is in the journal.
public struct FollowUp: Hashable, Sendable {
    /// What its outcome will refer to. Unique in the journal: see ``TaskOrigin/followUpKey(_:)``.
    public let key: String
    /// The task line: one JSON object without a line break.
    public let message: [UInt8]

    /// A message under a unique key.
    public init(key: String, message: [UInt8]) {
        self.key = key
        self.message = message
    }
}
