import Celery
import JSON
import Wire

/// What follows the task of a message.
extension ReceivedMessage {
    /// The message, as who sends what follows: that is in the attempt's span.
    private func message() throws -> TaskMessage {
        var message = try TaskMessage(Envelope(parsing: self.bytes))
        if let trace { message.headers.trace = trace }
        return message
    }

    /// The task returned this JSON. Throws ``BodyError`` for what cannot be sent.
    package func aftermath(returning result: Bytes, _ published: [Published], _ sender: Sender) throws -> Aftermath {
        if self.embed == nil && published.isEmpty && !sender.extendsResults { return Aftermath() }
        let message = try self.message()
        var aftermath = Aftermath()
        var children = try self.add(published, by: message, to: &aftermath, sender)
        if let embed {
            let continuation = Self.continuation(of: message, embed, sender)
            let success =
                if let values = try self.chord?.values() {
                    try continuation.joined(values, now: sender.now, makeID: sender.makeID)
                } else {
                    try continuation.succeeded(
                        with: try CeleryValue(parsing: result), now: sender.now, makeID: sender.makeID)
                }
            aftermath.add(success)
            children += success.children
        }
        if !children.isEmpty { aftermath.children = try CeleryValue.array(children.map(\.value)).json()[...] }
        aftermath.documentMembers = self.documentMembers(message, sender)
        return aftermath
    }

    /// Another task takes the place of this one. Throws ``BodyError`` for what cannot be sent.
    func aftermath(
        replacedBy signature: Signature, _ published: [Published], _ sender: Sender
    ) throws -> Aftermath {
        let message = try self.message()
        var aftermath = Aftermath()
        aftermath.isReplaced = true
        _ = try self.add(published, by: message, to: &aftermath, sender)
        let replacement = try Self.continuation(of: message, self.embed ?? Embed(), sender)
            .replaced(by: signature, now: sender.now, makeID: sender.makeID)
        aftermath.add(replacement)
        return aftermath
    }

    private func add(
        _ published: [Published], by message: TaskMessage, to aftermath: inout Aftermath, _ sender: Sender
    ) throws -> [ResultNode] {
        try published.flatMap { task in
            let sent = try sender.send(task, by: message)
            aftermath.add(sent)
            return sent.children
        }
    }

    /// The task failed. A message that cannot be read has nothing that follows.
    package func aftermathOfFailure(_ sender: Sender) -> Aftermath {
        var aftermath = Aftermath()
        guard self.embed != nil || sender.extendsResults,
            let message = try? self.message()
        else { return aftermath }
        if let embed {
            let continuation = Self.continuation(of: message, embed, sender)
            aftermath.add(
                self.chord == nil
                    ? continuation.failed(now: sender.now, makeID: sender.makeID)
                    : continuation.notJoined(now: sender.now, makeID: sender.makeID))
        }
        aftermath.documentMembers = self.documentMembers(message, sender)
        return aftermath
    }

    private static func continuation(of message: TaskMessage, _ embed: Embed, _ sender: Sender) -> Continuation {
        var continuation = Continuation(of: message.headers, embed)
        continuation.origin = sender.origin
        continuation.replyTo = message.envelope.replyTo
        return continuation
    }
}

extension Aftermath {
    fileprivate mutating func add(_ success: Continuation.Success) {
        self.add(success.publications, success.chords)
        if let part = success.part { self.parts.append(Part(part)) }
    }

    fileprivate mutating func add(_ failure: Continuation.Failure) {
        self.add(failure.publications, failure.chords)
        self.failedSteps += failure.failedSteps.map { step in
            FailedStep(
                id: Self.bytes(step.taskID), groupID: Self.bytes(step.groupID), parentID: Self.bytes(step.parentID))
        }
        self.parts += (failure.failedSteps.compactMap(\.part) + [failure.part].compactMap { $0 }).map { Part($0) }
    }

    private mutating func add(_ publications: [Celery.Publication], _ chords: [ChordStart]) {
        self.publications += publications.map { publication in
            Publication(
                queue: Self.bytes(publication.routingKey), priority: UInt8(min(9, max(0, publication.priority))),
                message: publication.envelope.serialized()[...])
        }
        self.chords += chords.map { chord in
            // A tree of ids has a JSON form.
            Chord(
                groupID: Self.bytes(chord.groupID), size: Int64(chord.size),
                tree: chord.tree.flatMap { try? $0.serialized()[...] } ?? [])
        }
    }

    fileprivate static func bytes(_ text: String?) -> Bytes { Array((text ?? "").utf8)[...] }
}

extension Aftermath.Part {
    fileprivate init(_ part: ChordPart) {
        self.init(
            taskID: Aftermath.bytes(part.taskID), groupID: Aftermath.bytes(part.groupID),
            index: part.index.map { Int64($0) }, join: part.join.envelope.serialized()[...])
    }
}
