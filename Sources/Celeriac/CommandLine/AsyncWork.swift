import Synchronization
import Syscalls

/// Runs asynchronous work from a command, which is synchronous, and waits for it. For commands that never fork: from
/// then on the process has more threads than one.
func waiting<Value: Sendable>(for work: @escaping @Sendable () async throws -> Value) throws -> Value {
    let outcome = AsyncOutcome<Value>(try EventCounter())
    Task.detached {
        do { outcome.set(.success(try await work())) } catch { outcome.set(.failure(error)) }
    }
    return try outcome.get()
}

private final class AsyncOutcome<Value: Sendable>: Sendable {
    private let value = Mutex<Result<Value, any Error>?>(nil)
    private let done: EventCounter

    init(_ done: EventCounter) { self.done = done }

    func set(_ outcome: Result<Value, any Error>) {
        self.value.withLock { $0 = outcome }
        self.done.signal()
    }

    func get() throws -> Value {
        while true {
            _ = waitReadable([self.done.descriptor])
            if let outcome = self.value.withLock({ $0 }) { return try outcome.get() }
        }
    }
}
