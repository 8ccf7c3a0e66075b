import Celery
import JSON
import Traces
import Wire

/// A Celery message in the child that runs its task: the only place where a body is opened.
package struct ReceivedMessage: Sendable {
    /// The arguments as a task's body is called with them: JSON `[args, kwargs, …]`.
    let call: Bytes
    /// The message, as it came.
    let bytes: Bytes
    /// What the message carries for the time after the task; `nil` for nothing.
    let embed: Embed?
    /// The parts of the chord that the message asks to join; `nil` when it asks for something else.
    package let chord: ChordResults?
    /// Where what the task sends belongs; `nil` leaves that to the message.
    var trace: TraceContext?

    /// Opens a message. Throws ``EnvelopeError`` or ``BodyError``.
    package init(opening bytes: Bytes, signed opensSigned: Bool = false) throws {
        self.bytes = bytes
        if let payload = PlainPayload.find(in: bytes), Self.isPlain(payload) {
            (self.call, self.embed, self.chord) = (payload, nil, nil)
            return
        }
        let body = try Self.body(of: bytes, signed: opensSigned)
        self.call = try Self.call(body)
        self.embed = body.embed == Embed() ? nil : body.embed
        self.chord = nil
    }

    /// Opens a message that asks for a join, and what it is to join. Throws ``EnvelopeError`` or ``BodyError``.
    package init(opening join: JoinOrder) throws {
        self.bytes = join.message
        let body = try Self.body(of: join.message, signed: false)
        self.call = try Self.call(body)
        self.embed = body.embed
        self.chord = try ChordResults(parts: join.parts, tree: join.tree.isEmpty ? nil : join.tree)
    }

    private static func body(of bytes: Bytes, signed opensSigned: Bool) throws -> Celery.TaskBody {
        var decoder = BodyDecoder(accepted: Set(Serializer.allCases))
        decoder.opensSigned = opensSigned
        return try decoder.taskBody(of: Envelope(parsing: bytes))
    }

    /// Whether a body is JSON that any reader takes, and nothing follows the task: the common case, in which nothing is
    /// built.
    private static func isPlain(_ payload: Bytes) -> Bool {
        do throws(JSONError) {
            var scanner = JSONScanner(payload)
            try scanner.enterArray()
            guard let args = try scanner.nextElement(), args.kind == .array, let kwargs = try scanner.nextElement(),
                kwargs.kind == .object, let embed = try scanner.nextElement(),
                embed.bytes.elementsEqual(Self.nothingEmbedded), try scanner.nextElement() == nil
            else { return false }
            try scanner.finish()
            return !Self.hasSpecialTypes(payload)
        } catch {
            return false
        }
    }

    private static let nothingEmbedded = Array(
        #"{"callbacks": null, "errbacks": null, "chain": null, "chord": null}"#.utf8)

    /// Whether kombu's mark for Python's types stands anywhere in it.
    private static func hasSpecialTypes(_ payload: Bytes) -> Bool {
        payload.withUnsafeBufferPointer { bytes in
            guard bytes.count >= self.mark.count else { return false }
            for index in 0...(bytes.count - self.mark.count) where bytes[index] == self.mark[0] {
                if (1..<self.mark.count).allSatisfy({ bytes[index + $0] == self.mark[$0] }) { return true }
            }
            return false
        }
    }

    private static let mark = Array("__type__".utf8)

    private static func call(_ body: Celery.TaskBody) throws(BodyError) -> Bytes {
        let args = try CeleryValue.array(body.args).plainJSON()
        let kwargs = try CeleryValue.object(body.kwargs).plainJSON()
        return JSONValue.array([args, kwargs, .object(JSONObject())]).serialized()[...]
    }

    /// What a result document tells of the request, where that is wanted.
    func documentMembers(_ message: TaskMessage, _ sender: Sender) -> Bytes {
        guard sender.extendsResults else { return [] }
        let parts = RawJSON(unchecked: self.call).elements ?? []
        var extended = ResultDocument.Extension(
            name: message.headers.task, args: parts.first ?? .null, kwargs: parts.dropFirst().first ?? .null,
            worker: sender.nodeName, retries: message.headers.retries, queue: message.envelope.routingKey ?? "")
        extended.stampedHeaders = message.headers.stampedHeaders
        extended.stamps = message.headers.stamps
        return extended.members[...]
    }
}

/// The serialized body of a message of the most common kind: JSON in base64, not compressed.
enum PlainPayload {
    /// The body's bytes; `nil` for a message of any other kind, or one that cannot be read.
    static func find(in message: Bytes) -> Bytes? {
        do throws(JSONError) { return try self.payload(of: message) } catch { return nil }
    }

    private static func payload(of message: Bytes) throws(JSONError) -> Bytes? {
        var scanner = JSONScanner(message)
        try scanner.enterObject()
        var body: JSONText?
        var known = 0
        while let member = try scanner.nextMember() {
            switch member.key {
            case "body": body = member.value.text
            case "content-type": known += self.isText(member.value, "application/json") ? 1 : 0
            case "content-encoding": known += self.isText(member.value, "utf-8") ? 1 : 0
            case "headers": known += try self.value(of: "compression", in: member.value) == nil ? 1 : 0
            case "properties":
                known += try self.value(of: "body_encoding", in: member.value)?.text?.equals("base64") ?? false ? 1 : 0
            default: break
            }
        }
        guard known == 4, let body, !body.isEscaped else { return nil }
        return Base64.decode(body.raw).map { $0[...] }
    }

    private static func isText(_ value: JSONSlice, _ text: StaticString) -> Bool {
        value.text?.equals(text) ?? false
    }

    private static func value(of name: StaticString, in object: JSONSlice) throws(JSONError) -> JSONSlice? {
        guard object.kind == .object else { return nil }
        var scanner = JSONScanner(object.bytes)
        try scanner.enterObject()
        while let member = try scanner.nextMember() { if member.key.equals(name) { return member.value } }
        return nil
    }
}
