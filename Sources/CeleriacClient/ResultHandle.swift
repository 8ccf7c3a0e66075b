import Celery
import Redis

/// The way to one task's result. Keeps its client open.
public struct ResultHandle<Output: Decodable & Sendable>: Sendable {
    /// The task's id.
    public let id: String
    private let client: Client

    init(id: String, client: Client) {
        self.id = id
        self.client = client
    }

    /// Waits for the result.
    ///
    /// `nil` (the default) waits without end: also for a task that nobody runs. Goes on waiting when the connection is
    /// lost. Throws ``TaskError`` when the task failed, ``TaskRevokedError`` when it was called off, ``ClientError``
    /// with the code `timedOut` when there is no result in time and `undecodable` when it is of another type, and
    /// `CancellationError`.
    public func value(timeout: Duration? = nil) async throws -> Output {
        try await self.result(timeout: timeout).value(as: Output.self)
    }

    /// Waits for the end of the task, however it ends. Throws ``ClientError`` and `CancellationError`.
    public func result(timeout: Duration? = nil) async throws -> TaskResult {
        TaskResult(try await self.client.wait(for: self.id, timeout: timeout))
    }

    /// The state as it is stored now; `pending` when nothing is: the task is unknown, waits, runs, or was forgotten.
    public func state() async throws -> ResultState { try await self.client.document(of: self.id)?.state ?? .pending }

    /// Deletes the result.
    public func forget() async throws { try await self.client.forget(self.id) }

    /// Calls the task off, as Celery's `revoke` does: workers that hear it will not start it, and no worker of Celeriac's
    /// will for a week. With `terminate` one that runs it kills it.
    ///
    /// It is a message to all workers that listen now, and a note at the broker that Celeriac's workers find when they
    /// start. Returns how many listened.
    @discardableResult
    public func revoke(terminate: Bool = false, signal: String = "SIGTERM") async throws -> Int {
        try await self.client.revoke(self.id, terminate: terminate, signal: signal)
    }
}
