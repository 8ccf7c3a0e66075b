import Compression

/// A task message to be sent, as Celery's client makes it. Ids, times and the sender's name are given, not made up.
public struct NewTask: Sendable, Hashable {
    /// What the headers say. Where `argsRepr` and `kwargsRepr` are `nil`, they are made from the body.
    public var headers: TaskHeaders
    /// The arguments, and what comes after the task.
    public var body: TaskBody
    /// The exchange; empty, the default, for the anonymous one.
    public var exchange = ""
    /// The routing key, which is the queue's name when the exchange is the anonymous one.
    public var routingKey: String
    /// How urgent the task is: on Redis 0, the default, is the most urgent.
    public var priority = 0
    /// Where a result of the `rpc` backend goes.
    public var replyTo: String?
    /// Milliseconds until the message expires, as a property. Has no meaning on Redis; see ``TaskHeaders/expires``.
    public var expiration: Int?
    /// How the body is written; the default JSON.
    public var serializer = Serializer.json
    /// How the body is compressed; by default not at all.
    public var compression: CompressionFormat?

    /// A task that is the first of its workflow, with Celery's defaults.
    public init(
        task: String,
        id: String,
        args: [CeleryValue] = [],
        kwargs: CeleryObject = CeleryObject(),
        routingKey: String = "celery"
    ) {
        self.headers = TaskHeaders(task: task, id: id)
        self.headers.rootID = id
        self.headers.ignoreResult = false
        self.body = TaskBody(args: args, kwargs: kwargs)
        self.routingKey = routingKey
    }

    /// The message. Throws ``BodyError`` for arguments that the serializer has no form for.
    public func envelope(deliveryTag: String) throws(BodyError) -> Envelope {
        var headers = self.headers
        headers.argsRepr = headers.argsRepr ?? PythonRepr.text(args: self.body.args)
        headers.kwargsRepr = headers.kwargsRepr ?? PythonRepr.text(kwargs: self.body.kwargs)
        let encoder = BodyEncoder(serializer: self.serializer, compression: self.compression)
        return try encoder.envelope(
            self.body.value,
            headers: headers.fields,
            properties: self.properties,
            deliveryTag: deliveryTag
        )
    }

    private var properties: Fields {
        var properties = Fields()
        properties["correlation_id"] = RawJSON(self.headers.id)
        properties["reply_to"] = self.replyTo.map { RawJSON($0) }
        properties["delivery_mode"] = RawJSON(2)
        properties["expiration"] = self.expiration.map { RawJSON(String($0)) }
        let info = Fields([
            Fields.Field("exchange", RawJSON(self.exchange)), Fields.Field("routing_key", RawJSON(self.routingKey)),
        ])
        properties["delivery_info"] = info.raw
        properties["priority"] = RawJSON(self.priority)
        return properties
    }
}
