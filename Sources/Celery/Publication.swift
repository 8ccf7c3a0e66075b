/// A message that is to be sent, and where to.
public struct Publication: Sendable, Hashable {
    /// The exchange; empty for the anonymous one.
    public var exchange: String
    /// The routing key, which is the queue's name when the exchange is the anonymous one.
    public var routingKey: String
    /// How urgent the message is: as the signature says, 0 when it does not.
    public var priority: Int
    /// The message.
    public var envelope: Envelope

    /// The message of a task. Throws ``BodyError`` for arguments that the serializer has no form for.
    public init(_ task: NewTask, deliveryTag: String) throws(BodyError) {
        self.exchange = task.exchange
        self.routingKey = task.routingKey
        self.priority = task.priority
        self.envelope = try task.envelope(deliveryTag: deliveryTag)
    }
}
