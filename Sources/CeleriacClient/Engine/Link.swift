import DequeModule
import Reactor
import Redis
import Supervision

/// The connection for commands to one server, and what is to be asked there.
///
/// Belongs to the loop's thread. What is asked while there is no connection waits for one, up to its deadline.
final class Link: RedisConnectionOwner {
    private struct Ask {
        let question: Question
        let index: Int
    }

    private let url: ServerURL
    private let waitsForServer: Bool
    private var connection: RedisConnection!
    private var waiting = Deque<Ask>()
    private var wasReady = false
    /// Why there is no connection.
    private var lastFailure: String?
    /// Hears that a new connection can be used: what the last one knew is forgotten.
    var becameReady: () -> Void = {}

    init(_ url: ServerURL, options: ClientOptions, on reactor: Reactor, seed: UInt64) {
        self.url = url
        self.waitsForServer = options.waitsForServer
        self.connection = RedisConnection(
            to: url.endpoint(), login: url.login(name: options.name), on: reactor, owner: self, seed: seed)
    }

    /// When ``pass(now:)`` must be called at the latest.
    var nextWake: Instant { self.connection.nextWake }

    /// Does what is due, and writes what was asked since the last pass.
    func pass(now: Instant) {
        self.connection.timePassed(now: now)
        self.connection.flush()
    }

    /// Asks, now or as soon as there is a connection.
    func ask(_ question: Question) {
        for index in question.commands.indices { self.waiting.append(Ask(question: question, index: index)) }
        self.connection.start()
        self.sendWaiting()
    }

    /// Ends the connection. What is open must have been ended before.
    func stop() {
        self.waiting = []
        self.connection.stop()
    }

    /// Why a call had no connection in time.
    var absence: ClientError {
        ClientError(.unreachable, "\(self.url.masked): \(self.lastFailure ?? "no answer in time")")
    }

    private func sendWaiting() {
        while self.connection.isReady, let ask = self.waiting.popFirst() {
            guard ask.question.isOpen(ask.index) else { continue }
            ask.question.sent(ask.index)
            self.connection.send(ask.question.commands[ask.index]) { [unowned self] in self.answered(ask, $0) }
        }
    }

    private func answered(_ ask: Ask, _ answer: Result<Reply, RedisError>) {
        switch answer {
        case .success(.error(let error)) where error.remedy == .reconnect:
            // This server carried nothing out; the one behind the next connection may.
            self.askAgain(ask)
            self.connection.reconnect(reason: error.text)
        case .success(.error(let error)):
            ask.question.answer(ask.index, .failure(ClientError(.refused, "\(self.url.masked): \(error.text)")))
        case .success(let reply): ask.question.answer(ask.index, .success(reply))
        case .failure(.notConnected): self.askAgain(ask)
        case .failure(let error): self.lost(ask, "\(error)")
        }
    }

    private func lost(_ ask: Ask, _ reason: String) {
        if ask.question.isRepeatable { return self.askAgain(ask) }
        let text = "\(self.url.masked): \(reason) before it answered; what was sent may have arrived"
        ask.question.answer(ask.index, .failure(ClientError(.uncertain, text)))
    }

    private func askAgain(_ ask: Ask) {
        guard ask.question.isOpen(ask.index) else { return }
        ask.question.unsent(ask.index)
        self.waiting.append(ask)
    }

    private func failWaiting(_ error: ClientError) {
        let waiting = self.waiting
        self.waiting = []
        for ask in waiting { ask.question.answer(ask.index, .failure(error)) }
    }

    // MARK: Connection

    func connectionIsReady(_ connection: RedisConnection) {
        self.wasReady = true
        self.lastFailure = nil
        self.becameReady()
        self.sendWaiting()
    }

    func connectionWasLost(_ connection: RedisConnection, reason: String) {
        self.lastFailure = reason
        if !self.wasReady, !self.waitsForServer { self.failWaiting(self.absence) }
    }

    func connectionWasRefused(_ connection: RedisConnection, reason: String) {
        self.failWaiting(ClientError(.refused, "\(self.url.masked): \(reason)"))
    }

    func connection(_ connection: RedisConnection, received message: [Reply]) {}
}
