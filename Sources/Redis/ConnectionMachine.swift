import Supervision

/// Decides what happens to one connection: when to connect, when an answer is overdue, how long to wait after a failure.
///
/// Performs nothing and reads no clock. A connection is rebuilt as a whole: what was asked on the old one is never
/// answered on the new one.
public struct ConnectionMachine: Sendable {
    /// Where the connection is.
    public enum State: Equatable, Sendable {
        /// Not wanted, or given up. → waiting
        case closed
        /// Will connect at an instant. → connecting
        case waiting(until: Instant)
        /// The socket is on its way. → greeting, waiting
        case connecting(until: Instant)
        /// Logging in. → ready, waiting, closed
        case greeting(until: Instant)
        /// Commands go out. → waiting
        case ready
    }

    /// What the driver does next.
    public enum Action: Equatable, Sendable {
        case connect
        case greet
        /// Closes the socket and fails what was asked, for this reason.
        case drop(reason: String)
        /// As `drop`, but the server will not have us: there is no further attempt.
        case giveUp(reason: String)
        /// Asks the server for a sign of life.
        case ping
    }

    /// How long things may take.
    public struct Timing: Equatable, Sendable {
        /// Time to connect and log in. Celery: `broker_connection_timeout`.
        public var connect: Duration = .seconds(4)
        /// Time without a byte from the server while an answer is due. redis-py: `socket_timeout`.
        public var answer: Duration = .seconds(10)
        /// Silence after which the server is asked for a sign of life. kombu: `health_check_interval`.
        public var silence: Duration = .seconds(25)
        /// The first wait after a failure, doubling up to ``longestWait``.
        public var firstWait: Duration = .milliseconds(100)
        /// The longest wait between two attempts.
        public var longestWait: Duration = .seconds(3)
        /// Refused logins in a row after which it is given up; refusals that pass, as while a server loads, do not count.
        public var mostRefusals = 5

        /// The usual times.
        public init() {}
    }

    /// Where the connection is.
    public private(set) var state: State = .closed
    private let timing: Timing
    private var backoff: Backoff
    private var random: SeededGenerator
    private var refusals = 0
    private var unanswered = 0
    private var readySince = Instant(nanoseconds: 0)
    private var lastSign = Instant(nanoseconds: 0)

    /// A machine that has not started.
    public init(timing: Timing = Timing(), seed: UInt64) {
        self.timing = timing
        self.backoff = Backoff(first: timing.firstWait, longest: timing.longestWait)
        self.random = SeededGenerator(seed: seed)
    }

    /// Whether commands go out.
    public var isReady: Bool { self.state == .ready }

    /// Begins; a connection that has begun goes on.
    public mutating func start(now: Instant) -> Action? {
        guard self.state == .closed else { return nil }
        self.refusals = 0
        return self.connect(now: now)
    }

    private mutating func connect(now: Instant) -> Action {
        self.state = .connecting(until: now + self.timing.connect)
        return .connect
    }

    /// The socket is connected.
    public mutating func connected(now: Instant) -> Action? {
        guard case .connecting(let deadline) = self.state else { return nil }
        self.state = .greeting(until: deadline)
        return .greet
    }

    /// The server has taken the login. Not yet the end of a row of failures: lasting is, or ``worked()``.
    public mutating func greeted(now: Instant) {
        guard case .greeting = self.state else { return }
        self.state = .ready
        self.refusals = 0
        self.unanswered = 0
        self.lastSign = now
        self.readySince = now
    }

    /// The connection does what it is for: the next failure is the first of a row.
    public mutating func worked() { self.backoff.succeeded() }

    /// The server has refused the login, for now or for good.
    public mutating func greetingRefused(_ error: ServerError, now: Instant) -> Action? {
        guard case .greeting = self.state else { return nil }
        if error.isLasting { self.refusals += 1 }
        guard self.refusals < self.timing.mostRefusals else {
            self.state = .closed
            return .giveUp(reason: error.text)
        }
        return self.fail(error.text, now: now)
    }

    /// The connection has ended or could not be made.
    public mutating func lost(_ reason: String, now: Instant) -> Action? {
        switch self.state {
        case .closed, .waiting: nil
        case .connecting, .greeting, .ready: self.fail(reason, now: now)
        }
    }

    private mutating func fail(_ reason: String, now: Instant) -> Action {
        // A server that takes every login and drops the connection at once is not asked without pause for ever.
        if self.isReady, now - self.readySince >= self.timing.longestWait { self.backoff.succeeded() }
        let wait = self.backoff.failed().wholeNanoseconds
        // Between half of the wait and all of it: many workers lose one server at the same time.
        let drawn = UInt64.random(in: wait / 2...wait, using: &self.random)
        self.state = .waiting(until: now + .nanoseconds(Int64(clamping: drawn)))
        return .drop(reason: reason)
    }

    /// Ends for good.
    public mutating func stop() { self.state = .closed }

    /// A command goes out.
    public mutating func commandSent(now: Instant) {
        if self.unanswered == 0 { self.lastSign = now }
        self.unanswered += 1
    }

    /// Bytes have come.
    public mutating func bytesReceived(now: Instant) { self.lastSign = now }

    /// An answer is complete.
    public mutating func answered() { self.unanswered = max(0, self.unanswered - 1) }

    /// Does what is due.
    public mutating func timePassed(now: Instant) -> Action? {
        guard self.nextWake <= now else { return nil }
        switch self.state {
        case .closed: return nil
        case .waiting: return self.connect(now: now)
        case .connecting: return self.fail("no connection within \(self.timing.connect.unitDescription)", now: now)
        case .greeting: return self.fail("no login within \(self.timing.connect.unitDescription)", now: now)
        case .ready where self.unanswered > 0:
            return self.fail("no answer within \(self.timing.answer.unitDescription)", now: now)
        case .ready: return .ping
        }
    }

    /// When ``timePassed(now:)`` must be called at the latest.
    public var nextWake: Instant {
        switch self.state {
        case .closed: .distantFuture
        case .waiting(let instant), .connecting(let instant), .greeting(let instant): instant
        case .ready: self.lastSign + (self.unanswered > 0 ? self.timing.answer : self.timing.silence)
        }
    }
}
