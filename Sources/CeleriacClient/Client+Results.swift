import Celery
import JSON
import Redis
import RemoteControl

extension Client {
    /// What is stored about a task now.
    func document(of id: String) async throws -> ResultDocument? {
        let reply = try await self.ask(Command("GET", self.resultKeys.task(id)), at: .results, isRepeatable: true)
        guard let bytes = reply.asBytes else { return nil }
        do throws(BodyError) { return try ResultDocument(stored: bytes[...]) } catch {
            throw ClientError(.undecodable, "the result of \(id) cannot be read: \(error)")
        }
    }

    /// Deletes what is stored about a task.
    func forget(_ id: String) async throws {
        _ = try await self.ask(Command("DEL", self.resultKeys.task(id)), at: .results, isRepeatable: true)
    }

    /// Tells all workers that listen to call a task off. Returns how many do.
    func revoke(_ id: String, terminate: Bool, signal: String) async throws -> Int {
        try await self.revoke(.string(id), terminate: terminate, signal: signal)
    }

    /// Tells all workers that listen to call tasks off. Returns how many do.
    func revoke(_ ids: [String], terminate: Bool, signal: String) async throws -> Int {
        try await self.revoke(.array(ids.map { .string($0) }), terminate: terminate, signal: signal)
    }

    private func revoke(_ ids: CeleryValue, terminate: Bool, signal: String) async throws -> Int {
        let request = ControlRequest(
            "revoke", ["task_id": ids, "terminate": .bool(terminate), "signal": .string(signal)])
        return try await self.publish(request)
    }
}
