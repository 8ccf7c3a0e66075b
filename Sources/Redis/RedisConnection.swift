import DequeModule
import Reactor
import Supervision
import Syscalls
import SystemPackage

/// Hears what becomes of a connection.
public protocol RedisConnectionOwner: AnyObject {
    /// Commands can go out.
    func connectionIsReady(_ connection: RedisConnection)
    /// The connection is gone; everything that was asked on it has been told so. It will be rebuilt.
    func connectionWasLost(_ connection: RedisConnection, reason: String)
    /// The server will not have us: the connection is not rebuilt.
    func connectionWasRefused(_ connection: RedisConnection, reason: String)
    /// A message on a channel that was subscribed to, or the answer to a subscription.
    func connection(_ connection: RedisConnection, received message: [Reply])
}

/// One connection to a server on a reactor's loop: rebuilt as a whole when it fails, with a deadline on everything.
///
/// Commands are sent in order and answered in order. Nothing here waits.
public final class RedisConnection: ReadinessHandler {
    /// What is called with the answer to a command.
    public typealias Completion = (Result<Reply, RedisError>) -> Void

    /// Bytes read in one pass, so that no connection keeps the others waiting.
    private static let share = 1 << 20

    private let endpoint: any Endpoint
    private let login: Login
    private let reactor: Reactor
    private unowned let owner: any RedisConnectionOwner
    private var machine: ConnectionMachine
    private var stream: (any ByteStream)?
    private var registration: Reactor.Registration?
    private var decoder = ReplyDecoder()
    private var queue = WriteQueue()
    private var waiting = Deque<Completion>()
    private var greeting: [Command] = []
    private let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: 65_536, alignment: 16)

    /// A connection that is not started.
    public init(
        to endpoint: any Endpoint, login: Login, on reactor: Reactor, owner: any RedisConnectionOwner,
        timing: ConnectionMachine.Timing = ConnectionMachine.Timing(), seed: UInt64
    ) {
        self.endpoint = endpoint
        self.login = login
        self.reactor = reactor
        self.owner = owner
        self.machine = ConnectionMachine(timing: timing, seed: seed)
    }

    deinit {
        self.closeStream()
        self.scratch.deallocate()
    }

    /// Whether commands can go out.
    public var isReady: Bool { self.machine.isReady }

    /// Commands without an answer yet.
    public var unanswered: Int { self.waiting.count }

    /// Begins to connect, and from then on keeps a connection.
    public func start() { self.perform(self.machine.start(now: Self.now)) }

    /// Ends the connection for good. What was asked is told so.
    public func stop() {
        self.machine.stop()
        self.closeStream()
        self.failAll(.disconnected("the connection was closed"))
    }

    /// When ``timePassed(now:)`` must be called at the latest.
    public var nextWake: Instant { self.machine.nextWake }

    /// Does what is due.
    public func timePassed(now: Instant) { self.perform(self.machine.timePassed(now: now)) }

    /// Gives up this connection and makes another: the server is not what it should be.
    public func reconnect(reason: String) { self.perform(self.machine.lost(reason, now: Self.now)) }

    // MARK: Commands

    /// Sends a command with the pass's others; see ``flush()``.
    public func send(_ command: Command, then completion: @escaping Completion) {
        guard self.isReady else { return completion(.failure(.notConnected)) }
        self.enqueue(command, completion)
    }

    /// Sends a command that is answered with messages: `SUBSCRIBE`, `UNSUBSCRIBE`.
    public func sendUnanswered(_ command: Command) {
        guard self.isReady else { return }
        command.write(to: &self.queue)
    }

    private func enqueue(_ command: Command, _ completion: @escaping Completion) {
        command.write(to: &self.queue)
        self.waiting.append(completion)
        self.machine.commandSent(now: Self.now)
    }

    /// Writes what was sent since the last call.
    public func flush() {
        guard let stream = self.stream, self.queue.count > 0 else { return }
        if case .connecting = self.machine.state { return }
        do {
            while !self.queue.isEmpty {
                switch try stream.write(&self.queue) {
                case .bytes: continue
                case .wouldBlock: return self.watch([.readable, .writable])
                case .noReader: return self.fail("the server closed the connection")
                }
            }
            self.watch(.readable)
        } catch {
            self.fail("cannot write to the server: \(error)")
        }
    }

    // MARK: Descriptor

    public func descriptorReady(token: Int, readiness: Readiness) {
        if case .connecting = self.machine.state { return self.finishConnecting() }
        self.readAnswers()
        self.flush()
    }

    private func finishConnecting() {
        guard let stream = self.stream else { return }
        do {
            guard try stream.finishConnecting() else { return self.watch(stream.wanted) }
            self.perform(self.machine.connected(now: Self.now))
        } catch {
            self.fail("cannot connect to \(self.endpoint): \(error)")
        }
    }

    private func readAnswers() {
        guard let stream = self.stream else { return }
        var left = Self.share
        do {
            while left > 0, self.stream === stream {
                switch try stream.read(into: self.scratch) {
                case .bytes(let count):
                    left -= count
                    self.machine.bytesReceived(now: Self.now)
                    self.decoder.append(UnsafeRawBufferPointer(rebasing: self.scratch[..<count]))
                    try self.handleReplies(of: stream)
                    if count < self.scratch.count { return }
                case .wouldBlock: return
                case .endOfFile: return self.fail("the server closed the connection")
                }
            }
        } catch {
            self.fail("\(error)")
        }
    }

    private func handleReplies(of stream: any ByteStream) throws(ProtocolError) {
        while self.stream === stream, let reply = try self.decoder.next() {
            if let message = Self.message(reply) {
                self.owner.connection(self, received: message)
                continue
            }
            guard let completion = self.waiting.popFirst() else {
                throw ProtocolError(text: "an answer to no question")
            }
            self.machine.answered()
            completion(.success(reply))
        }
    }

    /// What a subscribed connection gets without asking: an array that begins with one of these words.
    private static func message(_ reply: Reply) -> [Reply]? {
        guard case .array(let parts) = reply, parts.count == 3 || parts.count == 4, case .bytes(let word) = parts[0]
        else { return nil }
        let words = ["message", "pmessage", "subscribe", "unsubscribe", "psubscribe", "punsubscribe"]
        return words.contains { word.elementsEqual($0.utf8) } ? parts : nil
    }

    private func fail(_ reason: String) { self.perform(self.machine.lost(reason, now: Self.now)) }

    // MARK: Actions

    private func perform(_ action: ConnectionMachine.Action?) {
        switch action {
        case .connect: self.connect()
        case .greet: self.greet()
        case .drop(let reason): self.drop(reason)
        case .giveUp(let reason):
            self.drop(reason)
            self.owner.connectionWasRefused(self, reason: reason)
        case .ping: self.ping()
        case nil: break
        }
    }

    private func connect() {
        do {
            let stream = try self.endpoint.open()
            self.stream = stream
            self.decoder = ReplyDecoder()
            self.queue = WriteQueue()
            self.registration = try self.reactor.register(
                stream.descriptor, for: stream.wanted, handler: self, token: 0)
        } catch {
            self.fail("cannot connect to \(self.endpoint): \(error)")
        }
    }

    private func greet() {
        self.greeting = self.login.commands.reversed()
        self.watch(.readable)
        self.greetFurther()
    }

    private func greetFurther() {
        guard let command = self.greeting.popLast() else {
            self.machine.greeted(now: Self.now)
            self.owner.connectionIsReady(self)
            return self.flush()
        }
        self.enqueue(command) { [unowned self] in self.greetingAnswered($0) }
        self.flush()
    }

    private func greetingAnswered(_ answer: Result<Reply, RedisError>) {
        switch answer {
        case .success(.error(let error)): self.perform(self.machine.greetingRefused(error, now: Self.now))
        case .success: self.greetFurther()
        case .failure: break  // The connection is gone, and the machine knows.
        }
    }

    private func drop(_ reason: String) {
        self.closeStream()
        self.failAll(.disconnected(reason))
        self.owner.connectionWasLost(self, reason: reason)
    }

    private func ping() {
        self.enqueue(Command("PING")) { _ in }
        self.flush()
    }

    private func closeStream() {
        if let registration { self.reactor.remove(registration) }
        self.registration = nil
        self.stream = nil
        self.queue = WriteQueue()
        self.greeting = []
    }

    /// What was asked on a connection that is gone is answered with its end; what that asks for anew is told the same.
    private func failAll(_ error: RedisError) {
        let waiting = self.waiting
        self.waiting = []
        for completion in waiting { completion(.failure(error)) }
    }

    private func watch(_ interest: Readiness) {
        guard let registration, let stream else { return }
        self.reactor.update(registration, for: interest.union(stream.wanted))
    }

    private static var now: Instant { Instant(nanoseconds: monotonicNanoseconds()) }
}
