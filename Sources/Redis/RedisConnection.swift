import DequeModule
import Reactor
import Supervision
import Syscalls
import SystemPackage

/// Hears what becomes of a connection.
public protocol RedisConnectionOwner: AnyObject {
    /// Commands can go out.
    func connectionIsReady(_ connection: RedisConnection)
    /// The connection is gone, or could not be made; everything that was asked on it has been told so. It will be
    /// rebuilt.
    func connectionWasLost(_ connection: RedisConnection, reason: String)
    /// The server will not have us: the connection is not rebuilt. Said instead of ``connectionWasLost(_:reason:)``.
    func connectionWasRefused(_ connection: RedisConnection, reason: String)
    /// A message on a channel that was subscribed to, the answer to a subscription, or an error that answers nothing:
    /// a subscription was refused.
    func connection(_ connection: RedisConnection, received message: [Reply])
}

/// One connection to a server on a loop: rebuilt as a whole when it fails, with a deadline on everything.
///
/// Commands are sent in order and answered in order. Nothing here waits.
public final class RedisConnection: ReadinessHandler {
    /// What is called with the answer to a command.
    public typealias Completion = (Result<Reply, RedisError>) -> Void

    /// Bytes read in one pass, so that no connection keeps the others waiting.
    private static let share = 1 << 20

    private let endpoint: any Endpoint
    private let login: Login
    private let loop: any EventLoop
    private let mostHeld: Int
    private unowned let owner: any RedisConnectionOwner
    private var machine: ConnectionMachine
    private var stream: (any ByteStream)?
    private var registration: LoopRegistration?
    private var decoder = ReplyDecoder()
    private var queue = WriteQueue()
    private var waiting = Deque<Completion>()
    private var greeting: [GreetingStep] = []
    /// Answers that are still due to commands from before the first subscription; `nil` when there is none.
    private var answersBeforeMessages: Int?
    private let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: 65_536, alignment: 16)

    /// A connection that is not started.
    ///
    /// - Parameter mostHeld: bytes of one unfinished answer or message beyond which the connection is made anew: for
    ///   connections on which others say how much comes. Default: no bound.
    public init(
        to endpoint: any Endpoint, login: Login, on loop: any EventLoop, owner: any RedisConnectionOwner,
        timing: ConnectionMachine.Timing = ConnectionMachine.Timing(), mostHeld: Int = .max, seed: UInt64
    ) {
        self.mostHeld = mostHeld
        self.endpoint = endpoint
        self.login = login
        self.loop = loop
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
    public func start() { self.perform(self.machine.start(now: self.loop.now)) }

    /// Ends the connection for good. What was asked is told so.
    public func stop() {
        self.machine.stop()
        self.closeStream()
        self.failAll(.disconnected("the connection was closed"))
    }

    /// When ``timePassed(now:)`` must be called at the latest.
    public var nextWake: Instant { self.holdsInput ? Instant(nanoseconds: 0) : self.machine.nextWake }

    /// Does what is due.
    public func timePassed(now: Instant) {
        if self.holdsInput { self.transfer() }
        self.perform(self.machine.timePassed(now: now))
    }

    /// Whether there is something to read of which the descriptor does not tell.
    private var holdsInput: Bool { self.stream?.holdsInput ?? false }

    /// Gives up this connection and makes another: the server is not what it should be.
    public func reconnect(reason: String) { self.perform(self.machine.lost(reason, now: self.loop.now)) }

    /// The connection does what it is for: after its next failure the first wait is the shortest again. Without this
    /// each attempt waits longer, also when the server takes the login and refuses all else.
    public func worked() { self.machine.worked() }

    // MARK: Commands

    /// Sends a command with the pass's others; see ``flush()``.
    public func send(_ command: Command, then completion: @escaping Completion) {
        guard self.isReady else { return completion(.failure(.notConnected)) }
        self.enqueue(command, completion)
    }

    /// Sends a command that is answered with messages: `SUBSCRIBE`, `UNSUBSCRIBE`. From then on the connection is for
    /// messages: what is asked on it must not be answered with an array that looks like one.
    public func sendUnanswered(_ command: Command) {
        guard self.isReady else { return }
        self.answersBeforeMessages = self.answersBeforeMessages ?? self.waiting.count
        command.write(to: &self.queue)
    }

    private func enqueue(_ command: Command, _ completion: @escaping Completion) {
        command.write(to: &self.queue)
        self.waiting.append(completion)
        self.machine.commandSent(now: self.loop.now)
    }

    /// Writes what was sent since the last call.
    public func flush() {
        guard let stream = self.stream else { return }
        if case .connecting = self.machine.state { return }
        do {
            repeat {
                switch try stream.write(&self.queue) {
                case .bytes: continue
                case .wouldBlock: return self.watch([.readable, .writable])
                case .noReader: return self.failWriting("the server closed the connection")
                }
            } while !self.queue.isEmpty
            self.watch(.readable)
        } catch {
            self.failWriting("cannot write to the server: \(error)")
        }
    }

    /// What the server had answered before it went is still there to be read; each answer that is known is one command
    /// less whose effect is not.
    private func failWriting(_ reason: String) {
        let stream = self.stream
        self.readAnswers()
        if self.stream === stream { self.fail(reason) }
    }

    // MARK: Descriptor

    public func descriptorReady(token: Int, readiness: Readiness) {
        if case .connecting = self.machine.state { self.finishConnecting() } else { self.transfer() }
    }

    private func transfer() {
        self.readAnswers()
        self.flush()
    }

    private func finishConnecting() {
        guard let stream = self.stream else { return }
        // The stream may close this descriptor and go on with another one, perhaps of the same number.
        self.unwatch()
        do {
            let isConnected = try stream.finishConnecting()
            try self.watchAnew(stream)
            if isConnected { self.perform(self.machine.connected(now: self.loop.now)) }
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
                    self.machine.bytesReceived(now: self.loop.now)
                    self.decoder.append(UnsafeRawBufferPointer(rebasing: self.scratch[..<count]))
                    try self.handleReplies(of: stream)
                    guard self.decoder.heldBytes <= self.mostHeld else {
                        return self.fail("what comes at once is more than \(self.mostHeld) bytes")
                    }
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
            if self.answersBeforeMessages == 0, let message = Self.message(reply) {
                self.owner.connection(self, received: message)
                continue
            }
            guard let completion = self.waiting.popFirst() else {
                guard case .error = reply else { throw ProtocolError(text: "an answer to no question") }
                self.owner.connection(self, received: [reply])
                continue
            }
            self.machine.answered()
            self.answersBeforeMessages = self.answersBeforeMessages.map { max(0, $0 - 1) }
            completion(.success(reply))
        }
    }

    /// What a subscribed connection gets without asking: an array that begins with one of these words. On any other
    /// connection that is an answer like the rest.
    private static func message(_ reply: Reply) -> [Reply]? {
        guard case .array(let parts) = reply, parts.count == 3 || parts.count == 4, case .bytes(let word) = parts[0]
        else { return nil }
        let words = ["message", "pmessage", "subscribe", "unsubscribe", "psubscribe", "punsubscribe"]
        return words.contains { word.elementsEqual($0.utf8) } ? parts : nil
    }

    private func fail(_ reason: String) { self.perform(self.machine.lost(reason, now: self.loop.now)) }

    // MARK: Actions

    private func perform(_ action: ConnectionMachine.Action?) {
        switch action {
        case .connect: self.connect()
        case .greet: self.greet()
        case .drop(let reason): self.drop(reason)
        case .giveUp(let reason):
            self.abandon(reason)
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
            try self.watchAnew(stream)
        } catch {
            self.fail("cannot connect to \(self.endpoint): \(error)")
        }
    }

    private func greet() {
        self.greeting = self.login.greeting(ofMaster: self.endpoint.mustBeMaster).reversed()
        self.greetFurther()
    }

    private func greetFurther() {
        guard let step = self.greeting.popLast() else {
            self.machine.greeted(now: self.loop.now)
            self.owner.connectionIsReady(self)
            return self.flush()
        }
        self.enqueue(step.command) { [unowned self] in self.greetingAnswered($0, step) }
        self.flush()
    }

    private func greetingAnswered(_ answer: Result<Reply, RedisError>, _ step: GreetingStep) {
        // Without an answer the connection is gone, and the machine knows.
        guard case .success(let reply) = answer else { return }
        if let error = step.objection(reply) {
            self.perform(self.machine.greetingRefused(error, now: self.loop.now))
        } else {
            self.greetFurther()
        }
    }

    private func drop(_ reason: String) {
        self.abandon(reason)
        self.owner.connectionWasLost(self, reason: reason)
    }

    private func abandon(_ reason: String) {
        self.closeStream()
        self.failAll(.disconnected(reason))
    }

    private func ping() {
        self.enqueue(Command("PING")) { _ in }
        self.flush()
    }

    private func closeStream() {
        self.unwatch()
        self.stream = nil
        self.queue = WriteQueue()
        self.greeting = []
        self.answersBeforeMessages = nil
    }

    /// What was asked on a connection that is gone is answered with its end; what that asks for anew is told the same.
    private func failAll(_ error: RedisError) {
        let waiting = self.waiting
        self.waiting = []
        for completion in waiting { completion(.failure(error)) }
    }

    private func watchAnew(_ stream: any ByteStream) throws(Errno) {
        self.registration = try self.loop.register(stream.descriptor, for: stream.wanted, handler: self, token: 0)
    }

    private func unwatch() {
        if let registration { self.loop.remove(registration) }
        self.registration = nil
    }

    private func watch(_ interest: Readiness) {
        guard let registration, let stream else { return }
        self.loop.update(registration, for: interest.union(stream.wanted))
    }
}
