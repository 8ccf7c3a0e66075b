import JSON
import Traces

/// Finds what a message says in one pass over its bytes, as long as the message is as messages usually are.
///
/// Gives up at all that is wrong, and at what it would have to look at twice: a message without a task's name, and a
/// name that an object may have twice.
struct HeadScan {
    private typealias Unusual = HeadReader.Unusual
    private var reader: HeadReader
    private var head = MessageHead()

    /// What a message says; `nil` when it has to be read in another way, or cannot be read.
    static func head(of bytes: ArraySlice<UInt8>, limits: JSONLimits) -> MessageHead? {
        bytes.withUnsafeBufferPointer { buffer in
            var scan = HeadScan(reader: HeadReader(buffer, of: bytes, limits: limits))
            do throws(Unusual) {
                try scan.readMessage()
                return scan.head
            } catch {
                return nil
            }
        }
    }

    private init(reader: HeadReader) { self.reader = reader }

    /// The names that an object had until now.
    private struct Seen {
        private var known: UInt64 = 0
        private var unknown: UInt128 = 0

        mutating func insert(_ name: some RawRepresentable<UInt8>) throws(Unusual) {
            let bit: UInt64 = 1 << name.rawValue
            if self.known & bit != 0 { throw Unusual() }
            self.known |= bit
        }

        /// One bit for all names of the same hash: whether two are really equal is found out elsewhere.
        mutating func insert(unknown key: HeadReader.Key) throws(Unusual) {
            var hash: UInt32 = 2_166_136_261
            for byte in key.bytes { hash = (hash ^ UInt32(byte)) &* 16_777_619 }
            let bit: UInt128 = 1 << UInt128(hash >> 25)
            if self.unknown & bit != 0 { throw Unusual() }
            self.unknown |= bit
        }

        func require(_ name: some RawRepresentable<UInt8>) throws(Unusual) {
            if self.known & 1 << name.rawValue == 0 { throw Unusual() }
        }
    }
}

// MARK: The message

extension HeadScan {
    private enum MessageName: UInt8 {
        case body, contentType, contentEncoding, headers, properties

        init?(_ key: HeadReader.Key) {
            switch key {
            case "body": self = .body
            case "content-type": self = .contentType
            case "content-encoding": self = .contentEncoding
            case "headers": self = .headers
            case "properties": self = .properties
            default: return nil
            }
        }
    }

    private mutating func readMessage() throws(Unusual) {
        var seen = Seen()
        try self.reader.enterObject()
        while let key = try self.reader.nextKey() {
            guard let name = MessageName(key) else {
                try seen.insert(unknown: key)
                _ = try self.reader.value()
                continue
            }
            try seen.insert(name)
            switch name {
            case .body: try self.readBody()
            case .contentType: self.head.contentType = try self.optionalText()
            case .contentEncoding: _ = try self.optionalText()
            case .headers: try self.readHeaders()
            case .properties: try self.readProperties()
            }
        }
        try self.reader.expectEnd()
        try seen.require(MessageName.body)
        try seen.require(MessageName.headers)
        try seen.require(MessageName.properties)
    }

    private mutating func readBody() throws(Unusual) {
        switch try self.reader.value() {
        case .text(let range):
            self.head.body = RawJSON(unchecked: self.reader.slice(range.lowerBound - 1..<range.upperBound + 1))
        case .other(let slice) where slice.kind == .string: self.head.body = RawJSON(unchecked: slice.bytes)
        case .null, .bool, .integer, .other: throw Unusual()
        }
    }
}

// MARK: Headers

extension HeadScan {
    private enum HeaderName: UInt8 {
        case task, id, eta, expires, group, groupIndex, retries, timeLimits, rootID, parentID, ignoreResult
        case replacedTaskNesting, redelivered, losses, periodic, traceParent, sent
        // Those below only need a place of their own in what was seen.
        case lang, shadow, argsRepr, kwargsRepr, origin, stampedHeaders, stamps, compression

        init?(_ key: HeadReader.Key) {
            switch key {
            case "task": self = .task
            case "id": self = .id
            case "eta": self = .eta
            case "expires": self = .expires
            case "group": self = .group
            case "group_index": self = .groupIndex
            case "retries": self = .retries
            case "timelimit": self = .timeLimits
            case "root_id": self = .rootID
            case "parent_id": self = .parentID
            case "ignore_result": self = .ignoreResult
            case "replaced_task_nesting": self = .replacedTaskNesting
            case "redelivered": self = .redelivered
            case "celeriac_losses": self = .losses
            case "lang": self = .lang
            case "shadow": self = .shadow
            case "argsrepr": self = .argsRepr
            case "kwargsrepr": self = .kwargsRepr
            case "origin": self = .origin
            case "stamped_headers": self = .stampedHeaders
            case "stamps": self = .stamps
            case "compression": self = .compression
            case "celery_beat_task": self = .periodic
            case "traceparent": self = .traceParent
            case "celeriac_sent": self = .sent
            default: return nil
            }
        }
    }

    private mutating func readHeaders() throws(Unusual) {
        var seen = Seen()
        try self.reader.enterObject()
        while let key = try self.reader.nextKey() {
            guard let name = HeaderName(key) else {
                try seen.insert(unknown: key)
                _ = try self.reader.value()
                continue
            }
            try seen.insert(name)
            try self.read(name)
        }
        try seen.require(HeaderName.task)
        try seen.require(HeaderName.id)
    }

    private mutating func read(_ name: HeaderName) throws(Unusual) {
        switch name {
        case .task: self.head.task = try self.text()
        case .id: self.head.id = try self.text()
        case .eta: self.head.eta = try self.time()
        case .expires: self.head.expires = try self.time()
        case .group: self.head.groupID = try self.optionalText()
        case .groupIndex: self.head.groupIndex = try self.integer()
        case .retries: self.head.retries = try self.integer() ?? 0
        case .timeLimits: try self.readTimeLimits()
        case .rootID: self.head.rootID = try self.optionalText()
        case .parentID: self.head.parentID = try self.optionalText()
        case .ignoreResult: self.head.ignoresResult = try self.bool()
        case .replacedTaskNesting: _ = try self.integer()
        case .redelivered: try self.readRedelivered()
        case .losses: self.head.losses = max(0, self.lenientInteger(try self.reader.value()) ?? 0)
        case .periodic: if case .bool(true) = try self.reader.value() { self.head.isPeriodic = true }
        case .traceParent:
            self.head.trace = self.reader.content(try self.reader.value()).flatMap { TraceContext(parsing: $0) }
        case .sent: self.head.sent = self.number(try self.reader.value())
        case .lang, .shadow, .argsRepr, .kwargsRepr, .origin, .stampedHeaders, .stamps, .compression:
            _ = try self.reader.value()
        }
    }

    private mutating func readTimeLimits() throws(Unusual) {
        guard self.reader.isAtArray else {
            if case .null = try self.reader.value() { return }
            throw Unusual()
        }
        try self.reader.enterArray()
        guard let hard = try self.reader.nextElement(), let soft = try self.reader.nextElement(),
            try self.reader.nextElement() == nil
        else { throw Unusual() }
        self.head.hardLimit = try self.limit(hard)
        self.head.softLimit = try self.limit(soft)
    }

    private func limit(_ value: HeadReader.Value) throws(Unusual) -> Double? {
        switch value {
        case .null: return nil
        case .integer(let integer): return MessageHead.limit(Double(integer))
        case .other(let slice) where slice.kind == .number: return MessageHead.limit(slice.number?.asDouble)
        case .bool, .text, .other: throw Unusual()
        }
    }

    private mutating func readRedelivered() throws(Unusual) {
        if case .bool(true) = try self.reader.value() { self.head.isRedelivered = true }
    }
}

// MARK: Properties

extension HeadScan {
    private enum PropertyName: UInt8 {
        case deliveryTag, deliveryInfo, priority, replyTo
        // Those below only need a place of their own in what was seen.
        case correlationID, deliveryMode, bodyEncoding

        init?(_ key: HeadReader.Key) {
            switch key {
            case "delivery_tag": self = .deliveryTag
            case "delivery_info": self = .deliveryInfo
            case "priority": self = .priority
            case "reply_to": self = .replyTo
            case "correlation_id": self = .correlationID
            case "delivery_mode": self = .deliveryMode
            case "body_encoding": self = .bodyEncoding
            default: return nil
            }
        }
    }

    private enum DeliveryName: UInt8 {
        case routingKey, redelivered

        init?(_ key: HeadReader.Key) {
            switch key {
            case "routing_key": self = .routingKey
            case "redelivered": self = .redelivered
            default: return nil
            }
        }
    }

    private mutating func readProperties() throws(Unusual) {
        var seen = Seen()
        try self.reader.enterObject()
        while let key = try self.reader.nextKey() {
            guard let name = PropertyName(key) else {
                try seen.insert(unknown: key)
                _ = try self.reader.value()
                continue
            }
            try seen.insert(name)
            switch name {
            case .deliveryTag: self.head.deliveryTag = try self.text()
            case .deliveryInfo: try self.readDeliveryInfo()
            case .priority: self.readPriority(try self.reader.value())
            case .replyTo: self.head.replyTo = self.reader.content(try self.reader.value())
            case .correlationID, .deliveryMode, .bodyEncoding: _ = try self.reader.value()
            }
        }
        try seen.require(PropertyName.deliveryTag)
    }

    private mutating func readPriority(_ value: HeadReader.Value) {
        self.head.priority = MessageHead.clamped(priority: self.lenientInteger(value) ?? 0)
    }

    private mutating func readDeliveryInfo() throws(Unusual) {
        // What is no object says nothing.
        guard self.reader.isAtObject else { return _ = try self.reader.value() }
        var seen = Seen()
        try self.reader.enterObject()
        while let key = try self.reader.nextKey() {
            guard let name = DeliveryName(key) else {
                try seen.insert(unknown: key)
                _ = try self.reader.value()
                continue
            }
            try seen.insert(name)
            switch name {
            case .routingKey: self.head.routingKey = self.reader.content(try self.reader.value())
            case .redelivered: try self.readRedelivered()
            }
        }
    }
}

// MARK: Values

extension HeadScan {
    private mutating func text() throws(Unusual) -> ArraySlice<UInt8> {
        guard let text = self.reader.content(try self.reader.value()) else { throw Unusual() }
        return text
    }

    private mutating func optionalText() throws(Unusual) -> ArraySlice<UInt8>? {
        let value = try self.reader.value()
        if case .null = value { return nil }
        guard let text = self.reader.content(value) else { throw Unusual() }
        return text
    }

    private mutating func time() throws(Unusual) -> Double? {
        guard let text = try self.optionalText() else { return nil }
        guard let seconds = WallTime.seconds(of: text) else { throw Unusual() }
        return seconds
    }

    private mutating func integer() throws(Unusual) -> Int? {
        let value = try self.reader.value()
        if case .null = value { return nil }
        guard let integer = self.lenientInteger(value) else { throw Unusual() }
        return integer
    }

    private mutating func bool() throws(Unusual) -> Bool? {
        switch try self.reader.value() {
        case .null: return nil
        case .bool(let bool): return bool
        case .integer, .text, .other: throw Unusual()
        }
    }

    /// The value if it is a number.
    private func number(_ value: HeadReader.Value) -> Double? {
        switch value {
        case .integer(let integer): Double(integer)
        case .other(let slice): slice.number?.asDouble
        case .null, .bool, .text: nil
        }
    }

    /// The value if it is an integer that fits.
    private func lenientInteger(_ value: HeadReader.Value) -> Int? {
        switch value {
        case .integer(let integer): integer
        case .other(let slice): slice.number?.asInt
        case .null, .bool, .text: nil
        }
    }
}
