import Celery
import Compression

/// A request to workers, as Celery's `app.control` broadcasts it.
public struct ControlRequest: Sendable {
    /// What is asked: `ping`, `revoke`.
    public var method: String
    /// Its arguments by name.
    public var arguments: CeleryObject
    /// The nodes that are meant; empty for all, or for those of the pattern.
    public var destination: [String] = []
    /// A pattern for the names of the nodes that are meant.
    public var pattern: String?
    /// The pattern's grammar.
    public var matcher: String?
    /// What names the question in its answers.
    public var ticket: CeleryValue = .null
    /// The routing key of the queue that answers go to; `nil` when none is wanted.
    public var replyKey: String?
    /// The exchange of that queue.
    public var replyExchange = "reply.celery.pidbox"
    /// The asker's Lamport clock.
    public var clock: Int?

    /// A request without an address, which no answer goes to.
    public init(_ method: String, _ arguments: CeleryObject = CeleryObject()) {
        self.method = method
        self.arguments = arguments
    }

    /// Whether a node is meant.
    ///
    /// Throws ``ControlError`` for a pattern that is none, and for a grammar that is not known.
    public func isAddressed(to node: String) throws(ControlError) -> Bool {
        if !self.destination.isEmpty { return self.destination.contains(node) }
        guard let pattern, let matcher else { return true }
        guard let grammar = NodePattern.Grammar(rawValue: matcher) else {
            throw ControlError("KeyError", matcher)
        }
        return try NodePattern(pattern, grammar).matches(node)
    }
}

extension ControlRequest {
    /// Bounds on what anybody may publish: no command of Celery's comes near to them.
    private static let limits = BodyLimits(
        maxDepth: 32, maxValues: 200_000, decompression: DecompressionLimits(maxOutput: 4 << 20))

    /// Reads a message of the channel `celery.pidbox`.
    ///
    /// Throws ``ControlError`` for what is none.
    public init(parsing message: ArraySlice<UInt8>) throws(ControlError) {
        self = try ControlRequest(Self.envelope(message))
    }

    /// Reads what came on the channel. Throws ``ControlError`` for what is no message.
    public static func envelope(_ message: ArraySlice<UInt8>) throws(ControlError) -> Envelope {
        do throws(EnvelopeError) { return try Envelope(parsing: message) } catch { throw ControlError("\(error)") }
    }

    /// Reads a message of the channel `celery.pidbox`. Throws ``ControlError`` for one that is no request.
    public init(_ envelope: Envelope) throws(ControlError) {
        let body: CeleryValue
        do throws(BodyError) {
            body = try BodyDecoder(accepted: [.json, .messagePack], limits: Self.limits).value(of: envelope)
        } catch {
            throw ControlError("\(error)")
        }
        self = try ControlRequest(body)
        self.clock = envelope.headers["clock"]?.integer
    }

    /// Reads the body of a request: an object with at least a `method`. Throws ``ControlError`` for another value.
    public init(_ body: CeleryValue) throws(ControlError) {
        guard let method = body["method"]?.asString else { throw ControlError("the request names no method") }
        self.init(method, body["arguments"]?.asObject ?? CeleryObject())
        self.destination = Self.nodes(body["destination"])
        self.pattern = body["pattern"]?.asString
        self.matcher = body["matcher"]?.asString
        self.ticket = body["ticket"] ?? .null
        self.replyKey = body["reply_to"]?["routing_key"]?.asString
        if let exchange = body["reply_to"]?["exchange"]?.asString { self.replyExchange = exchange }
    }

    private static func nodes(_ value: CeleryValue?) -> [String] {
        if let name = value?.asString { return [name] }
        return value?.asArray?.compactMap(\.asString) ?? []
    }

    /// The body as Celery writes it.
    public var body: CeleryValue {
        var body: CeleryObject = [
            "method": .string(self.method), "arguments": .object(self.arguments),
            "destination": self.destination.isEmpty ? .null : .array(self.destination.map { .string($0) }),
            "pattern": self.pattern.map { .string($0) } ?? .null, "matcher": self.matcher.map { .string($0) } ?? .null,
        ]
        guard let replyKey else { return .object(body) }
        body["ticket"] = self.ticket
        body["reply_to"] = ["exchange": .string(self.replyExchange), "routing_key": .string(replyKey)]
        return .object(body)
    }

    /// The message for the channel.
    ///
    /// - Parameters:
    ///   - expires: When nobody waits for answers any more, in seconds since 1970; 0 without. Workers ignore it.
    ///   - deliveryTag: A random text.
    /// Throws ``BodyError`` for an argument that JSON has no form for.
    public func envelope(clock: Int, expires: Double, deliveryTag: String) throws(BodyError) -> Envelope {
        let headers = Fields([
            Fields.Field("clock", RawJSON(clock)), Fields.Field("expires", try RawJSON(CeleryValue(expires))),
        ])
        let properties = ControlReply.properties(mode: 2, exchange: "celery.pidbox", routingKey: "")
        return try BodyEncoder().envelope(
            self.body, headers: headers, properties: properties, deliveryTag: deliveryTag)
    }
}
