import DequeModule
import Logging
import Reactor
import Redis
import Supervision

/// The server of results where it is not the broker's: documents are stored here first, and only when that is confirmed
/// does the delivery end at the broker.
///
/// Two servers cannot take one step, and this order loses nothing: whoever dies in between leaves a stored result and a
/// message that runs again, whose outcome replaces the first one unless that was a success.
final class ResultServer: RedisConnectionOwner {
    private let url: ServerURL
    private let endpoint: any Endpoint
    private let logger: Logger
    /// Goes on with a settlement whose documents are stored, and which has none any more.
    private let goOn: (Settlement) -> Void
    private var loop: (any EventLoop)!
    /// Hears that questions can be asked: those of an earlier connection have no answer.
    var connected: () -> Void = {}
    private var connection: RedisConnection!
    /// What the server calls the script; `nil` until this connection has loaded it.
    private var digest: String?
    private var gatherDigest: String?
    private var waiting = Deque<Settlement>()
    private var unanswered: [Settlement] = []
    private var notBefore = Instant(nanoseconds: 0)
    private var told = ToldOnce()
    /// Why it will never work.
    private(set) var failure: String?

    init(url: ServerURL, endpoint: any Endpoint, logger: Logger, goOn: @escaping (Settlement) -> Void) {
        (self.url, self.endpoint, self.logger, self.goOn) = (url, endpoint, logger, goOn)
    }

    func start(on loop: any EventLoop, seed: UInt64) {
        self.loop = loop
        self.connection = RedisConnection(
            to: self.endpoint, login: self.url.login(name: "celeriac"), on: loop, owner: self, seed: seed)
        self.connection.start()
    }

    func stop() { self.connection.stop() }

    /// Whether documents can be stored now.
    var isServing: Bool { self.digest != nil }

    /// Settlements whose documents are not known to be stored.
    var count: Int { self.waiting.count + self.unanswered.count }

    /// Whether one of them is about this delivery.
    func holds(tag: String) -> Bool {
        self.waiting.contains { $0.tag == tag } || self.unanswered.contains { $0.tag == tag }
    }

    /// Stores the documents of a settlement, then goes on with the rest of it. Settlements keep their order.
    func store(_ settlement: Settlement) { self.waiting.append(settlement) }

    /// Fetches the parts of a chord; `nil` when there is no connection to ask on.
    func gather(_ chord: String, _ arguments: [String], then answered: @escaping (Result<Reply, RedisError>) -> Void)
        -> Bool
    {
        guard self.isServing, let gatherDigest else { return false }
        var command = Command("EVALSHA", gatherDigest, "1", chord)
        for _ in 0..<2 { command.add(self.url.database) }
        for argument in arguments { command.add(argument) }
        self.connection.send(command, then: answered)
        return true
    }

    // MARK: The pass

    func endPass(now: Instant) {
        self.connection.timePassed(now: now)
        if self.canStore, self.notBefore <= now { self.sendBatch() }
        self.connection.flush()
    }

    var nextWake: Instant {
        self.canStore ? min(self.connection.nextWake, self.notBefore) : self.connection.nextWake
    }

    private var canStore: Bool { self.isServing && self.unanswered.isEmpty && !self.waiting.isEmpty }

    private func sendBatch() {
        self.unanswered = self.waiting.takeBatch()
        var command = Command("EVALSHA", self.digest ?? "", "0")
        // The connection is in the database of results: the script has no other to go to.
        for _ in 0..<2 { command.add(self.url.database) }
        for settlement in self.unanswered {
            for effect in settlement.effects where effect.isAtResults { effect.write(to: &command) }
        }
        self.connection.send(command) { [unowned self] in self.answered($0) }
    }

    private func answered(_ answer: Result<Reply, RedisError>) {
        let batch = self.unanswered
        self.unanswered = []
        if case .success(.array(let parts)) = answer {
            self.told.over("results")
            self.connection.worked()
            var parts = parts.map { $0.asText ?? "" }[...]
            for var settlement in batch {
                settlement.effects = settlement.effects.flatMap { self.left(of: $0, &parts) }
                self.goOn(settlement)
            }
            return
        }
        self.waiting.prepend(contentsOf: batch)
        self.notBefore = self.loop.now + Settlement.pause
        switch answer {
        case .success(.error(let error)): self.refused(error)
        case .success(let reply): self.connection.reconnect(reason: "unexpected answer: \(reply)")
        case .failure: break  // Stored again on the next connection; the same document twice is the same document.
        }
    }

    /// What remains to be done at the broker. The part of a chord that returned last has its join asked for there.
    private func left(
        of effect: Settlement.Effect, _ answers: inout ArraySlice<String>
    ) -> [Settlement.Effect] {
        guard effect.isAtResults else { return [effect] }
        guard case .part(let part) = effect, let answer = answers.popFirst() else { return [] }
        if answer.first == "!", self.told.isNews(answer, about: "part") {
            let reason = "\(answer.dropFirst())"
            self.logger.error("results.refused", metadata: ["server": "\(self.url.masked)", "reason": "\(reason)"])
        }
        return part.effect(answer, now: self.loop.wallSeconds).map { [$0] } ?? []
    }

    private func refused(_ error: ServerError) {
        if self.told.isNews(error.text, about: "results") {
            self.logger.error("results.refused", metadata: ["server": "\(self.url.masked)", "reason": "\(error.text)"])
        }
        if error.remedy == .reconnect || error.code == "NOSCRIPT" { self.connection.reconnect(reason: error.text) }
    }

    // MARK: The connection

    func connectionIsReady(_ connection: RedisConnection) {
        self.ask(Command("INFO", "server")) { [unowned self] in
            let version = ServerVersion.major(info: $0)
            self.ask(Command("SCRIPT", "LOAD", Script.gather.text(serverVersion: version))) {
                self.gatherDigest = $0.asText
            }
            self.ask(Command("SCRIPT", "LOAD", Script.store.text(serverVersion: version))) {
                self.serve(digest: $0.asText)
            }
        }
    }

    /// A refusal during the set-up is the end of this connection.
    private func ask(_ command: Command, then answered: @escaping (Reply) -> Void) {
        self.connection.send(command) { [unowned self] answer in
            switch answer {
            case .success(.error(let error)): self.connection.reconnect(reason: error.text)
            case .success(let reply): answered(reply)
            case .failure: break
            }
        }
    }

    private func serve(digest: String?) {
        self.digest = digest
        self.told.over("connection")
        self.connected()
        self.logger.notice("results.connected", metadata: ["server": "\(self.url.masked)"])
    }

    func connectionWasLost(_ connection: RedisConnection, reason: String) {
        self.digest = nil
        guard self.told.isNews(reason, about: "connection") else { return }
        self.logger.warning("results.lost", metadata: ["server": "\(self.url.masked)", "reason": "\(reason)"])
    }

    func connectionWasRefused(_ connection: RedisConnection, reason: String) {
        self.digest = nil
        self.failure = "the result backend \(self.url.masked) refuses us: \(reason)"
    }

    func connection(_ connection: RedisConnection, received message: [Reply]) {}
}
