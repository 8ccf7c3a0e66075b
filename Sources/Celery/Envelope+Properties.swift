extension Envelope {
    /// What identifies the message while it is not acknowledged.
    public var deliveryTag: String {
        get { self.properties["delivery_tag"]?.text ?? "" }
        set { self.properties["delivery_tag"] = RawJSON(newValue) }
    }

    /// The task's id, for whoever waits for an answer.
    public var correlationID: String? { self.properties["correlation_id"]?.text }

    /// Where results of the `rpc` backend go.
    public var replyTo: String? { self.properties["reply_to"]?.text }

    /// How urgent the message is: as sent, 0 when it does not say.
    public var priority: Int { self.properties["priority"]?.integer ?? 0 }

    /// How the body is wrapped: `base64`, or `nil` and `utf-8` for plain text.
    public var bodyEncoding: String? { self.properties["body_encoding"]?.text }

    /// The exchange that the message was sent to; empty for the anonymous one.
    public var exchange: String { self.deliveryInfo["exchange"]?.text ?? "" }

    /// The routing key, which is the queue's name when the exchange is the anonymous one; `nil` when there is none.
    public var routingKey: String? { self.deliveryInfo["routing_key"]?.text }

    /// Whether the message was handed out before.
    public var isRedelivered: Bool {
        self.headers["redelivered"]?.bool == true || self.deliveryInfo["redelivered"]?.bool == true
    }

    /// Sets the two marks that tell the next consumer that the message was handed out before.
    public mutating func markRedelivered() {
        self.headers["redelivered"] = RawJSON(true)
        var info = self.deliveryInfo
        info["redelivered"] = RawJSON(true)
        self.properties["delivery_info"] = info.raw
    }

    /// Takes the two marks away.
    mutating func unmarkRedelivered() {
        self.headers["redelivered"] = nil
        var info = self.deliveryInfo
        guard info["redelivered"] != nil else { return }
        info["redelivered"] = nil
        self.properties["delivery_info"] = info.raw
    }

    /// The compression of the body: a content type, `nil` when it is not compressed.
    public var compression: String? { self.headers["compression"]?.text }

    private var deliveryInfo: Fields {
        guard let raw = self.properties["delivery_info"], let fields = try? Fields(parsing: raw.bytes) else {
            return Fields()
        }
        return fields
    }
}
