import JSON

/// What is known of an entry's firings: the text of its field in the hash of the schedule.
///
/// A firing replaces the text, if and only if it is still the one that was decided on. Whoever comes second is told, and
/// nothing is sent twice.
public struct EntryState: Codable, Equatable, Sendable {
    /// The entry's ``BeatEntry/definition``.
    public var definition: String
    /// The last instant that is accounted for, or when the entry was first seen: milliseconds since 1970.
    public var due: Int64
    /// When it was last sent, by the server's clock: milliseconds since 1970; `nil` for never.
    public var sent: Int64?
    /// How often it was sent.
    public var runs = 0
    /// How often it was left out because the task before had not ended.
    public var skipped = 0
    /// The id of the last task.
    public var taskID: String?

    enum CodingKeys: String, CodingKey {
        case definition, due, sent, runs, skipped
        case taskID = "task_id"
    }

    /// The state of an entry that begins.
    public init(definition: String, due: Int64) {
        self.definition = definition
        self.due = due
    }

    /// Reads the text; `nil` when it is none, which is a state of another program.
    public init?(text: String) {
        guard let state = try? JSONCoder.decode(Self.self, from: text.utf8) else { return nil }
        self = state
    }

    /// The text.
    public var text: String {
        guard let json = try? JSONCoder.encode(self) else { preconditionFailure("A state has a JSON form.") }
        return json.description
    }
}
