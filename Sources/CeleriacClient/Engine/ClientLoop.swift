import Reactor
import Redis
import Supervision
import Syscalls
import SystemPackage

/// The client's thread: takes requests from the mailbox, talks to the servers, and answers.
///
/// One pass: wait for descriptors until the nearest deadline and handle what is ready; take requests; end what is
/// overdue; write. Touched by its own thread only from ``run()`` on.
final class ClientLoop: ReadinessHandler, @unchecked Sendable {
    private enum Call {
        case question(Question)
        case wait
    }

    private let mailbox: Mailbox
    private let reactor: Reactor
    private let broker: Link
    private let results: Link?
    private let watch: ResultWatch?
    private var calls: [UInt64: Call] = [:]
    private var deadlines = Deadlines()
    private var closed: [@Sendable () -> Void]?

    /// `brokerReady` hears, on the loop's thread, of each new connection to the broker.
    init(
        broker: ServerURL, results: ServerURL?, options: ClientOptions, mailbox: Mailbox,
        brokerReady: @escaping @Sendable () -> Void
    ) throws(Errno) {
        let reactor = try Reactor()
        self.mailbox = mailbox
        self.reactor = reactor
        self.broker = Link(broker, options: options, on: reactor, seed: randomSeed())
        self.broker.becameReady = brokerReady
        let shared = results == broker ? self.broker : nil
        let link = results.map { shared ?? Link($0, options: options, on: reactor, seed: randomSeed()) }
        self.results = link
        self.watch = results.flatMap { url in
            link.map { ResultWatch(url, link: $0, options: options, on: reactor, seed: randomSeed()) }
        }
        _ = try reactor.register(mailbox.descriptor, for: .readable, handler: self, token: 0)
        self.watch?.ended = { [unowned self] in self.calls[$0] = nil }
    }

    /// Runs until it is closed.
    func run() {
        while self.closed == nil {
            try? self.reactor.wait(until: self.nextWake)
            let now = Instant(nanoseconds: monotonicNanoseconds())
            for request in self.mailbox.take() { self.handle(request) }
            while let id = self.deadlines.popDue(now: now) { self.timeOut(id) }
            self.deadlines.compact(alive: self.calls.count) { self.calls[$0] != nil }
            self.watch?.pass(now: now)
            self.broker.pass(now: now)
            if self.results !== self.broker { self.results?.pass(now: now) }
        }
        self.end()
    }

    func descriptorReady(token: Int, readiness: Readiness) { self.mailbox.clear() }

    private var nextWake: Instant {
        min(
            self.deadlines.next, self.broker.nextWake, self.results?.nextWake ?? .distantFuture,
            self.watch?.nextWake ?? .distantFuture)
    }

    private func handle(_ request: Request) {
        switch request {
        case .ask(let id, let question): self.ask(id, question)
        case .wait(let id, let wait): self.wait(id, wait)
        case .cancel(let id): self.end(id, .cancelled)
        case .close(let then): self.closed = (self.closed ?? []) + [then]
        }
    }

    private func ask(_ id: UInt64, _ question: Question) {
        guard let link = question.place == .broker ? self.broker : self.results else {
            return question.end(.noResultBackend)
        }
        self.calls[id] = .question(question)
        question.whenOver = { [unowned self] in self.calls[id] = nil }
        self.deadlines.add(question.deadline, for: id)
        link.ask(question)
    }

    private func wait(_ id: UInt64, _ wait: Wait) {
        guard let watch = self.watch else { return wait.completion(.failure(.noResultBackend)) }
        self.calls[id] = .wait
        self.deadlines.add(wait.deadline, for: id)
        watch.begin(id, wait)
    }

    private func timeOut(_ id: UInt64) {
        switch self.calls[id] {
        case .question(let question):
            let link = question.place == .broker ? self.broker : self.results
            self.end(id, link?.absence ?? .noResultBackend)
        case .wait: if let watch { self.end(id, watch.timeout(id)) }
        case nil: break
        }
    }

    private func end(_ id: UInt64, _ error: ClientError) {
        switch self.calls.removeValue(forKey: id) {
        case .question(let question): question.end(error)
        case .wait: self.watch?.end(id, error)
        case nil: break
        }
    }

    /// Everything that is open is told that it is over.
    private func end() {
        for id in Array(self.calls.keys) { self.end(id, .closed) }
        for link in [self.broker, self.results] { link?.stop() }
        self.watch?.stop()
        for request in self.mailbox.close() {
            switch request {
            case .ask(_, let question): question.end(.closed)
            case .wait(_, let wait): wait.completion(.failure(.closed))
            case .close(let then): self.closed?.append(then)
            case .cancel: break
            }
        }
        for then in self.closed ?? [] { then() }
    }
}
