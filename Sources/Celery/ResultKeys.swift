/// The keys of the result backend. Each is also the channel on which its document is published.
public struct ResultKeys: Sendable, Hashable {
    /// What stands in front of every key.
    public let prefix: String

    /// The keys with Celery's `global_keyprefix`, which gets a `_` unless it ends in a separator; by default none.
    public init(globalPrefix: String = "") {
        let endsInSeparator = globalPrefix.last.map { ":_-.".contains($0) } ?? true
        self.prefix = endsInSeparator ? globalPrefix : globalPrefix + "_"
    }

    /// Where a task's result document is.
    public func task(_ id: String) -> String { "\(self.prefix)celery-task-meta-\(id)" }

    /// Where a saved group is. The keys of a chord's parts begin with it.
    public func group(_ id: String) -> String { "\(self.prefix)celery-taskset-meta-\(id)" }
}
