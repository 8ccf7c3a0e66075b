import Celery
import FoundationEssentials
import JSON
import Signing

/// A dead letter as a worker has recorded it.
package struct DeadLetterRecord: Sendable {
    /// The letter's id.
    package let id: String
    /// The record as it is stored.
    package let stored: [UInt8]
    /// The record's members; empty when it is no JSON object.
    package let members: JSONObject

    /// Reads a record.
    package init(id: String, stored: [UInt8]) {
        self.id = id
        self.stored = stored
        if case .object(let object)? = try? JSONValue(parsing: stored) {
            self.members = object
        } else {
            self.members = [:]
        }
    }

    /// Why it is dead.
    package var reason: String { self.text("reason") ?? "unknown" }
    /// The task's name, where it is known.
    package var task: String? { self.text("task") }
    /// The task's id, where it is known.
    package var taskID: String? { self.text("task_id") }
    /// The queue that it came from.
    package var queue: String? { self.text("queue") }
    /// When it died, as it is written.
    package var time: String? { self.text("time") }
    /// When it died, in seconds since 1970.
    package var seconds: Double? { self.time.flatMap { ISO8601.seconds(parsing: $0) } }

    private func text(_ name: String) -> String? {
        if case .string(let text)? = self.members[name] { text } else { nil }
    }

    /// The message as it was on its list; `nil` when the record has none.
    package var message: [UInt8]? {
        if let text = self.text("message") { return Array(text.utf8) }
        return self.text("message_base64").flatMap { Base64.decode(Array($0.utf8)[...]) }
    }

    /// The message as it begins anew: without its losses, and with a key signed anew. Such that is no envelope stays as it
    /// is.
    func freshMessage(signedWith key: SigningKey? = nil) -> [UInt8]? {
        guard let message else { return nil }
        guard var envelope = try? Envelope(parsing: message[...]).renewed() else { return message }
        if envelope.protocolVersion == .two { key?.sign(&envelope, now: Date().timeIntervalSince1970) }
        return envelope.serialized()
    }

    /// Whether the message can be run, as far as its form tells.
    package var isReplayable: Bool {
        guard let message, self.queue != nil, let envelope = try? Envelope(parsing: message[...]) else { return false }
        return envelope.headers.all.isEmpty || (try? TaskHeaders(envelope.headers)) != nil
    }

    /// The key of the list that it goes back to, and the name of its count of deliveries.
    func keys(_ keys: BrokerKeys) -> (list: String, deliveries: String)? {
        guard let queue else { return nil }
        return (keys.queue(queue, priority: self.priority), keys.deliveries + (self.text("task_id") ?? ""))
    }

    /// The message knows best; the record knows it only of messages that were understood.
    private var priority: Int {
        if let message, let envelope = try? Envelope(parsing: message[...]),
            let priority = envelope.properties["priority"]?.integer
        {
            return priority
        }
        return if case .number(let number)? = self.members["priority"] { number.asInt ?? 0 } else { 0 }
    }
}
