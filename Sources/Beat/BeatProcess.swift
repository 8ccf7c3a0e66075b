import Celery
import FoundationEssentials
import Logging
import Reactor
import Redis
import Schedules
import Supervision
import Syscalls
import SystemPackage

/// A scheduler on its loop: sends what the ``BeatMachine`` says, until it is told to stop.
///
/// One pass: wait for descriptors until the nearest deadline and handle what is ready; read the clock; do what is due;
/// write.
public final class BeatProcess: ReadinessHandler {
    private let url: ServerURL
    private let options: BeatOptions
    private let keys: BrokerKeys
    private let resultKeys: ResultKeys
    private let maker: MessageMaker
    private let logger: Logger
    private let reactor: Reactor
    private let signals: SignalDescriptor
    private var machine: BeatMachine
    private var connection: RedisConnection!
    private var serverVersion = 7
    private var digests: [String: String] = [:]
    private var told = ToldOnce()
    private var led = false
    private var stopsBy: Instant?
    private var failure: String?

    private static let handledSignals = SignalSet([.terminate, .interrupt, .quit])
    /// How long it waits at its end for the server to take the lead back.
    private static let farewell: Duration = .seconds(1)

    /// A scheduler that is not started. From now on the signals that stop it wait for ``run()``.
    public init(
        url: ServerURL, entries: [BeatEntry], options: BeatOptions, logger: Logger, seed: UInt64
    ) throws(Errno) {
        self.url = url
        self.options = options
        self.keys = BrokerKeys(prefix: options.keyPrefix)
        self.resultKeys = ResultKeys(globalPrefix: options.resultKeyPrefix)
        self.maker = MessageMaker(origin: options.origin, signer: options.signer)
        self.logger = logger
        self.reactor = try Reactor()
        self.machine = BeatMachine(entries: entries, lease: options.lease)
        try setDisposition(of: .brokenPipe, to: .ignored)
        try blockSignals(Self.handledSignals)
        self.signals = try SignalDescriptor(Self.handledSignals)
        self.connection = RedisConnection(
            to: url.endpoint(), login: url.login(name: "celeriac-beat"), on: self.reactor, owner: self, seed: seed)
    }

    /// Runs until a signal ends it. Returns why it could not work, if so. `passed` is called at the end of each pass.
    public func run(passed: () -> Void) throws -> String? {
        _ = try self.reactor.register(self.signals.descriptor.number, for: .readable, handler: self, token: 0)
        self.connection.start()
        while self.failure == nil {
            try self.reactor.wait(until: self.nextWake)
            let now = self.reactor.now
            self.connection.timePassed(now: now)
            if let stopsBy, stopsBy <= now || !self.connection.isReady || self.connection.unanswered == 0 { break }
            if self.stopsBy == nil { self.work(now: now) }
            self.connection.flush()
            passed()
        }
        self.connection.stop()
        return self.failure
    }

    private var nextWake: Instant {
        let machine = self.stopsBy ?? self.machine.nextWake(now: self.reactor.now)
        return min(machine, self.connection.nextWake)
    }

    public func descriptorReady(token: Int, readiness: Readiness) {
        while let signal = self.signals.next() {
            guard self.stopsBy == nil else { continue }
            self.logger.notice("beat.stops", metadata: ["signal": "\(signal.name)"])
            self.stopsBy = self.reactor.now + Self.farewell
            self.giveUpLead()
        }
    }

    /// Another takes over at once.
    private func giveUpLead() {
        guard self.connection.isReady, self.digests[Script.leave.name] != nil else { return }
        var command = self.call(.leave, keys: [self.keys.scheduleLeader])
        command.add(self.options.identity)
        self.connection.send(command) { _ in }
        self.connection.flush()
    }

    // MARK: Doing what is due

    private func work(now: Instant) {
        for action in self.machine.due(now: now, makeID: { UUID().uuidString.lowercased() }) {
            switch action {
            case .askLead: self.askLead(now: now)
            case .readStates: self.readStates()
            case .perform(let transition): self.perform(transition, now: now)
            }
        }
        self.tellLead(self.machine.leads(now: now))
    }

    private func tellLead(_ leads: Bool) {
        guard leads != self.led else { return }
        self.led = leads
        self.logger.notice(leads ? "beat.leads" : "beat.follows", metadata: ["name": "\(self.options.identity)"])
    }

    private func askLead(now: Instant) {
        var command = self.call(.lead, keys: [self.keys.scheduleLeader])
        command.add(self.options.identity)
        command.add(max(1, Int(self.options.lease.wholeNanoseconds / 1_000_000)))
        self.connection.send(command) { [unowned self] in self.leadAnswered($0, askedAt: now) }
    }

    private func leadAnswered(_ answer: Result<Reply, RedisError>, askedAt: Instant) {
        guard let parts = self.parts(of: answer, "lead"), parts.count == 2, let ours = parts[0].asInt,
            let seconds = parts[1].asText.flatMap(Double.init)
        else { return self.machine.leadRefused(now: self.reactor.now) }
        self.connection.worked()
        self.told.over("lead")
        self.machine.leadAnswered(
            isOurs: ours == 1, serverSeconds: seconds, askedAt: askedAt, now: self.reactor.now)
    }

    private func readStates() {
        self.connection.send(Command("HGETALL", self.keys.schedule)) { [unowned self] answer in
            guard let parts = self.parts(of: answer, "states") else { return self.machine.statesRefused() }
            let texts = parts.map { $0.asText ?? "" }
            let pairs = stride(from: 0, to: texts.count - 1, by: 2).map { (texts[$0], texts[$0 + 1]) }
            self.machine.statesRead(Dictionary(pairs) { $1 })
        }
    }

    /// The elements of an answer; what stands in its place is told.
    private func parts(of answer: Result<Reply, RedisError>, _ what: String) -> [Reply]? {
        switch answer {
        case .success(.array(let parts)): return parts
        case .success(.error(let error)): self.refused(error, what)
        case .success(let reply):
            self.logger.error("beat.unexpected", metadata: ["command": "\(what)", "answer": "\(reply)"])
            self.connection.reconnect(reason: "an answer does not fit its question")
        case .failure: break
        }
        return nil
    }

    private func refused(_ error: ServerError, _ what: String) {
        if self.told.isNews(error.text, about: what) {
            self.logger.error("beat.refused", metadata: ["command": "\(what)", "reason": "\(error.text)"])
        }
        if error.remedy == .reconnect || error.code == "NOSCRIPT" { self.connection.reconnect(reason: error.text) }
    }

    // MARK: Transitions

    private func perform(_ transition: Transition, now: Instant) {
        do throws(BodyError) {
            let command = try self.command(transition)
            self.connection.send(command) { [unowned self] in self.answered(transition, $0) }
        } catch {
            preconditionFailure("The arguments were read from JSON: \(error)")
        }
    }

    private func command(_ transition: Transition) throws(BodyError) -> Command {
        let entry = transition.entry
        var command = self.call(.fire, keys: self.firingKeys(transition))
        command.add(entry.name)
        command.add(transition.expected)
        command.add(Int(transition.after.due))
        command.add(transition.after.text)
        command.add(try self.message(transition))
        command.add([entry.queue, "", entry.queue].joined(separator: BrokerKeys.separator))
        command.add(Int(entry.overlapTimeout ?? 0))
        command.add(transition.skipped.text)
        command.add(self.url.database)
        command.add(self.options.resultDatabase.map(String.init) ?? "")
        command.add(self.resultKeys.task(transition.before?.taskID ?? ""))
        return command
    }

    private func firingKeys(_ transition: Transition) -> [String] {
        let queue = transition.entry.queue
        return [
            self.keys.schedule, self.keys.queue(queue, priority: transition.entry.priority),
            self.keys.bindings(of: queue), self.keys.permanentBindings(of: queue),
            self.keys.scheduledTask(transition.before?.taskID ?? ""),
            self.keys.scheduledTask(transition.after.taskID ?? ""),
        ]
    }

    private func message(_ transition: Transition) throws(BodyError) -> [UInt8] {
        guard case .send(let due) = transition.kind, let id = transition.after.taskID, let time = transition.after.sent
        else {
            return []
        }
        return try self.maker.message(
            transition.entry, due: due, id: id, deliveryTag: UUID().uuidString.lowercased(),
            at: WallInstant(milliseconds: time))
    }

    private func answered(_ transition: Transition, _ answer: Result<Reply, RedisError>) {
        let parts = self.parts(of: answer, "fire \(transition.entry.name)") ?? []
        let texts = parts.compactMap(\.asText)
        let seconds = texts.count == 3 ? Double(texts[1]) : nil
        let outcome: BeatMachine.Outcome =
            switch texts.first {
            case "done" where seconds != nil, "skipped" where seconds != nil: .happened(texts[2])
            case "differs" where seconds != nil: .differs(texts[2])
            case "early" where seconds != nil: .early
            default: .refused
            }
        self.machine.answered(transition, outcome, serverSeconds: seconds, now: self.reactor.now)
        if outcome != .refused { self.told.over("fire \(transition.entry.name)") }
        self.log(transition, answer: texts.first ?? "", seconds: seconds)
    }

    private func log(_ transition: Transition, answer: String, seconds: Double?) {
        var metadata: Logger.Metadata = ["entry": "\(transition.entry.name)"]
        let instant: WallInstant
        switch transition.kind {
        case .begin:
            if answer == "done" { self.logger.notice("beat.begins", metadata: metadata) }
            return
        case .send(let due), .drop(let due): instant = due
        }
        metadata["due"] = "\(transition.entry.schedule.text(of: instant))"
        metadata["late"] = "\(Int((seconds ?? 0) * 1_000) - Int(instant.milliseconds))ms"
        switch (transition.kind, answer) {
        case (.drop, "done"): self.logger.warning("beat.missed", metadata: metadata)
        case (_, "done"):
            metadata["task.id"] = "\(transition.after.taskID ?? "")"
            self.logger.info("beat.sent", metadata: metadata)
        case (_, "skipped"):
            metadata["running"] = "\(transition.before?.taskID ?? "")"
            self.logger.warning("beat.skipped", metadata: metadata)
        default: break
        }
    }

    private func call(_ script: Script, keys: [String]) -> Command {
        var command = Command("EVALSHA", self.digests[script.name] ?? "")
        command.add(keys.count)
        for key in keys { command.add(key) }
        return command
    }
}

// MARK: - Connection

extension BeatProcess: RedisConnectionOwner {
    public func connectionIsReady(_ connection: RedisConnection) {
        self.connection.send(Command("INFO", "server")) { [unowned self] answer in
            switch answer {
            // A user that may not ask is told of a server as it is today.
            case .success(.error(let error)) where error.code == "NOPERM": self.loadScripts(.null)
            case .success(.error(let error)): self.connection.reconnect(reason: error.text)
            case .success(let reply): self.loadScripts(reply)
            case .failure: break
            }
        }
    }

    private func loadScripts(_ info: Reply) {
        self.serverVersion = ServerVersion.major(info: info)
        for script in Script.beat {
            let command = Command("SCRIPT", "LOAD", script.text(serverVersion: self.serverVersion))
            self.connection.send(command) { [unowned self] answer in
                switch answer {
                case .success(.error(let error)): self.connection.reconnect(reason: error.text)
                case .success(let reply):
                    self.digests[script.name] = reply.asText
                    if script.name == Script.beat.last?.name { self.serve() }
                case .failure: break
                }
            }
        }
    }

    private func serve() {
        self.told.over("connection")
        self.logger.notice("beat.connected", metadata: ["server": "\(self.url.masked)"])
        self.machine.connected(now: self.reactor.now)
    }

    public func connectionWasLost(_ connection: RedisConnection, reason: String) {
        self.machine.disconnected()
        self.tellLead(false)
        guard self.told.isNews(reason, about: "connection") else { return }
        self.logger.warning("beat.lost", metadata: ["server": "\(self.url.masked)", "reason": "\(reason)"])
    }

    public func connectionWasRefused(_ connection: RedisConnection, reason: String) {
        self.failure = "the broker \(self.url.masked) refuses us: \(reason)"
    }

    public func connection(_ connection: RedisConnection, received message: [Reply]) {}
}
