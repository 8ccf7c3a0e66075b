import Celery
import Redis
import RemoteControl
import Signing
import Supervision
import Syscalls

/// Greets the other workers once, as Celery's do when they start (mingle): learns what they know to be revoked, and
/// their clocks. Their answers are fetched a second later; nothing waits for them.
extension RedisBroker {
    private static let patience: Duration = .seconds(1)

    /// A greeting whose answers come in.
    struct Greeting {
        let key: String
        let until: Instant
    }

    private static let replies = "reply.celery.pidbox"

    private func replyQueue(_ key: String) -> String { "\(key).\(Self.replies)" }

    /// The member that binds the queue of answers.
    private func binding(_ key: String) -> String {
        [key, "", self.replyQueue(key)].joined(separator: BrokerKeys.separator)
    }

    func greetOthers(now: Instant) {
        guard !self.hasGreeted else { return }
        self.hasGreeted = true
        let key = self.nextID()
        var request = ControlRequest(
            "hello",
            [
                "from_node": .string(self.options.nodeName),
                "revoked": .array(self.revocations.ids.map { .string($0) }),
            ])
        request.ticket = .string(self.nextID())
        request.replyKey = key
        let envelope = try? request.envelope(
            clock: self.clock.tick(), expires: self.loop.wallSeconds + 1, deliveryTag: self.nextID())
        guard var envelope else { return }
        self.messageKeys?.signer?.sign(request: &envelope, nonce: self.nextID(), now: self.loop.wallSeconds)
        self.commands.send(Command("SADD", self.keys.bindings(of: Self.replies), self.binding(key))) { _ in }
        var publication = Command("PUBLISH", self.keys.control(database: self.brokerDatabase))
        publication.add(envelope.serialized())
        self.commands.send(publication) { _ in }
        self.greeting = Greeting(key: key, until: now + Self.patience)
    }

    /// Fetches the answers when they have had their time.
    func endGreeting(now: Instant) {
        guard let greeting, greeting.until <= now else { return }
        self.greeting = nil
        let queue = self.keys.prefix + self.replyQueue(greeting.key)
        self.commands.send(Command("SREM", self.keys.bindings(of: Self.replies), self.binding(greeting.key))) { _ in }
        self.commands.send(Command("LRANGE", queue, "0", "999")) { [unowned self] answer in
            guard case .success(.array(let messages)) = answer else { return }
            for case .bytes(let message) in messages { self.takeGreeting(message[...]) }
        }
        self.commands.send(Command("DEL", queue)) { _ in }
    }

    private func takeGreeting(_ message: ArraySlice<UInt8>) {
        guard let received = try? ControlReply.Received(parsing: message) else { return }
        for reply in received.replies {
            self.clock.heard(reply.value["clock"]?.asInt ?? received.clock)
            self.learnRevoked(reply.value["revoked"]?.asArray?.compactMap(\.asString) ?? [])
        }
    }
}
