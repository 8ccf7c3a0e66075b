import Compression
import JSON

extension NewTask {
    /// What a signature is sent with.
    public struct Occasion: Sendable {
        /// The task's id when the signature has none.
        public var freshID: String
        /// The time, in seconds since 1970.
        public var now: Double
        /// The queue of signatures that name none.
        public var queue = "celery"
        /// The task that sends; `nil` outside a task.
        public var sender: TaskHeaders?
        /// The remaining steps of the sender's chain, last step first.
        public var chain: [Signature] = []

        /// An occasion outside a task.
        public init(freshID: String, now: Double) {
            self.freshID = freshID
            self.now = now
        }
    }

    /// The message that a signature of one task stands for; see ``Signature/applying(args:kwargs:options:)``.
    ///
    /// Throws ``BodyError`` for a chain, group or chord, which are not one message, and for options that have no form.
    public init(_ signature: Signature, _ occasion: Occasion) throws(BodyError) {
        guard signature.kind == .task else {
            throw BodyError(.notATask, "A signature of the kind \(signature.kind) is not one message.")
        }
        self.init(
            task: signature.task,
            id: signature.taskID ?? occasion.freshID,
            args: signature.args,
            kwargs: signature.kwargs
        )
        self.readRoute(signature, occasion)
        self.readRelations(signature, occasion)
        try self.readTimes(signature, occasion)
        try self.readStamps(signature)
        self.headers.shadow = signature.option("shadow")?.asString
        self.headers.origin = signature.option("origin")?.asString
        self.headers.retries = signature.option("retries")?.asInt ?? 0
        self.headers.ignoreResult = signature.option("ignore_result")?.asBool ?? false
        self.headers.replacedTaskNesting = signature.option("replaced_task_nesting")?.asInt ?? 0
        self.headers.others = try Fields(signature.option("headers")?.asObject ?? [:])
        if let name = signature.option("serializer")?.asString { self.serializer = try Serializer(contentType: name) }
        self.compression = try signature.option("compression")?.asString.map { name throws(BodyError) in
            try CompressionFormat(contentType: name)
        }
    }

    private mutating func readRoute(_ signature: Signature, _ occasion: Occasion) {
        self.exchange = signature.option("exchange")?.asString ?? ""
        let key = signature.option("routing_key") ?? signature.option("queue")
        self.routingKey = (self.exchange.isEmpty ? signature.option("queue") ?? key : key)?.asString ?? occasion.queue
        self.priority = signature.option("priority")?.asInt ?? 0
        self.replyTo = signature.option("reply_to")?.asString
    }

    private mutating func readRelations(_ signature: Signature, _ occasion: Occasion) {
        let sender = occasion.sender
        self.headers.rootID =
            signature.option("root_id")?.asString ?? sender.map { $0.rootID ?? $0.id } ?? self.headers.id
        self.headers.parentID = signature.option("parent_id")?.asString ?? sender?.id
        self.headers.group = signature.option("group_id")?.asString
        self.headers.groupIndex = signature.option("group_index")?.asInt
        self.body.embed.callbacks = signature.links
        self.body.embed.errbacks = signature.errorLinks
        // What the signature brings along comes before the rest, so it stands behind it.
        self.body.embed.chain = occasion.chain + signature.chain
        self.body.embed.chord = signature.chord
    }

    private mutating func readTimes(_ signature: Signature, _ occasion: Occasion) throws(BodyError) {
        let countdown = signature.option("countdown")?.asDouble ?? 0
        self.headers.eta =
            countdown > 0
            ? try Self.time("countdown", WallTime(seconds: occasion.now + countdown)) : try Self.time(signature, "eta")
        let lifetime = signature.option("expires")?.asDouble
        self.headers.expires =
            if let lifetime {
                try Self.time("expires", WallTime(seconds: occasion.now + lifetime))
            } else {
                try Self.time(signature, "expires")
            }
        self.expiration = self.headers.expires.map { Int(max(0, ($0.seconds - occasion.now) * 1000)) }
        self.headers.timeLimits = TimeLimits(
            hard: signature.option("time_limit")?.asNumber,
            soft: signature.option("soft_time_limit")?.asNumber
        )
    }

    private static func time(_ signature: Signature, _ name: String) throws(BodyError) -> WallTime? {
        guard let value = signature.option(name) else { return nil }
        if case .special(let special) = value { return try self.time(name, WallTime(special.text)) }
        return try self.time(name, value.asString.flatMap { WallTime($0) })
    }

    private static func time(_ name: String, _ time: WallTime?) throws(BodyError) -> WallTime {
        guard let time else { throw BodyError(.notATask, "The option \(name) of a signature does not tell a time.") }
        return time
    }

    private mutating func readStamps(_ signature: Signature) throws(BodyError) {
        guard let names = signature.option("stamped_headers")?.asArray?.compactMap(\.asString) else { return }
        self.headers.stampedHeaders = names
        let options = Dictionary(signature.options.members.map { ($0.key, $0.value) }, uniquingKeysWith: { $1 })
        let stamps = names.compactMap { name in options[name].map { CeleryObject.Member(key: name, value: $0) } }
        self.headers.stamps = try Fields(CeleryObject(stamps))
    }
}

extension CeleryValue {
    /// The number, `nil` for anything else.
    fileprivate var asNumber: JSONNumber? { if case .number(let number) = self { number } else { nil } }

    /// The nearest floating-point value of a number, `nil` for anything else.
    fileprivate var asDouble: Double? { self.asNumber?.asDouble }
}
