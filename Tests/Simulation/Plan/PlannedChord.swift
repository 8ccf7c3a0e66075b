/// Messages whose results a further task gets, once all have returned.
public struct PlannedChord: Hashable, Sendable {
    /// Its place in the plan.
    public let number: Int
    /// The ids of its parts, in the order of their places.
    public let parts: [String]

    /// The id of its group.
    var id: String { "c\(self.number)" }
    /// The id of the task that gets the results.
    var body: String { "\(self.id).body" }
    /// Whether a message asks for the join of this chord.
    func isJoined(by message: String) -> Bool { message.hasPrefix("join.\(self.id).") }

    /// What the body of each part carries.
    var signature: String {
        #"{"task": "\#(SimulatedTask.plain.rawValue)", "args": [], "kwargs": {}, "options": {"task_id": "\#(self.body)"}, "#
            + #""subtask_type": null, "immutable": false, "chord_size": \#(self.parts.count)}"#
    }

    /// The arguments that its task must get, as they stand in its message.
    var arguments: String { "[[[\(self.parts.map { _ in #""done""# }.joined(separator: ", "))]]" }
}
