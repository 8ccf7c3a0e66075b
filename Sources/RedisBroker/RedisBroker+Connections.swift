import Celery
import Redis
import Supervision
import Syscalls

/// What stands between a connection and the first take: scripts, epoch, name, and what the last connection left open.
extension RedisBroker: RedisConnectionOwner {
    public func connectionIsReady(_ connection: RedisConnection) {
        if connection === self.notices { return self.subscribe() }
        self.commands.send(Command("INFO", "server")) { [unowned self] answer in
            switch answer {
            // A user that may not ask is told of a server as it is today.
            case .success(.error(let error)) where error.code == "NOPERM": self.readVersion(.null)
            case .success(.error(let error)): self.commands.reconnect(reason: error.text)
            case .success(let reply): self.readVersion(reply)
            case .failure: break
            }
        }
        self.commands.send(Command("INFO", "memory")) { [unowned self] in self.checkEviction($0) }
        self.checkDatabase()
    }

    /// A server that throws keys away when its memory is full throws queues away.
    private func checkEviction(_ answer: Result<Reply, RedisError>) {
        guard case .success(let reply) = answer, let text = reply.asText else { return }
        let facts = text.split(separator: "\r\n").map { $0.split(separator: ":", maxSplits: 1) }
        func value(_ name: String) -> String? { facts.first { $0.count == 2 && $0[0] == name }.map { String($0[1]) } }
        guard let policy = value("maxmemory_policy"), policy != "noeviction", value("maxmemory") != "0",
            self.told.isNews(policy, about: "eviction")
        else { return }
        self.logger.warning("broker.evicts", metadata: ["maxmemory-policy": "\(policy)"])
    }

    public func connectionWasLost(_ connection: RedisConnection, reason: String) {
        if connection === self.commands {
            self.isServing = false
            self.isRecovering = false
            self.taking.disconnected()
        } else {
            self.taking.isWatched = false
            self.isSubscribed = false
            self.noticesID = nil
        }
        guard self.told.isNews(reason, about: "connection") else { return }
        self.logger.warning("broker.lost", metadata: ["server": "\(self.serverName)", "reason": "\(reason)"])
    }

    public func connectionWasRefused(_ connection: RedisConnection, reason: String) {
        self.failure = "the broker \(self.serverName) refuses us: \(reason)"
    }

    public func connection(_ connection: RedisConnection, received message: [Reply]) {
        switch message.first {
        case .error(let error) where connection === self.notices: self.cannotWatch(error.text)
        case .bytes(let word) where word.elementsEqual("message".utf8): self.listsChanged(message.last)
        case .bytes(let word) where word.elementsEqual("subscribe".utf8): self.subscribed()
        default: break
        }
    }

    // MARK: Commands

    /// Asks during the set-up: a refusal there is the end of this connection.
    private func ask(_ command: Command, then answered: @escaping (Reply) -> Void) {
        self.commands.send(command) { [unowned self] answer in
            switch answer {
            case .success(.error(let error)): self.commands.reconnect(reason: error.text)
            case .success(let reply): answered(reply)
            case .failure: break  // The connection is gone, and the set-up begins anew with the next one.
            }
        }
    }

    private func readVersion(_ reply: Reply) {
        self.serverVersion = ServerVersion.major(info: reply)
        for script in Script.all {
            self.ask(Command("SCRIPT", "LOAD", script.text(serverVersion: self.serverVersion))) {
                self.digests[script.name] = $0.asText
                if script.name == Script.all.last?.name { self.askForEpoch() }
            }
        }
    }

    /// By the script that keeps it: a server without memory refuses the plain command.
    private func askForEpoch() {
        var command = self.call(.renew, keys: [self.keys.unacked, self.keys.unackedIndex, self.keys.epoch])
        command.add(String(decoding: self.ids.next(), as: UTF8.self))
        self.ask(command) { self.serve(epoch: $0.asArray?.first?.asText ?? "") }
    }

    /// The database of results may not exist; better known now than at the first outcome.
    private func checkDatabase() {
        guard let results = self.options.results, self.resultServer == nil, results.database != self.brokerDatabase
        else { return }
        self.ask(Command("SELECT", String(results.database))) { _ in }
        self.ask(Command("SELECT", String(self.brokerDatabase))) { _ in }
    }

    private func serve(epoch: String) {
        self.compareEpoch(epoch)
        self.isServing = true
        self.nextRenewal = Instant(nanoseconds: 0)
        self.nextRecovery = Instant(nanoseconds: 0)
        // Another server may have taken the place of the one that we were connected to.
        if self.lastNumber > 0 { self.lookingBack = .wanted }
        self.told.over("connection")
        self.logger.notice("broker.connected", metadata: ["server": "\(self.serverName)"])
        self.nextHeartbeat = Instant(nanoseconds: 0)
        self.loadRevocations()
        if self.link != nil { self.greetOthers(now: self.loop.now) }
        self.adoptUnanswered()
        self.askAgainForClaims()
        self.askAgainForAdmission()
        if self.resultServer == nil { self.askAgainForParts() }
        self.taking.connected()
        self.track()
    }

    /// A command that runs a script.
    func call(_ script: Script, keys: [String]) -> Command {
        var command = Command("EVALSHA", self.digests[script.name] ?? "")
        command.add(keys.count)
        for key in keys { command.add(key) }
        return command
    }

    /// What a refusal means for the connection.
    func serverRefused(_ error: ServerError, _ what: String) {
        self.logRefusal(error.text, what)
        switch error.remedy {
        // The scripts are loaded anew on a new connection, with all else that may be gone.
        case .reconnect: self.commands.reconnect(reason: error.text)
        case .giveUp: self.commands.reconnect(reason: error.text)
        case .none where error.code == "NOSCRIPT": self.commands.reconnect(reason: error.text)
        case .wait, .none: break
        }
    }

    /// An answer of another form belongs to another question: something between us and the server has lost bytes, and
    /// every answer that follows would be taken for another's.
    func answerDoesNotFit(_ reply: Reply, _ what: String) {
        self.logger.error("broker.unexpected", metadata: ["command": "\(what)", "answer": "\(reply)"])
        self.commands.reconnect(reason: "an answer does not fit its question")
    }

    func logRefusal(_ reason: String, _ what: String) {
        guard self.told.isNews(reason, about: what) else { return }
        self.logger.error("broker.refused", metadata: ["command": "\(what)", "reason": "\(reason)"])
    }

    // MARK: Takes without an answer

    /// How long a take may be carried out after its connection is gone: a server that was stopped finds it in a buffer.
    private static let lateTakes: Duration = .seconds(60)

    /// A take whose answer was lost may have been carried out, or may be yet: then its messages stand under our tags.
    private func adoptUnanswered() {
        let until = self.loop.now + Self.lateTakes
        self.lostTakes += self.unansweredTakes.filter { !$0.isEmpty }.map { ($0, until) }
        self.unansweredTakes = []
        self.unansweredAdoptions = 0
        self.adoptLost()
    }

    /// A take that failed may have brought something before it did.
    func mayHaveTaken(_ numbers: Range<UInt64>, now: Instant) {
        self.unansweredTakes.removeAll { $0 == numbers }
        if !numbers.isEmpty { self.lostTakes.append((numbers, now + Self.lateTakes)) }
    }

    func adoptLost() {
        let now = self.loop.now
        for (numbers, _) in self.lostTakes {
            var command = Command("HMGET", self.keys.unacked)
            for number in numbers { command.add(self.tag(number)) }
            self.unansweredAdoptions += 1
            self.commands.send(command) { [unowned self] in self.adoptionAnswered($0, numbers) }
        }
        self.lostTakes.removeAll { $0.until <= now }
    }

    private func adoptionAnswered(_ answer: Result<Reply, RedisError>, _ numbers: Range<UInt64>) {
        switch answer {
        case .success(.error(let error)): self.serverRefused(error, "adopt")
        case .success(let reply): self.adopt(reply, numbers)
        case .failure: return  // Asked again on the next connection.
        }
        self.unansweredAdoptions -= 1
    }

    private func adopt(_ reply: Reply, _ numbers: Range<UInt64>) {
        FaultPoint.reached(.adopted)
        for (number, entry) in zip(numbers, reply.asArray ?? []) {
            guard case .bytes(let bytes) = entry, self.isUnheard(of: number),
                let (message, queue) = UnackedText.split(bytes[...])
            else { continue }
            self.adopt(message, number, queue)
        }
    }

    /// How often it was handed out before, the lost answer would have told.
    private func adopt(_ message: ArraySlice<UInt8>, _ number: UInt64, _ queue: String) {
        let id = (try? MessageHead(scanning: message)).map { String(decoding: $0.id, as: UTF8.self) } ?? ""
        self.unansweredAdoptions += 1
        self.commands.send(Command("GET", self.keys.deliveries + id)) { [unowned self] answer in
            guard case .success(let reply) = answer else { return }  // Asked again on the next connection.
            self.unansweredAdoptions -= 1
            if case .error(let error) = reply { return self.serverRefused(error, "adopt") }
            guard self.isUnheard(of: number) else { return }
            self.counts.taken += 1
            let before = reply.asText.flatMap { Int($0) } ?? 0
            self.arrived(message, number: number, queue: queue, deliveriesBefore: before, now: self.loop.now)
        }
    }

    private func isUnheard(of number: UInt64) -> Bool { self.held[number] == nil && !self.isSettling(number) }

    // MARK: Watching the lists

    private func subscribe() {
        self.notices.send(Command("CLIENT", "ID")) { [unowned self] answer in
            guard case .success(.integer(let id)) = answer else { return }
            self.noticesID = id
            self.notices.sendUnanswered(Command("SUBSCRIBE", "__redis__:invalidate"))
            self.notices.flush()
        }
    }

    /// The server names the keys; none when it has forgotten all. It watches whatever this connection has read, and
    /// only lists are of interest.
    private func listsChanged(_ keys: Reply?) {
        guard let keys = keys?.asArray else { return self.taking.changed(.all) }
        self.noteChange(of: keys.compactMap(\.asText))
    }

    func noteChange(of keys: [String]) {
        let lists = Set(keys.filter(self.lists.contains))
        if !lists.isEmpty { self.taking.changed(.some(lists)) }
    }

    private func subscribed() {
        self.notices.worked()
        self.isSubscribed = true
        self.track()
    }

    private func cannotWatch(_ reason: String) {
        self.notices.worked()
        self.logger.warning("broker.cannot.watch", metadata: ["reason": "\(reason)"])
    }

    /// Has the server tell the second connection when another changes a list that the first one has looked at. Where that is not allowed, the lists are looked at ten times a second.
    private func track() {
        guard self.isServing, self.isSubscribed, !self.taking.isWatched, let id = self.noticesID else { return }
        self.commands.send(Command("CLIENT", "TRACKING", "ON", "REDIRECT", String(id), "NOLOOP")) { [unowned self] in
            switch $0 {
            case .success(.status):
                self.taking.isWatched = true
                self.taking.changed(.all)
            case .success(let reply): self.cannotWatch(reply.asText ?? "\(reply)")
            case .failure: break
            }
        }
        self.commands.flush()
    }

    var serverName: String { self.url.masked }
    var brokerDatabase: Int { self.url.database }
}
