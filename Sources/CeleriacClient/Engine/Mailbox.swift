import Synchronization
import Syscalls
import SystemPackage

/// What threads ask of the loop.
enum Request: Sendable {
    /// Asks the servers.
    case ask(id: UInt64, Question)
    /// Waits for the last document of a key.
    case wait(id: UInt64, Wait)
    /// Ends what was asked with this id.
    case cancel(id: UInt64)
    /// Ends everything, then calls.
    case close(@Sendable () -> Void)
}

/// Carries requests from any thread to the loop's, which it wakes.
final class Mailbox: Sendable {
    private struct Content {
        var requests: [Request] = []
        var isClosed = false
    }

    private let content = Mutex(Content())
    private let counter: EventCounter

    init() throws(Errno) { self.counter = try EventCounter() }

    /// Readable when there are requests.
    var descriptor: CInt { self.counter.descriptor }

    /// Hands over a request; `false` when nobody takes it any more.
    func post(_ request: Request) -> Bool {
        let wasEmpty: Bool? = self.content.withLock { content in
            if content.isClosed { return nil }
            content.requests.append(request)
            return content.requests.count == 1
        }
        if wasEmpty == true { self.counter.signal() }
        return wasEmpty != nil
    }

    /// The loop has seen that the descriptor is readable.
    func clear() { self.counter.clear() }

    /// Everything that was handed over since the last call.
    func take() -> [Request] {
        self.content.withLock { content in
            let requests = content.requests
            content.requests.removeAll(keepingCapacity: requests.count < 4_096)
            return requests
        }
    }

    /// Takes no more requests from now on. Returns the last ones.
    func close() -> [Request] {
        self.content.withLock { content in
            content.isClosed = true
            defer { content.requests = [] }
            return content.requests
        }
    }
}
