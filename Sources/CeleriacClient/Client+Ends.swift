import Celery
import JSON
import Redis

extension Client {
    /// What the result backend knows of the end of a task: its document, with `post_mortem` where it ended abnormally.
    package func endInResults(of id: String) async throws -> JSONObject? {
        let reply = try await self.ask(Command("GET", self.resultKeys.task(id)), at: .results, isRepeatable: true)
        guard let bytes = reply.asBytes else { return nil }
        guard case .object(var object)? = try? JSONValue(parsing: bytes) else {
            throw ClientError(.undecodable, "the result of \(id) cannot be read")
        }
        object["state"] = object["status"]
        object["task"] = object["name"]
        return object
    }

    /// The dead letter of a task, the newest if there are several, or the one with this id of its own.
    package func deadLetter(of id: String) async throws -> DeadLetterRecord? {
        if let letter = try await self.deadLetters([id]).first { return letter }
        let found = FoundLetter()
        try await self.eachDeadLetter { page in
            if let letter = page.last(where: { $0.taskID == id }) { found.letter = letter }
            return 0
        }
        return found.letter
    }
}

/// Where a walk over the letters, which is one task, leaves what it finds.
private final class FoundLetter: @unchecked Sendable {
    var letter: DeadLetterRecord?
}
