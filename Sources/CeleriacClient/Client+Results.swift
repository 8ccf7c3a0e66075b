import Celery
import JSON
import Redis

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
        let body: CeleryValue = [
            "method": "revoke",
            "arguments": ["task_id": .string(id), "terminate": .bool(terminate), "signal": .string(signal)],
            "destination": nil, "pattern": nil, "matcher": nil, "ticket": .string(RandomID.make()),
        ]
        let headers = Fields([Fields.Field("clock", RawJSON(0)), Fields.Field("expires", RawJSON(0))])
        let info = Fields([
            Fields.Field("exchange", RawJSON("celery.pidbox")), Fields.Field("routing_key", RawJSON("")),
        ])
        let properties = Fields([
            Fields.Field("delivery_mode", RawJSON(2)), Fields.Field("delivery_info", info.raw),
            Fields.Field("priority", RawJSON(0)),
        ])
        // Ids and names of signals are texts, which JSON has a form for.
        let envelope = try! BodyEncoder().envelope(
            body, headers: headers, properties: properties, deliveryTag: RandomID.make())
        var command = Command("PUBLISH", self.keys.control(database: self.broker.database))
        command.add(envelope.serialized())
        return try await self.ask(command, isRepeatable: true).asInt ?? 0
    }
}
