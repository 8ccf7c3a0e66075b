import Broker
import Celery
import JSON
import Redis
import RemoteControl
import Supervision
import Syscalls

/// Duty 6: tasks that were called off. They stand at the server, where workers that start later find them; each worker
/// knows them by heart, so that a take costs nothing more.
extension RedisBroker {
    private var revocationKeys: [String] { [self.keys.revoked, self.keys.revokedStamps] }

    /// Reads what was revoked while nobody here listened.
    func loadRevocations() {
        guard self.isServing else { return }
        self.readRevocations(self.keys.revoked) { [unowned self] member, until in
            self.revocations.insert(member, until: until, now: self.loop.wallSeconds)
        }
        self.readRevocations(self.keys.revokedStamps) { [unowned self] member, until in
            guard let stamp = Revocations.Stamp(member: member) else { return }
            self.revocations.insert(stamp, until: until, now: self.loop.wallSeconds)
        }
    }

    private func readRevocations(_ key: String, _ take: @escaping (String, Double) -> Void) {
        self.commands.send(Command("ZRANGEBYSCORE", key, "\(self.loop.wallSeconds)", "+inf", "WITHSCORES")) {
            [unowned self] in
            switch $0 {
            case .success(.array(let parts)):
                for index in stride(from: 0, to: parts.count - 1, by: 2) {
                    guard let member = parts[index].asText, let until = parts[index + 1].asText.flatMap({ Double($0) })
                    else { continue }
                    take(member, until)
                }
                self.dropRevoked()
            case .success(.error(let error)): self.logRefusal(error.text, "revoked")
            case .success, .failure: break
            }
        }
    }

    /// Calls tasks off: here at once, at the server for whoever starts later. Those that wait here end, and those that
    /// are not known to run are told to whoever waits for their results.
    public func revoke(_ ids: [String]) {
        let now = self.loop.wallSeconds
        for id in ids { self.revocations.insert(id, until: now + Double(Revocations.seconds), now: now) }
        self.store(ids, at: self.keys.revoked)
        let running = Set(self.held.values.filter(\.hasStarted).map { String(decoding: $0.head.id, as: UTF8.self) })
        if let documents {
            for id in ids where !running.contains(id) {
                var settlement = Settlement(tag: "", epoch: self.epoch)
                settlement.effects = [documents.revoked(id: id, at: now)]
                self.queue(settlement)
            }
        }
        self.dropRevoked()
    }

    /// Calls off what is stamped so.
    public func revoke(_ stamps: [Revocations.Stamp]) {
        let now = self.loop.wallSeconds
        for stamp in stamps { self.revocations.insert(stamp, until: now + Double(Revocations.seconds), now: now) }
        self.store(stamps.map(\.member), at: self.keys.revokedStamps)
        self.dropRevoked()
    }

    /// Ids that another worker knows to be revoked.
    public func learnRevoked(_ ids: [String]) {
        let now = self.loop.wallSeconds
        for id in ids.prefix(Revocations.most) {
            self.revocations.insert(id, until: now + Double(Revocations.seconds), now: now)
        }
        if !ids.isEmpty { self.dropRevoked() }
    }

    private func store(_ members: [String], at key: String) {
        for start in stride(from: 0, to: members.count, by: 1_000) {
            var command = self.call(.revoke, keys: [key])
            command.add(Revocations.seconds)
            command.add(Revocations.most)
            for member in members[start..<min(start + 1_000, members.count)] { command.add(member) }
            self.commands.send(command) { [unowned self] answer in
                if case .success(.error(let error)) = answer { self.serverRefused(error, "revoke") }
            }
        }
    }

    /// Whether a message that has not started is not to start.
    func isRevoked(_ message: HeldMessage) -> Bool {
        let now = self.loop.wallSeconds
        return self.revocations.contains(message.head.id, now: now)
            || self.revocations.contains(stampsOf: message.bytes, now: now)
    }

    /// Ends what waits here and was called off.
    private func dropRevoked() {
        guard !self.revocations.isEmpty else { return }
        for pool in self.waiting.indices {
            let revoked = self.waiting[pool].filter { number in
                self.held[number].map { $0.failure == nil && self.isRevoked($0) } ?? false
            }
            guard !revoked.isEmpty else { continue }
            self.waiting[pool].removeAll { revoked.contains($0) }
            for number in revoked { self.endRevoked(number) }
        }
        // What waits in a child's pipe comes back from there, or is ended when it starts.
        for (number, message) in self.held where message.place == .running && !message.hasStarted {
            if message.failure == nil, self.isRevoked(message) { self.recall(number) }
        }
    }

    func endRevoked(_ number: UInt64) {
        guard let message = self.held[number] else { return }
        var outcome = TaskOutcome(.revoked, attempts: message.head.retries)
        outcome.failure = TaskOutcome.Failure(type: "TaskRevokedError", message: "revoked")
        self.endUnrun(number, outcome)
    }

    private func recall(_ number: UInt64) {
        self.held[number]!.isToEnd = true
        self.endAttempt(DeliveryTag(number), true)
    }

    // MARK: Ending what runs

    /// Ends the attempts of tasks that run here. Returns the ids of those that do.
    ///
    /// - Parameters:
    ///   - kills: Whether they are killed, rather than told to stop.
    ///   - signal: What was asked for, for the event.
    public func terminate(_ ids: Set<String>, kills: Bool, signal: Int) -> [String] {
        self.terminate(kills: kills, signal: signal) { ids.contains(String(decoding: $0.head.id, as: UTF8.self)) }
    }

    /// The same for what is stamped so.
    public func terminate(_ stamps: [Revocations.Stamp], kills: Bool, signal: Int) -> [String] {
        var wanted = Revocations()
        for stamp in stamps { wanted.insert(stamp, until: .infinity, now: 0) }
        return self.terminate(kills: kills, signal: signal) { wanted.contains(stampsOf: $0.bytes, now: 0) }
    }

    private func terminate(kills: Bool, signal: Int, _ isMeant: (HeldMessage) -> Bool) -> [String] {
        var ended: [String] = []
        for (number, message) in self.held where message.place == .running && isMeant(message) {
            self.held[number]!.terminationSignal = signal
            self.held[number]!.isToEnd = true
            self.endAttempt(DeliveryTag(number), kills)
            ended.append(String(decoding: message.head.id, as: UTF8.self))
        }
        return ended.sorted()
    }
}

extension Revocations.Stamp {
    /// What stands at the server.
    var member: String {
        let pair: CeleryValue = [.string(self.name), self.value]
        return (try? pair.json()).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }

    init?(member: String) {
        guard let pair = try? CeleryValue(parsing: Array(member.utf8)[...]).asArray, pair.count == 2,
            let name = pair[0].asString
        else { return nil }
        self.init(name: name, value: pair[1])
    }
}
