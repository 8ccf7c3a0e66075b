import Broker
import Celery
import JSON

/// A message that will not be run any more, with all that is known of it. Kept verbatim, so that it can be run again.
public struct DeadLetter: Sendable {
    /// Why it is dead. The raw value stands in the record and in logs.
    public enum Reason: String, CaseIterable, Sendable {
        /// It is no message, or says nothing that can be understood.
        case malformed
        /// It is larger than allowed.
        case tooLarge = "too_large"
        /// No worker of this kind has its task.
        case notRegistered = "not_registered"
        /// It is not signed, and its task requires that.
        case unsigned
        /// Its signature is not one that is taken.
        case badSignature = "bad_signature"
        /// It is the copy of a signed message that has run or is running.
        case replayed
        /// Its body cannot be opened.
        case undecodable
        /// It has cost as many children as it may.
        case crashes
        /// It was handed out too often.
        case tooManyDeliveries = "too_many_deliveries"
    }

    /// Why it is dead.
    public var reason: Reason
    /// The reason for people.
    public var text: String
    /// The queue that it came from.
    public var queue: String
    /// The message as it was on the list.
    public var message: ArraySlice<UInt8>
    /// The task's id, where it is known.
    public var taskID: String?
    /// The task's name, where it is known.
    public var task: String?
    /// From 0, the most urgent, to 9.
    public var priority = 0
    /// How its last attempt ended.
    public var outcome: TaskOutcome?

    /// A letter of which nothing else is known.
    public init(reason: Reason, text: String, queue: String, message: ArraySlice<UInt8>) {
        self.reason = reason
        self.text = text
        self.queue = queue
        self.message = message
    }

    /// The record of it: a JSON object.
    func encoded(by worker: String, at seconds: Double) -> [UInt8] {
        var record: JSONObject = [
            "reason": .string(self.reason.rawValue), "text": .string(self.text), "queue": .string(self.queue),
            "priority": .number(JSONNumber(self.priority)), "worker": .string(worker),
            "time": .string(WallTime(seconds: seconds)?.text ?? ""),
        ]
        record["task_id"] = self.taskID.map { .string($0) }
        record["task"] = self.task.map { .string($0) }
        if let outcome { record["post_mortem"] = .object(outcome.record) }
        if let text = String(validating: self.message, as: UTF8.self) {
            record["message"] = .string(text)
        } else {
            record["message_base64"] = .string(String(decoding: Base64.encode(self.message), as: UTF8.self))
        }
        return JSONValue.object(record).serialized()
    }
}
