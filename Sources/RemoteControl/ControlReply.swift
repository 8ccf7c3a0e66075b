import Celery

/// The answer of one node.
public struct ControlReply: Sendable {
    /// The node that answers.
    public var node: String
    /// What it answers.
    public var value: CeleryValue

    /// An answer.
    public init(node: String, value: CeleryValue) {
        self.node = node
        self.value = value
    }

    /// The message for the queue of answers. Throws ``BodyError`` for a value that JSON has no form for.
    public func message(to request: ControlRequest, clock: Int, deliveryTag: String) throws(BodyError) -> [UInt8] {
        let headers = Fields([
            Fields.Field("ticket", try RawJSON(request.ticket)), Fields.Field("clock", RawJSON(clock)),
        ])
        let properties = Self.properties(
            mode: 1, exchange: request.replyExchange, routingKey: request.replyKey ?? "")
        return try BodyEncoder().envelope(
            .object([self.node: self.value]), headers: headers, properties: properties, deliveryTag: deliveryTag
        ).serialized()
    }

    static func properties(mode: Int, exchange: String, routingKey: String) -> Fields {
        let info = Fields([
            Fields.Field("exchange", RawJSON(exchange)), Fields.Field("routing_key", RawJSON(routingKey)),
        ])
        return Fields([
            Fields.Field("delivery_mode", RawJSON(mode)), Fields.Field("delivery_info", info.raw),
            Fields.Field("priority", RawJSON(0)),
        ])
    }
}

extension ControlReply {
    /// A reply as it came, with what it answers and its sender's clock.
    public struct Received: Sendable {
        /// The answers, by node; usually one.
        public var replies: [ControlReply]
        /// What names the question.
        public var ticket: CeleryValue
        /// The sender's clock.
        public var clock: Int?

        /// Reads a message of a queue of answers. Throws ``ControlError`` for what is none.
        public init(parsing message: ArraySlice<UInt8>) throws(ControlError) {
            do {
                let envelope = try Envelope(parsing: message)
                let body = try BodyDecoder(accepted: [.json, .messagePack]).value(of: envelope)
                self.replies = body.asObject?.members.map { ControlReply(node: $0.key, value: $0.value) } ?? []
                self.ticket = try envelope.headers["ticket"]?.value() ?? .null
                self.clock = envelope.headers["clock"]?.integer
            } catch {
                throw ControlError("\(error)")
            }
        }
    }
}
