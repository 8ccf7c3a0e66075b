import JSON

/// How long one run may take, in seconds as they were written. `nil` leaves it to the task's own setting.
public struct TimeLimits: Sendable, Hashable {
    /// After it the task is killed.
    public var hard: JSONNumber?
    /// After it the task is told to stop.
    public var soft: JSONNumber?

    /// The given limits; without arguments none.
    public init(hard: JSONNumber? = nil, soft: JSONNumber? = nil) {
        self.hard = hard
        self.soft = soft
    }

    /// Reads `[hard, soft]` or null; `nil` when it is something else.
    init?(_ raw: RawJSON) {
        self.init()
        if raw.isNull { return }
        guard let pair = raw.elements, pair.count == 2, pair.allSatisfy({ $0.isNull || $0.number != nil }) else {
            return nil
        }
        self.init(hard: pair[0].number, soft: pair[1].number)
    }

    /// `[hard, soft]`.
    var raw: RawJSON {
        let text = { (number: JSONNumber?) in number?.description ?? "null" }
        return RawJSON(unchecked: Array("[\(text(self.hard)), \(text(self.soft))]".utf8)[...])
    }
}
