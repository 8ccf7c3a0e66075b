import Logging
import Reactor
import Redis
import RemoteControl
import Supervision

/// Hears what is published to all workers, on a connection of its own: what anybody may publish, and how much of it,
/// must hold up nothing else.
final class RemoteLink: RedisConnectionOwner {
    /// The largest request; Celery's largest, a revoke of 20,000 tasks, is about as large.
    private static let largestRequest = 1 << 20

    private let channel: String
    private let logger: Logger
    /// Hears that nothing published from now on is missed.
    private let listening: () -> Void
    /// Hears a message.
    private let heard: (ArraySlice<UInt8>) -> Void
    private var connection: RedisConnection!
    private var told = ToldOnce()

    init(
        channel: String, logger: Logger, listening: @escaping () -> Void, heard: @escaping (ArraySlice<UInt8>) -> Void
    ) {
        (self.channel, self.logger, self.listening, self.heard) = (channel, logger, listening, heard)
    }

    func start(_ url: ServerURL, endpoint: any Endpoint, on loop: any EventLoop, seed: UInt64) {
        self.connection = RedisConnection(
            to: endpoint, login: url.login(name: "celeriac"), on: loop, owner: self,
            mostHeld: Self.largestRequest, seed: seed)
        self.connection.start()
    }

    func stop() { self.connection.stop() }

    func endPass(now: Instant) {
        self.connection.timePassed(now: now)
        self.connection.flush()
    }

    var nextWake: Instant { self.connection.nextWake }

    // MARK: The connection

    func connectionIsReady(_ connection: RedisConnection) {
        connection.sendUnanswered(Command("PSUBSCRIBE", Self.pattern(self.channel)))
    }

    /// The channel as a pattern for itself: a prefix may hold signs of patterns.
    private static func pattern(_ channel: String) -> String {
        channel.map { "*?[]\\^".contains($0) ? "\\\($0)" : String($0) }.joined()
    }

    func connection(_ connection: RedisConnection, received message: [Reply]) {
        switch message.first {
        case .bytes(let word) where word.elementsEqual("pmessage".utf8):
            if case .bytes(let bytes)? = message.last { self.heard(bytes[...]) }
        case .bytes(let word) where word.elementsEqual("psubscribe".utf8):
            connection.worked()
            self.told.over("connection")
            self.listening()
        case .error(let error):
            connection.worked()
            self.tell(error.text)
        default: break
        }
    }

    func connectionWasLost(_ connection: RedisConnection, reason: String) { self.tell(reason) }

    /// The broker's own connection is refused for the same reason, and ends the worker.
    func connectionWasRefused(_ connection: RedisConnection, reason: String) { self.tell(reason) }

    private func tell(_ reason: String) {
        guard self.told.isNews(reason, about: "connection") else { return }
        self.logger.warning("control.deaf", metadata: ["channel": "\(self.channel)", "reason": "\(reason)"])
    }
}
