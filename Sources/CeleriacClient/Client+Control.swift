import Celery
import Redis
import RemoteControl
import Signing
import Syscalls

/// Asks workers of any kind what Celery's `app.control` asks them.
extension Client {
    /// Where answers go.
    private static let exchange = "reply.celery.pidbox"

    /// Sends a request to all workers; what it calls off is noted as well. Returns how many heard it.
    @discardableResult
    package func publish(_ request: ControlRequest, timeout: Duration = .zero) async throws -> Int {
        try await self.note(request)
        let expires = timeout == .zero ? 0 : Double(wallNanoseconds()) / 1e9 + timeout.seconds
        let message: [UInt8]
        do throws(BodyError) {
            var envelope = try request.envelope(clock: 0, expires: expires, deliveryTag: RandomID.make())
            let now = Double(wallNanoseconds()) / 1e9
            self.options.signingKey?.sign(request: &envelope, nonce: RandomID.make(), now: now)
            message = envelope.serialized()
        } catch {
            throw ClientError(.notEncodable, "\(error)")
        }
        var command = Command("PUBLISH", self.keys.control(database: self.broker.database))
        command.add(message)
        return try await self.ask(command, isRepeatable: true).asInt ?? 0
    }

    /// Sends a request and gathers the answers: until all that can come are there, or the time is over.
    package func ask(_ request: ControlRequest, timeout: Duration) async throws -> [ControlReply] {
        var request = request
        let key = RandomID.make()
        request.ticket = .string(RandomID.make())
        request.replyKey = key
        let queue = "\(key).\(Self.exchange)"
        let member = [key, "", queue].joined(separator: BrokerKeys.separator)
        try await self.bind(member)
        let deadline = ContinuousClock.now + timeout
        let heard = try await self.publish(request, timeout: timeout)
        let most = request.pattern == nil && !request.destination.isEmpty ? request.destination.count : heard
        let replies = try await self.replies(
            to: request, from: self.keys.prefix + queue, atMost: request.pattern == nil ? most : .max, until: deadline)
        let unbind = Command("SREM", self.keys.bindings(of: Self.exchange), member)
        _ = try await self.ask([unbind, Command("DEL", self.keys.prefix + queue)], isRepeatable: true)
        return replies
    }

    /// Makes the queue of answers known, as kombu does: whoever sweeps up old bindings spares it for an hour.
    private func bind(_ member: String) async throws {
        let deadline = wallNanoseconds() / 1_000_000 + 3_600_000
        let commands = [
            Command("SADD", self.keys.bindings(of: Self.exchange), member),
            Command("ZADD", self.keys.bindingDeadlines, "GT", String(deadline), Self.exchange),
        ]
        for answer in try await self.ask(commands, isRepeatable: true) { _ = try answer.get() }
    }

    private func replies(
        to request: ControlRequest, from list: String, atMost most: Int, until deadline: ContinuousClock.Instant
    ) async throws -> [ControlReply] {
        var replies: [ControlReply] = []
        while replies.count < most, ContinuousClock.now < deadline {
            let messages = try await self.ask(Command("RPOP", list, "100"), isRepeatable: false).asArray ?? []
            for case .bytes(let message) in messages {
                guard let received = try? ControlReply.Received(parsing: message[...]),
                    received.ticket == request.ticket
                else { continue }
                replies += received.replies
            }
            if messages.isEmpty { try await Task.sleep(for: .milliseconds(5)) }
        }
        return replies
    }

    /// Notes what all workers are to call off, for those of ours that do not listen now.
    private func note(_ request: ControlRequest) async throws {
        guard ["revoke", "terminate"].contains(request.method), request.destination.isEmpty, request.pattern == nil
        else { return }
        let value = request.arguments["task_id"] ?? .null
        let ids = (value.asArray ?? [value]).compactMap(\.asString)
        guard !ids.isEmpty else { return }
        var note = Command("ZADD", self.keys.revoked)
        for id in ids {
            note.add(Int(wallNanoseconds() / 1_000_000_000) + Revocations.seconds)
            note.add(id)
        }
        let expiry = Command("EXPIRE", self.keys.revoked, String(Revocations.seconds))
        for answer in try await self.ask([note, expiry], isRepeatable: true) { _ = try answer.get() }
    }
}

extension Duration {
    fileprivate var seconds: Double {
        Double(self.components.seconds) + Double(self.components.attoseconds) / 1e18
    }
}
