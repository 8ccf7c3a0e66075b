import Foundation

/// A message as a Celery client writes it, in protocol 2.
package struct RawMessage {
    package let id: String
    package let task: String
    /// Positional arguments and keyword arguments, as JSON.
    package var arguments = "[]"
    package var keywords = "{}"
    /// When it is due, in seconds from now; `nil` at once.
    package var countdown: Double?
    /// The third part of the body, as JSON.
    package var embed = #"{"callbacks": null, "errbacks": null, "chain": null, "chord": null}"#
    /// The queue that it says it is for.
    package var queue = "celery"

    package init(_ id: String, _ task: String) { (self.id, self.task) = (id, task) }

    package var text: String {
        let body = Data("[\(self.arguments), \(self.keywords), \(self.embed)]".utf8).base64EncodedString()
        return #"{"body": "\#(body)", "content-encoding": "utf-8", "content-type": "application/json", "#
            + #""headers": {"lang": "py", "task": "\#(self.task)", "id": "\#(self.id)", "shadow": null, "#
            + #""eta": \#(self.eta), "expires": null, "group": null, "group_index": null, "retries": 0, "#
            + #""timelimit": [null, null], "root_id": "\#(self.id)", "parent_id": null, "argsrepr": "", "#
            + #""kwargsrepr": "", "origin": "test", "ignore_result": false}, "properties": {"#
            + #""correlation_id": "\#(self.id)", "reply_to": "test", "delivery_mode": 2, "delivery_info": {"#
            + #""exchange": "", "routing_key": "\#(self.queue)"}, "priority": 0, "body_encoding": "base64", "#
            + #""delivery_tag": "tag-\#(self.id)"}}"#
    }

    private var eta: String {
        guard let countdown else { return "null" }
        return "\"\(Date(timeIntervalSinceNow: countdown).ISO8601Format(.init(includingFractionalSeconds: true)))\""
    }
}
