/// What the records of a journal add up to: the lines that are done, and the follow-ups that are not.
///
/// Its memory grows with the disorder of the lines and with the follow-ups that wait, not with the number of tasks.
struct JournalContents {
    private var done: [LineSet]
    private var pending: [String: (place: Int, message: [UInt8])] = [:]
    private var published = 0
    /// Records so far.
    private(set) var outcomes = 0

    init(inputs: Int) { self.done = Array(repeating: LineSet(), count: inputs) }

    func isDone(line: Int, input: Int) -> Bool { self.done[input].contains(line) }

    /// Follow-ups without an outcome, in the order in which they were published.
    var pendingFollowUps: [FollowUp] {
        self.pending.sorted { $0.value.place < $1.value.place }.map { FollowUp(key: $0.key, message: $0.value.message) }
    }

    /// Adds a record. Returns why it contradicts the earlier ones, and then leaves everything as it was.
    mutating func add(_ record: JournalRecord) -> Contradiction? {
        if let contradiction = self.contradiction(of: record.published) { return contradiction }
        switch record.origin {
        case .line(let line, let input):
            guard self.done.indices.contains(input) else { return .unknownInput(input) }
            guard self.done[input].insert(line) else { return .secondOutcome(line: line, input: input) }
        case .followUp(let key):
            guard self.pending.removeValue(forKey: key) != nil else { return .notPending(key) }
        }
        for followUp in record.published {
            self.pending[followUp.key] = (self.published, followUp.message)
            self.published += 1
        }
        self.outcomes += 1
        return nil
    }

    private func contradiction(of published: [FollowUp]) -> Contradiction? {
        var keys: Set<String> = []
        let repeated = published.first { !keys.insert($0.key).inserted || self.pending[$0.key] != nil }
        return repeated.map { .keyInUse($0.key) }
    }

    /// Why a record does not fit to those before it.
    enum Contradiction: Equatable, CustomStringConvertible {
        case unknownInput(Int)
        case secondOutcome(line: Int, input: Int)
        case notPending(String)
        case keyInUse(String)

        var description: String {
            switch self {
            case .unknownInput(let input): "the run has no input number \(input)"
            case .secondOutcome(let line, let input): "a second outcome of line \(line) of input \(input)"
            case .notPending(let key): "the outcome of a follow-up '\(key)' that is not pending"
            case .keyInUse(let key): "a follow-up '\(key)' that is pending already"
            }
        }
    }
}
