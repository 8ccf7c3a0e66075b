import JSON
import Traces

/// What the master must know of a task message, found in one pass without building anything.
///
/// The texts are the content of JSON strings: slices of the message unless there are escapes in them. A message is
/// accepted if, and only if, ``Envelope`` and ``TaskHeaders`` accept it.
public struct MessageHead: Sendable, Hashable {
    /// The task's name; empty in a message of protocol 1.
    public var task: ArraySlice<UInt8> = []
    /// The task's id; empty in a message of protocol 1.
    public var id: ArraySlice<UInt8> = []
    /// Not before this time, in seconds since 1970; a text without offset is in UTC.
    public var eta: Double?
    /// Not after this time, in seconds since 1970; a text without offset is in UTC.
    public var expires: Double?
    /// How often the task was retried: 0 the first time.
    public var retries = 0
    /// Seconds after which the task is killed; `nil` (null, 0 or less) leaves it to the task's own setting.
    public var hardLimit: Double?
    /// Seconds after which the task is told to stop; `nil` (null, 0 or less) leaves it to the task's own setting.
    public var softLimit: Double?
    /// Whether nothing is to be stored; `nil` leaves it to the task's own setting.
    public var ignoresResult: Bool?
    /// The first task of the workflow.
    public var rootID: ArraySlice<UInt8>?
    /// The task that sent this one.
    public var parentID: ArraySlice<UInt8>?
    /// The group that the task is a part of.
    public var groupID: ArraySlice<UInt8>?
    /// The task's place in its group.
    public var groupIndex: Int?
    /// Whether the message was handed out before.
    public var isRedelivered = false
    /// How many children were lost while they ran the task: see ``Envelope/returned(losses:)``.
    public var losses = 0
    /// Whether a scheduler sent the message: the header `celery_beat_task`.
    public var isPeriodic = false
    /// The span that the message was sent in: the header `traceparent`.
    public var trace: TraceContext?
    /// When the message was sent, in seconds since 1970; `nil` when it does not say.
    public var sent: Double?
    /// What identifies the message while it is not acknowledged.
    public var deliveryTag: ArraySlice<UInt8> = []
    /// Where results of the `rpc` backend go.
    public var replyTo: ArraySlice<UInt8>?
    /// The routing key, which is the queue's name when the exchange is the anonymous one; `nil` when there is none.
    public var routingKey: ArraySlice<UInt8>?
    /// How urgent the message is: 0, the most urgent on Redis, to 9. 0 when the message does not say.
    public var priority = 0
    /// Which serializer wrote the body; `nil` when the message does not say.
    public var contentType: ArraySlice<UInt8>?
    /// The body: a JSON string, as it was written.
    public var body = RawJSON.empty
    /// Whether the headers name no task: then the body tells what is to be done, if it is a task message at all.
    ///
    /// What the headers of such a message say is not looked at; see ``ProtocolOneTask``.
    public var isProtocolOne = false

    /// Nothing known.
    init() {}

    /// Reads what a message says.
    ///
    /// Throws what ``Envelope/init(parsing:limits:)`` and, for protocol 2, ``TaskHeaders/init(_:)`` throw.
    public init(scanning bytes: ArraySlice<UInt8>, limits: JSONLimits = JSONLimits()) throws(EnvelopeError) {
        if let head = HeadScan.head(of: bytes, limits: limits) {
            self = head
        } else {
            // The scan gives up at everything unusual; whoever reads all at leisure knows what is wrong, if anything.
            self = try MessageHead(Envelope(parsing: bytes, limits: limits))
        }
    }

    /// Takes what a message says from its envelope. Throws what ``TaskHeaders/init(_:)`` throws.
    public init(_ envelope: Envelope) throws(EnvelopeError) {
        self.deliveryTag = envelope.properties["delivery_tag"]?.content ?? []
        self.replyTo = envelope.properties["reply_to"]?.content
        self.routingKey = envelope.routingKey.map { Array($0.utf8)[...] }
        self.priority = Self.clamped(priority: envelope.priority)
        self.isRedelivered = envelope.isRedelivered
        self.losses = envelope.losses
        self.isPeriodic = envelope.headers["celery_beat_task"]?.bool == true
        self.contentType = envelope.contentType.map { Array($0.utf8)[...] }
        self.body = envelope.body
        self.isProtocolOne = envelope.protocolVersion == .one
        if !self.isProtocolOne { self.read(try TaskHeaders(envelope.headers), envelope.headers) }
    }

    private mutating func read(_ headers: TaskHeaders, _ fields: Fields) {
        self.task = fields["task"]?.content ?? []
        self.id = fields["id"]?.content ?? []
        self.eta = headers.eta?.seconds
        self.expires = headers.expires?.seconds
        self.retries = headers.retries
        self.hardLimit = Self.limit(headers.timeLimits.hard?.asDouble)
        self.softLimit = Self.limit(headers.timeLimits.soft?.asDouble)
        self.ignoresResult = headers.ignoreResult
        self.rootID = fields["root_id"]?.content
        self.parentID = fields["parent_id"]?.content
        self.groupID = fields["group"]?.content
        self.groupIndex = headers.groupIndex
        self.trace = headers.trace
        self.sent = fields[TaskHeaders.sent]?.number?.asDouble
    }

    /// The limit that `seconds` set, if any.
    static func limit(_ seconds: Double?) -> Double? { seconds.flatMap { $0 > 0 ? $0 : nil } }

    /// The priority that a queue can have.
    static func clamped(priority: Int) -> Int { min(max(priority, 0), 9) }
}

extension RawJSON {
    /// An empty text.
    static let empty = RawJSON("")

    /// The content of a string, `nil` for anything else. A slice of the document unless there are escapes in it.
    var content: ArraySlice<UInt8>? {
        guard self.bytes.first == UInt8(ascii: "\"") else { return nil }
        let inner = self.bytes.dropFirst().dropLast()
        return inner.contains(UInt8(ascii: "\\")) ? self.text.map { Array($0.utf8)[...] } : inner
    }
}
