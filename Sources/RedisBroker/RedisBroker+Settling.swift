import Celery
import Redis
import Supervision
import Syscalls

/// Duty 3, the way to the server: settlements go out in batches, in order, and stay here until they are answered.
extension RedisBroker {
    /// Batches under way at the same time. While one is, others gather: the busier the worker, the larger they are.
    private static let mostBatches = 1

    var canSettle: Bool { self.isServing && self.unansweredSettlements.count < Self.mostBatches }

    /// Adds the end of a held delivery; it is held until the server has answered.
    func settle(_ number: UInt64, _ settlement: Settlement) {
        self.held[number]?.place = .settling
        var settlement = settlement
        if settlement.ends, let slots = self.held[number]?.slots {
            settlement.effects.append(.release(slots: slots, tag: self.tag(number)))
        }
        // Elsewhere than at the broker nothing keeps out what comes from a worker that has lost the delivery.
        if self.held[number]?.isLost == true { settlement.effects.removeAll { $0.isAtResults } }
        settlement.then = { [unowned self] in self.forget(number, $0) }
        self.queue(settlement)
        FaultPoint.reached(.settleQueued)
    }

    /// Sends a settlement with the next batch. What belongs to another server than the broker's happens there before.
    func queue(_ settlement: Settlement) {
        guard let resultServer, settlement.effects.contains(where: \.isAtResults) else {
            return self.settlements.append(settlement)
        }
        resultServer.store(self.clearingUpLast(settlement, resultServer))
    }

    /// A chord on another server is over when its body is sent, and not before: whoever dies in between joins it again.
    private func clearingUpLast(_ settlement: Settlement, _ server: ResultServer) -> Settlement {
        guard let index = settlement.effects.firstIndex(where: { if case .over = $0 { true } else { false } }) else {
            return settlement
        }
        var settlement = settlement
        var last = Settlement(tag: "", epoch: settlement.epoch)
        last.effects = [settlement.effects.remove(at: index)]
        settlement.then = { [then = settlement.then] outcome in
            if outcome == .done { server.store(last) }
            then?(outcome)
        }
        return settlement
    }

    /// Settlements that are not over.
    var unsettled: Int {
        let unanswered = self.unansweredSettlements.reduce(0) { $0 + $1.count }
        return self.settlements.count + unanswered + (self.resultServer?.count ?? 0)
    }

    /// Whether something is on its way to the server about a delivery that is not held.
    func isSettling(_ number: UInt64) -> Bool {
        let tag = self.tag(number)
        return self.resultServer?.holds(tag: tag) == true || self.settlements.contains { $0.tag == tag }
            || self.unansweredSettlements.contains { $0.contains { $0.tag == tag } }
    }

    func forget(_ number: UInt64, _ outcome: Settlement.Outcome) {
        let message = self.held.removeValue(forKey: number)
        switch outcome {
        case .done, .unclear:
            self.counts.settled += 1
            if let message { self.tellEnded(message) }
        case .stale:
            self.counts.stale += 1
            self.logger.warning(
                "delivery.stale",
                metadata: ["task.id": "\(message.map { String(decoding: $0.head.id, as: UTF8.self) } ?? "")"])
        case .refused: break
        }
    }

    func sendSettlements(now: Instant) {
        guard self.settleNotBefore <= now else { return }
        while self.canSettle, !self.settlements.isEmpty { self.sendBatch() }
    }

    private func sendBatch() {
        let batch = self.settlements.takeBatch()
        var command = self.call(.settle, keys: [])
        command.add(self.brokerDatabase)
        command.add(self.options.results?.database ?? self.brokerDatabase)
        for key in self.ownKeys + [self.keys.epoch] { command.add(key) }
        for settlement in batch { settlement.write(to: &command) }
        self.noteFilledLists(batch)
        self.unansweredSettlements.append(batch)
        FaultPoint.willReach(.settleSent)
        self.commands.send(command) { [unowned self] in self.batchAnswered($0) }
    }

    /// The server does not tell a connection of what it does itself.
    private func noteFilledLists(_ batch: [Settlement]) {
        for settlement in batch {
            for effect in settlement.effects {
                switch effect {
                case .push(let list, _), .pushFront(let list, _): self.noteChange(of: [list])
                case .part: self.noteChange(of: [self.keys.queue(ChordPart.joinQueue)])
                case .release: self.taking.changed(.all)
                default: break
                }
            }
        }
    }

    /// Answers come in the order of the batches.
    private func batchAnswered(_ answer: Result<Reply, RedisError>) {
        guard let batch = self.unansweredSettlements.popFirst() else { return }
        FaultPoint.reached(.settleAnswered)
        switch answer {
        case .success(.array(let replies)) where replies.count == batch.count:
            self.told.over("settle")
            for (settlement, reply) in zip(batch, replies) { self.settled(settlement, reply) }
            if self.settlements.isEmpty { self.told.over("effect") }
        case .success(.error(let error)):
            self.settleFirst(batch)
            self.serverRefused(error, "settle")
        case .success(let reply):
            self.settleFirst(batch)
            self.answerDoesNotFit(reply, "settle")
        case .failure:
            // The batches that follow are told next: the last one put back must be the first one sent.
            self.putBackUnanswered([batch] + self.unansweredSettlements)
        }
    }

    private func settled(_ settlement: Settlement, _ reply: Reply) {
        switch reply {
        case .integer(1): settlement.then?(.done)
        case .integer: settlement.then?(settlement.wasSent ? .unclear : .stale)
        default: self.effectRefused(settlement, reply.asText ?? "\(reply)")
        }
    }

    /// A list or set of ours is of another type, perhaps. The delivery is kept and tried again, with its lease renewed:
    /// an operator can mend the key, and nothing is lost until then.
    private func effectRefused(_ settlement: Settlement, _ text: String) {
        self.logRefusal(text, "effect")
        self.settleLater([settlement])
    }

    /// A batch of which nothing was carried out keeps its place: the end of a task must not come before its start.
    private func settleFirst(_ batch: [Settlement]) {
        self.settlements.prepend(contentsOf: batch)
        self.settleNotBefore = self.loop.now + Settlement.pause
    }

    private func settleLater(_ batch: [Settlement]) {
        self.settlements.append(contentsOf: batch)
        self.settleNotBefore = self.loop.now + Settlement.pause
    }

    private func putBackUnanswered(_ batches: [[Settlement]]) {
        self.unansweredSettlements.removeAll()
        var again = batches.flatMap { $0 }
        for index in again.indices { again[index].wasSent = true }
        self.settlements.prepend(contentsOf: again)
    }
}
