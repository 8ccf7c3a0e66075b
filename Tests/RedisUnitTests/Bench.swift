import Reactor
import Supervision
import Syscalls
import Testing

@testable import Redis

/// A connection on a loop of its own, and all that it says.
final class Bench: RedisConnectionOwner {
    let reactor: Reactor
    private(set) var ready = 0
    private(set) var losses: [String] = []
    private(set) var refusals: [String] = []
    private(set) var messages: [[Reply]] = []
    /// Answers in the order in which they came; each has the number of its command.
    private(set) var answers: [(number: Int, answer: Result<Reply, RedisError>)] = []
    var whenReady: () -> Void = {}
    private var asked = 0
    private var connections: [RedisConnection] = []

    init() throws { self.reactor = try Reactor() }

    func connectionIsReady(_ connection: RedisConnection) {
        self.ready += 1
        self.whenReady()
    }

    func connectionWasLost(_ connection: RedisConnection, reason: String) { self.losses.append(reason) }

    func connectionWasRefused(_ connection: RedisConnection, reason: String) { self.refusals.append(reason) }

    func connection(_ connection: RedisConnection, received message: [Reply]) { self.messages.append(message) }

    /// Times that do not keep a test waiting: failures are followed by the next attempt within milliseconds.
    static var timing: ConnectionMachine.Timing {
        var timing = ConnectionMachine.Timing()
        timing.firstWait = .milliseconds(1)
        timing.longestWait = .milliseconds(4)
        return timing
    }

    func connect(
        to endpoint: any Endpoint, login: Login = Login(), timing: ConnectionMachine.Timing = Bench.timing
    ) -> RedisConnection {
        let connection = RedisConnection(
            to: endpoint, login: login, on: self.reactor, owner: self, timing: timing, seed: 1)
        self.connections.append(connection)
        connection.start()
        return connection
    }

    func connect(
        to server: FakeServer, login: Login = Login(), timing: ConnectionMachine.Timing = Bench.timing
    ) -> RedisConnection {
        self.connect(to: Server(RedisURL(host: "127.0.0.1", port: server.port)), login: login, timing: timing)
    }

    /// Asks, and remembers the answer with the command's number.
    @discardableResult
    func ask(_ connection: RedisConnection, _ command: Command) -> Int {
        self.asked += 1
        let number = self.asked
        connection.send(command) { self.answers.append((number, $0)) }
        connection.flush()
        return number
    }

    /// How many answers were good, for tests that ask much.
    private(set) var noted = 0

    func note(_ answer: Result<Reply, RedisError>) { if case .success(.bytes) = answer { self.noted += 1 } }

    func answer(_ number: Int) -> Result<Reply, RedisError>? { self.answers.first { $0.number == number }?.answer }

    /// Turns the loop until something is so. The bound is for a test that fails.
    func run(
        _ what: String, within limit: Duration = .seconds(30), sourceLocation: SourceLocation = #_sourceLocation,
        until condition: () -> Bool
    ) throws {
        let end = self.now + limit
        while !condition() {
            try #require(self.now < end, "\(what); losses: \(self.losses.suffix(3))", sourceLocation: sourceLocation)
            try self.pass(until: end)
        }
    }

    private func pass(until end: Instant) throws {
        try self.reactor.wait(until: self.connections.map(\.nextWake).reduce(end, min))
        for connection in self.connections where connection.nextWake <= self.now {
            connection.timePassed(now: self.now)
        }
    }

    private var now: Instant { Instant(nanoseconds: monotonicNanoseconds()) }
}
