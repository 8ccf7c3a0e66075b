import JSON
import RedisSupport

/// Counts how often each task's outcome was stored: each document is published in the step that stores it.
final class Listener {
    private var connection: RedisConnection?
    /// Final states published, by task id.
    private(set) var outcomes: [String: Int] = [:]

    /// Listens, or goes on listening after the server was away.
    func connect(_ server: RedisServer) throws {
        let connection = try server.connect()
        _ = try connection.command(["PSUBSCRIBE", "celery-task-meta-*"])
        self.connection = connection
    }

    /// Forgets the connection: the server is going away. What it has sent is read first.
    func disconnect() throws {
        try self.collect()
        self.connection = nil
    }

    /// Reads what is there.
    func collect() throws {
        while let reply = try self.connection?.replyIfAny() {
            guard case .list(let parts) = reply, parts.count == 4, let text = parts[3].text else { continue }
            try self.count(text)
        }
    }

    private func count(_ text: String) throws {
        let document = try JSONValue(parsing: Array(text.utf8)[...])
        guard let id = document["task_id"]?.text, ResultState(document).isFinal else { return }
        self.outcomes[id, default: 0] += 1
    }

    func forget(_ ids: some Sequence<String>) { for id in ids { self.outcomes[id] = nil } }
}

/// What a result document says.
struct ResultState {
    let status: String
    let errorType: String?
    let value: JSONValue?

    init(_ document: JSONValue) {
        self.status = document["status"]?.text ?? ""
        self.value = document["result"]
        self.errorType = document["result"]?["exc_type"]?.text
    }

    var isFinal: Bool { ["SUCCESS", "FAILURE", "REVOKED", "REJECTED"].contains(self.status) }

    /// Whether it is what was to become of a task.
    func fits(_ fate: Fate) -> Bool {
        switch fate {
        case .success(let value): self.status == "SUCCESS" && (value == nil || value == self.value)
        case .failure(let type): self.status == "FAILURE" && self.errorType == type
        case .dead: self.status == "FAILURE"
        case .mayBeLost: self.status == "SUCCESS" || self.status == "FAILURE"
        }
    }
}
