import Supervision
import Wire

/// Task names and their numbers: the only place where a name is looked up (`docs/architecture.md`).
public struct TaskDirectory: Sendable {
    /// Names by index.
    public let names: [String]
    private let indexes: [Bytes: Int]

    /// Numbers the names in the given order.
    public init(names: [String]) {
        self.names = names
        self.indexes = Dictionary(uniqueKeysWithValues: names.enumerated().map { (Array($1.utf8)[...], $0) })
    }

    /// The index of a task; `nil` for an unknown name.
    public func index(of name: Bytes) -> Int? { self.indexes[name] }
}
