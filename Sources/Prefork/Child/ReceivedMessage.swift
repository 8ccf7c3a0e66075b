import Celery
import JSON
import Wire

/// A Celery message in the child that runs its task: the only place where a body is opened.
struct ReceivedMessage: Sendable {
    /// The message.
    let envelope: Envelope
    /// What its headers say.
    let headers: TaskHeaders
    /// The arguments as a task's body is called with them: JSON `[args, kwargs, …]`.
    let call: Bytes
    /// What the message carries for the time after the task; `nil` for nothing.
    let embed: Embed?

    /// Opens a message. Throws ``EnvelopeError`` or ``BodyError``.
    init(opening bytes: Bytes) throws {
        self.envelope = try Envelope(parsing: bytes)
        self.headers = try TaskHeaders(self.envelope.headers)
        let decoder = BodyDecoder(accepted: [.json, .messagePack])
        let serializer = try decoder.serializer(of: self.envelope)
        let payload = try decoder.payload(of: self.envelope)
        if serializer == .json, Self.isPlain(payload) {
            (self.call, self.embed) = (payload, nil)
            return
        }
        let body = try Celery.TaskBody(try serializer.decode(payload, limits: decoder.limits))
        self.call = try Self.call(body)
        self.embed = body.embed == Embed() ? nil : body.embed
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

    // MARK: What follows

    /// The task returned this JSON. Throws ``BodyError`` for what cannot be sent.
    func aftermath(returning result: [UInt8], _ published: [PublishedTask], _ sender: Sender) throws -> Aftermath {
        var aftermath = Aftermath()
        var children: [ResultNode] = []
        for task in published {
            let publication = try sender.publication(of: task, by: self)
            aftermath.publications.append(publication.item)
            children.append(publication.node)
        }
        if let embed {
            let value = try CeleryValue(parsing: result[...])
            let success = try self.continuation(embed, sender).succeeded(
                with: value, now: sender.now, makeID: sender.makeID)
            aftermath.publications += success.publications.map(Self.item)
            children += success.children
        }
        if !children.isEmpty { aftermath.children = try CeleryValue.array(children.map(\.value)).json()[...] }
        aftermath.documentMembers = self.documentMembers(sender)
        return aftermath
    }

    /// The task failed.
    func aftermathOfFailure(_ sender: Sender) -> Aftermath {
        var aftermath = Aftermath()
        if let embed {
            let failure = self.continuation(embed, sender).failed(now: sender.now, makeID: sender.makeID)
            aftermath.publications = failure.publications.map(Self.item)
            aftermath.failedSteps = failure.failedSteps.map { step in
                Aftermath.FailedStep(
                    id: Self.bytes(step.taskID), groupID: Self.bytes(step.groupID), parentID: Self.bytes(step.parentID))
            }
        }
        aftermath.documentMembers = self.documentMembers(sender)
        return aftermath
    }

    private func continuation(_ embed: Embed, _ sender: Sender) -> Continuation {
        var continuation = Continuation(of: self.headers, embed)
        continuation.origin = sender.origin
        continuation.replyTo = self.envelope.replyTo
        return continuation
    }

    private static func item(_ publication: Publication) -> Aftermath.Publication {
        Aftermath.Publication(
            queue: self.bytes(publication.routingKey), priority: UInt8(min(9, max(0, publication.priority))),
            message: publication.envelope.serialized()[...])
    }

    private static func bytes(_ text: String?) -> Bytes { Array((text ?? "").utf8)[...] }

    /// What a result document tells of the request, where that is wanted.
    private func documentMembers(_ sender: Sender) -> Bytes {
        guard sender.extendsResults else { return [] }
        var parts: [RawJSON] = []
        if let elements = try? JSONSlice(validating: self.call), elements.kind == .array {
            parts = RawJSON(unchecked: self.call).elements ?? []
        }
        var document = ResultDocument(taskID: self.headers.id, state: .success, result: .null)
        var extended = ResultDocument.Extension(
            name: self.headers.task, args: parts.first ?? .null, kwargs: parts.dropFirst().first ?? .null,
            worker: sender.nodeName, retries: self.headers.retries, queue: self.envelope.routingKey ?? "")
        extended.stampedHeaders = self.headers.stampedHeaders
        extended.stamps = self.headers.stamps
        document.extended = extended
        return document.others.raw.bytes.dropFirst().dropLast()
    }
}
