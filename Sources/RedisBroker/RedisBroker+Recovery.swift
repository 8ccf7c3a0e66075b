import Celery
import Logging
import Redis
import Supervision
import Syscalls

/// Duty 4: what dead workers held goes back to its lists.
///
/// A worker of ours is dead when its sign of life is gone; then all its tags are. A Python worker shows none: what it
/// holds is given back once it is older than the visibility timeout, as Python workers themselves do. Two recoverers do
/// not hurt each other: the tag is deleted in the step that puts the message back, and only one can delete it. Nor do
/// they hurt a worker that was stopped and goes on: the same step looks once more whether it lives.
extension RedisBroker {
    private static let atOnce = 100

    func recoverDeadWorkers() {
        self.isRecovering = true
        self.recoverOld()
        self.commands.send(Command("SMEMBERS", self.keys.workers)) { [unowned self] answer in
            let workers = (try? answer.get().asArray)?.compactMap(\.asText) ?? []
            self.check(workers.filter { $0 != self.worker })
        }
    }

    private func check(_ workers: [String]) {
        guard !workers.isEmpty else { return self.isRecovering = false }
        var left = workers.count
        for worker in workers {
            self.commands.send(Command("EXISTS", self.keys.worker(worker))) { [unowned self] answer in
                left -= 1
                if left == 0 { self.isRecovering = false }
                guard case .success(.integer(0)) = answer else { return }
                FaultPoint.reached(.deadWorkerFound)
                self.scan(worker, cursor: "0")
            }
        }
    }

    private func scan(_ worker: String, cursor: String, found: Int = 0) {
        let command = Command("HSCAN", self.keys.unacked, cursor, "MATCH", "\(worker).*", "COUNT", "1000")
        self.commands.send(command) { [unowned self] answer in
            guard case .success(.array(let parts)) = answer, parts.count == 2, let next = parts[0].asText else {
                return
            }
            let pairs = parts[1].asArray ?? []
            for index in stride(from: 0, to: pairs.count - 1, by: 2) {
                self.recover(tag: pairs[index], entry: pairs[index + 1], of: worker)
            }
            let found = found + pairs.count / 2
            if next != "0" { return self.scan(worker, cursor: next, found: found) }
            // Only when nothing is left to be put back: whoever does it may die as well.
            if found == 0 { self.forget(deadWorker: worker) }
        }
    }

    private func forget(deadWorker worker: String) {
        var command = self.call(.forget, keys: [self.keys.workers, self.keys.worker(worker), self.keys.unacked])
        command.add(worker)
        self.commands.send(command) { [unowned self] answer in
            guard case .success(.integer(1)) = answer else { return }
            self.logger.notice("worker.dead", metadata: ["worker": "\(worker)"])
        }
    }

    private func recover(tag: Reply, entry: Reply, of worker: String) {
        guard let tag = tag.asText, case .bytes(let bytes) = entry, let (message, queue) = UnackedText.split(bytes[...])
        else { return }
        self.putBack(message, tag: tag, queue: queue, onlyIf: .onlyIfSilent(sign: self.keys.worker(worker)))
    }

    func putBack(
        _ message: ArraySlice<UInt8>, tag: String, queue: String, onlyIf condition: Settlement.Effect? = nil
    ) {
        guard self.recovering.insert(tag).inserted else { return }
        var settlement = Settlement(tag: tag, epoch: self.epoch)
        settlement.effects = condition.map { [$0] } ?? []
        if let envelope = try? Envelope(parsing: message) {
            let list = self.keys.queue(queue, priority: envelope.priority)
            let bytes = envelope.returned(losses: envelope.losses).serialized()[...]
            settlement.effects.append(.pushFront(list: list, message: bytes))
        } else {
            // Whoever took it did not live to set it aside.
            settlement.effects.append(.pushFront(list: self.keys.queue(queue), message: message))
        }
        settlement.then = { [unowned self] outcome in
            FaultPoint.reached(.recoveryAnswered)
            self.recovering.remove(tag)
            if outcome == .done { self.recovered(message, tag: tag) }
        }
        self.queue(settlement)
        FaultPoint.reached(.recoveryQueued)
    }

    /// All that can be said of an attempt whose worker died as a whole.
    private func recovered(_ message: ArraySlice<UInt8>, tag: String) {
        self.counts.recovered += 1
        var metadata: Logger.Metadata = ["delivery": "\(tag)"]
        if let head = try? MessageHead(scanning: message) {
            metadata["task.id"] = "\(String(decoding: head.id, as: UTF8.self))"
            metadata["task.name"] = "\(String(decoding: head.task, as: UTF8.self))"
        }
        self.logger.warning("message.recovered", metadata: metadata)
    }

    // MARK: Deliveries of Python workers

    private var visibilitySeconds: Int { Int(self.options.visibilityTimeout.wholeNanoseconds / 1_000_000_000) }

    /// Between the look and the return its worker may have renewed it.
    private var stillOld: Settlement.Effect { .onlyIfAged(seconds: self.visibilitySeconds) }

    private func recoverOld() {
        var command = self.call(.old, keys: [self.keys.unackedIndex])
        command.add(self.visibilitySeconds)
        command.add(Self.atOnce)
        self.commands.send(command) { [unowned self] answer in
            guard case .success(.array(let replies)) = answer else { return }
            let tags = replies.compactMap(\.asText).filter { !self.recovering.contains($0) }
            let own = tags.filter { $0.hasPrefix(self.tagPrefix) }
            for tag in own where self.isForgotten(tag) { self.recoverOld(tag) }
            if own.count < tags.count { self.recover(old: tags.filter { !$0.hasPrefix(self.tagPrefix) }) }
        }
    }

    /// Whether this worker has never heard of a message under a tag of its own: a take that was carried out long after
    /// its connection was lost.
    private func isForgotten(_ tag: String) -> Bool {
        guard let number = UInt64(tag.dropFirst(self.tagPrefix.count)) else { return true }
        return self.held[number] == nil && !self.isSettling(number)
    }

    /// Python workers do not renew what they hold, and look for old tags themselves, each the others' and its own. As
    /// long as one of them lives, that is left to them: nobody else knows whether it is at work on what it holds.
    private func recover(old tags: [String]) {
        self.commands.send(Command("CLIENT", "LIST", "TYPE", "normal")) { [unowned self] answer in
            guard case .success(let reply) = answer, let clients = reply.asText,
                !clients.contains("cmd=brpop")
            else { return }
            for tag in tags { self.recoverOld(tag) }
        }
    }

    private func recoverOld(_ tag: String) {
        self.commands.send(Command("HGET", self.keys.unacked, tag)) { [unowned self] answer in
            guard case .success(.bytes(let bytes)) = answer else { return self.dropIndex(tag, answer) }
            if let (message, queue) = UnackedText.split(bytes[...]) {
                return self.putBack(message, tag: tag, queue: queue, onlyIf: self.stillOld)
            }
            guard let entry = try? UnackedEntry(parsing: bytes[...]) else { return self.bury(bytes, tag: tag) }
            self.restore(entry, tag: tag)
        }
    }

    /// An entry that nobody can read would be in the way of those behind it for ever.
    private func bury(_ entry: [UInt8], tag: String) {
        guard self.recovering.insert(tag).inserted else { return }
        let letter = DeadLetter(
            reason: .malformed, text: "an entry of unacked that cannot be read", queue: "", message: entry[...])
        var settlement = Settlement(tag: tag, epoch: self.epoch)
        let now = self.loop.wallSeconds
        let record = letter.encoded(by: self.options.nodeName, at: now)
        settlement.effects = [self.stillOld, .dead(id: tag, record: record, at: now)]
        settlement.then = { [unowned self] _ in self.recovering.remove(tag) }
        self.logDeath(letter)
        self.queue(settlement)
    }

    /// An index entry without a message is what a worker left that died between the two.
    private func dropIndex(_ tag: String, _ answer: Result<Reply, RedisError>) {
        guard case .success(.null) = answer else { return }
        self.commands.send(Command("ZREM", self.keys.unackedIndex, tag)) { _ in }
    }

    /// A message that was sent to a named exchange: to the queues that are bound to it now, as Celery does.
    private func restore(_ entry: UnackedEntry, tag: String) {
        self.commands.send(Command("SMEMBERS", self.keys.bindings(of: entry.exchange))) { [unowned self] answer in
            let members = (try? answer.get().asArray)?.compactMap(\.asText) ?? []
            let queues = members.compactMap { Binding($0) }.filter { $0.matches(entry.routingKey) }.map(\.queue)
            guard self.recovering.insert(tag).inserted else { return }
            // Without a binding the routing key is the best guess; a guess is found again, a dropped message is not.
            let bytes = entry.envelope.returned(losses: entry.envelope.losses).serialized()[...]
            var settlement = Settlement(tag: tag, epoch: self.epoch)
            settlement.effects = [self.stillOld]
            for queue in queues.isEmpty ? [entry.routingKey] : queues {
                let list = self.keys.queue(queue, priority: entry.envelope.priority)
                settlement.effects.append(.pushFront(list: list, message: bytes))
            }
            settlement.then = { [unowned self] outcome in
                self.recovering.remove(tag)
                if outcome == .done { self.counts.recovered += 1 }
            }
            self.queue(settlement)
        }
    }
}

/// A member of an exchange's binding table.
struct Binding {
    let routingKey: String
    let pattern: String
    let queue: String

    init?(_ member: String) {
        let parts = member.split(separator: BrokerKeys.separator, omittingEmptySubsequences: false)
        guard parts.count == 3 else { return nil }
        (self.routingKey, self.pattern, self.queue) = (String(parts[0]), String(parts[1]), String(parts[2]))
    }

    /// Whether a message with this key goes to the queue: of a direct exchange the same key, of a topic exchange one
    /// that its pattern, a routing key with `*` for a word and `#` for any, matches.
    func matches(_ key: String) -> Bool {
        if self.pattern.isEmpty { return key == self.routingKey }
        return Self.matches(
            key.split(separator: ".", omittingEmptySubsequences: false)[...],
            self.routingKey.split(separator: ".", omittingEmptySubsequences: false)[...])
    }

    private static func matches(_ words: ArraySlice<Substring>, _ pattern: ArraySlice<Substring>) -> Bool {
        guard let first = pattern.first else { return words.isEmpty }
        if first == "#" {
            return self.matches(words, pattern.dropFirst())
                || !words.isEmpty && self.matches(words.dropFirst(), pattern)
        }
        guard let word = words.first, first == "*" || first == word else { return false }
        return self.matches(words.dropFirst(), pattern.dropFirst())
    }
}
