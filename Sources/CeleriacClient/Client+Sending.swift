import Celery
import JSON
import Redis

extension Client {
    /// Sends a task with Swift's values as arguments; see ``TaskCall``.
    ///
    /// ```swift
    /// try await client.send("mail.deliver", "Ada", keywords: ["pages": 3], options: SendOptions(queue: "mail"))
    /// ```
    ///
    /// Returns when the broker has the message. Throws ``ClientError``: with the code `uncertain` the message may have
    /// arrived, with any other it has not. When the calling task is cancelled, `CancellationError` is thrown, and the
    /// message may have arrived.
    @discardableResult
    public func send<each Argument: Encodable & Sendable, Output: Decodable & Sendable>(
        _ task: String, _ argument: repeat each Argument, keywords: [String: any Encodable & Sendable] = [:],
        options: SendOptions = SendOptions(), returning: Output.Type = JSONValue.self
    ) async throws -> ResultHandle<Output> {
        let call = try TaskCall(task, repeat each argument, keywords: keywords, options: options)
        return ResultHandle(id: try await self.sendCall(call), client: self)
    }

    /// Sends a task whose types are known. Throws as ``send(_:_:keywords:options:returning:)``.
    @discardableResult
    public func send<each Argument: Encodable & Sendable, Output: Decodable & Sendable>(
        _ task: RemoteTask<repeat each Argument, Output>, _ argument: repeat each Argument,
        options: SendOptions = SendOptions()
    ) async throws -> ResultHandle<Output> {
        let call = try TaskCall(task.name, repeat each argument, options: options)
        return ResultHandle(id: try await self.sendCall(call), client: self)
    }

    /// Sends a call. Throws as ``send(_:_:keywords:options:returning:)``.
    @discardableResult
    public func send(_ call: TaskCall) async throws -> ResultHandle<JSONValue> {
        ResultHandle(id: try await self.sendCall(call), client: self)
    }

    /// The result of a task that was sent earlier, also by another program.
    public func result<Output: Decodable & Sendable>(
        of id: String, as type: Output.Type = JSONValue.self
    ) -> ResultHandle<Output> { ResultHandle(id: id, client: self) }

    private func sendCall(_ call: TaskCall) async throws -> String {
        let span = self.span(of: call)
        return try await span.end {
            let message = try self.message(call, span)
            var commands = self.declarations([message.queue])
            commands.append(Self.push([message]))
            let answers = try await self.ask(commands, isRepeatable: message.isRepeatable)
            _ = try answers[answers.count - 1].get()
            return message.id
        }
    }

    func span(of call: TaskCall) -> SendSpan {
        SendSpan(call.task, queue: call.options.queue ?? self.options.queue)
    }

    /// Appends messages to their list, which is one and the same.
    static func push(_ messages: [OutgoingMessage]) -> Command {
        var command = Command("LPUSH", messages[0].list)
        for message in messages { command.add(message.bytes) }
        return command
    }

    /// Makes queues known, as Celery does before it first sends to one: who looks for queues finds them.
    func declarations(_ queues: Set<String>) -> [Command] {
        queues.filter { self.knownQueues.insert($0) }.flatMap { queue in
            let member = [queue, "", queue].joined(separator: BrokerKeys.separator)
            return [self.keys.bindings(of: queue), self.keys.permanentBindings(of: queue)].map { key in
                Command("SADD", key, member)
            }
        }
    }
}
