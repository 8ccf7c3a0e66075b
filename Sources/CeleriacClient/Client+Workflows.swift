import Celery
import FoundationEssentials
import JSON
import Redis
import Supervision

extension Client {
    /// Sends a workflow: a chain, group, chord, or any of them in another.
    ///
    /// ```swift
    /// let add = RemoteTask("tasks.add", arguments: Int.self, Int.self, returning: Int.self)
    /// let sum = Signature("tasks.xsum")
    /// let handle = try await client.send(chord([add.s(1, 1), add.s(2, 2)], sum), returning: Int.self)
    /// print(try await handle.value(timeout: .seconds(10)))    // 6
    /// ```
    ///
    /// Returns when the broker has the messages of the tasks that begin it. A chord needs a result backend. Throws
    /// ``ClientError``, ``BatchError`` when some of the messages were not sent or may not have been, and
    /// `CancellationError`.
    @discardableResult
    public func send<Output: Decodable & Sendable>(
        _ workflow: Signature, returning: Output.Type = JSONValue.self
    ) async throws -> WorkflowHandle<Output> {
        let ready: Workflow
        do throws(BodyError) {
            ready = try Workflow(
                workflow, queue: self.options.queue, origin: self.origin, now: Date().timeIntervalSince1970,
                makeID: RandomID.make)
        } catch {
            throw ClientError(.notEncodable, "the workflow cannot be sent: \(error)")
        }
        guard let result = ready.result else { throw ClientError(.invalid, "the workflow has no tasks") }
        let span = SendSpan(workflow.task, queue: self.options.queue)
        try await span.end {
            try await self.begin(ready.chords)
            try await self.sendMessages(ready.publications.map { self.message($0, span) })
        }
        return WorkflowHandle(ids: ready.ids, result: result, client: self)
    }

    /// A group that was saved, also by another program or by a worker. Throws ``ClientError`` with the code `invalid` when
    /// there is none of this id. Celery: `GroupResult.restore`.
    public func savedGroup<Output: Decodable & Sendable>(
        _ id: String, as type: Output.Type = [JSONValue].self
    ) async throws -> WorkflowHandle<Output> {
        let reply = try await self.ask(Command("GET", self.resultKeys.group(id)), at: .results, isRepeatable: true)
        guard let bytes = reply.asBytes else { throw ClientError(.invalid, "no group \(id) is saved") }
        do throws(BodyError) {
            let group = try SavedGroup(parsing: bytes[...]).group
            return WorkflowHandle(ids: group.ids, result: group, client: self)
        } catch {
            throw ClientError(.undecodable, "the group \(id) cannot be read: \(error)")
        }
    }

    private func message(_ publication: Publication, _ span: SendSpan) -> OutgoingMessage {
        var envelope = publication.envelope
        span.add(to: &envelope.headers, now: Date().timeIntervalSince1970)
        self.options.signingKey?.sign(&envelope, now: Date().timeIntervalSince1970)
        return OutgoingMessage(
            id: envelope.correlationID ?? "", queue: publication.routingKey,
            list: self.keys.queue(publication.routingKey, priority: publication.priority), bytes: envelope.serialized(),
            isRepeatable: false)
    }

    /// Tells the result backend how many parts will return, before any can.
    private func begin(_ chords: [ChordStart]) async throws {
        if chords.isEmpty { return }
        let commands = chords.flatMap { chord -> [Command] in
            let key = self.resultKeys.group(chord.groupID)
            // A tree of ids has a JSON form.
            let tree = chord.tree.flatMap { try? $0.serialized() }
            return [Command("DEL", "\(key).c"), self.set("\(key).s", Array(String(chord.size).utf8))]
                + (tree.map { [self.set(key, $0)] } ?? [])
        }
        for answer in try await self.ask(commands, at: .results, isRepeatable: true) { _ = try answer.get() }
    }

    func save(_ node: ResultNode) async throws {
        guard case .group = node else { throw ClientError(.invalid, "only a group can be saved") }
        let key = self.resultKeys.group(node.id)
        let document = (try? SavedGroup(node).serialized()) ?? []
        var publish = Command("PUBLISH", key)
        publish.add(document)
        let answers = try await self.ask([self.set(key, document), publish], at: .results, isRepeatable: true)
        for answer in answers { _ = try answer.get() }
    }

    private func set(_ key: String, _ value: [UInt8]) -> Command {
        var command = Command("SET", key)
        command.add(value)
        let seconds = self.options.resultExpires.wholeNanoseconds / 1_000_000_000
        if seconds > 0 {
            command.add("EX")
            command.add(Int(seconds))
        }
        return command
    }

    func forget(_ ids: [String]) async throws {
        var command = Command("DEL")
        for id in ids {
            command.add(self.resultKeys.task(id))
            command.add(self.resultKeys.group(id))
        }
        _ = try await self.ask(command, at: .results, isRepeatable: true)
    }
}

extension RemoteTask {
    /// The task with some of its arguments, for workflows: what it gets then comes before them.
    public func s<each Given: Encodable>(_ argument: repeat each Given) -> Signature {
        Signature(self.name, repeat each argument)
    }
}
