import Synchronization

/// Queues whose names the present connection has left at the broker, so that others find them.
final class KnownQueues: Sendable {
    /// A program that makes up names without end must not grow for it: then all are told anew.
    private static let most = 10_000

    private let names = Mutex<Set<String>>([])

    /// Whether the queue is new.
    func insert(_ name: String) -> Bool {
        self.names.withLock { names in
            if names.count >= Self.most { names = [] }
            return names.insert(name).inserted
        }
    }

    /// Another connection knows nothing.
    func forgetAll() { self.names.withLock { $0 = [] } }
}
