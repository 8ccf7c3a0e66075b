import Broker
import Celery
import Redis
import Supervision
import Syscalls
import Wire

/// Chords: parts that return, and the join when all have.
///
/// The part that returns last does not join. In the step that stores its outcome it leaves a message behind, which asks
/// for that, in a list of its own, and takes the claim by which Python workers keep each other from joining twice. The
/// message is handed out like any other, and its end is one step as well: the body is sent, the chord is cleared up, the
/// message is forgotten. So the body is sent once, whoever dies in between.
extension RedisBroker {
    var joinList: String { self.keys.queue(ChordPart.joinQueue) }

    private var keptSeconds: Int { Int((self.options.results?.expires ?? .zero).wholeNanoseconds / 1_000_000_000) }

    private func chordKey(_ group: Bytes) -> String {
        ResultKeys(globalPrefix: self.options.results?.keyPrefix ?? "").group(String(decoding: group, as: UTF8.self))
    }

    // MARK: Parts

    /// Whether the messages are sent that an outcome brings along. Not those of a chord where nothing would join it; nor,
    /// as in Celery, the errbacks of what was called off.
    func isSent(_ outcome: TaskOutcome, _ message: HeldMessage) -> Bool {
        if outcome.state == .revoked { return false }
        guard self.documents == nil, outcome.aftermath?.chords.isEmpty == false else { return true }
        let id = String(decoding: message.head.id, as: UTF8.self)
        self.logger.error("chord.needs.results", metadata: ["task.id": "\(id)"])
        return false
    }

    /// What an outcome means for chords: those that begin with what follows it, and those that it is a part of.
    func addChords(to settlement: inout Settlement, _ message: HeldMessage, _ outcome: TaskOutcome) {
        guard let documents, let aftermath = outcome.aftermath else { return }
        for chord in outcome.state == .revoked ? [] : aftermath.chords {
            settlement.effects.append(
                .begin(
                    chord: self.chordKey(chord.groupID), size: chord.size, tree: chord.tree, seconds: self.keptSeconds))
        }
        if aftermath.parts.isEmpty { return }
        let (state, result) = documents.stateAndResult(outcome, self.limits(of: message))
        for part in aftermath.parts {
            settlement.effects.append(
                .part(
                    ReturnedPart(
                        chord: self.chordKey(part.groupID), taskID: part.taskID,
                        value: ChordPart.value(part.taskID, state, result),
                        score: part.index.map { String($0) } ?? "+inf", seconds: self.keptSeconds,
                        token: ChordPart.joinID(part.taskID, part.groupID), list: self.joinList,
                        join: self.signed(part.join, for: message))))
        }
    }

    // MARK: Joins

    func isJoin(_ message: HeldMessage) -> Bool { message.head.task.elementsEqual(ChordPart.joinTask.utf8) }

    /// Who has the claim: the message's id.
    private func token(_ message: HeldMessage) -> String { String(decoding: message.head.id, as: UTF8.self) }

    /// Asks for what a message is to join.
    func askForParts(_ number: UInt64) {
        guard let message = self.held[number], let group = message.head.groupID else { return self.endJoin(number) }
        self.held[number]!.place = .settling
        self.unjoined.append(number)
        let arguments = [self.token(message), String(self.options.maxMessage.bytes), String(self.keptSeconds)]
        if let resultServer {
            // Without a connection it is asked for again when there is one.
            _ = resultServer.gather(self.chordKey(group), arguments) { [unowned self] in self.gathered(number, $0) }
            return
        }
        var command = self.call(.gather, keys: [self.chordKey(group)])
        command.add(self.brokerDatabase)
        command.add(self.options.results?.database ?? self.brokerDatabase)
        for argument in arguments { command.add(argument) }
        self.commands.send(command) { [unowned self] in self.gathered(number, $0) }
    }

    private func gathered(_ number: UInt64, _ answer: Result<Reply, RedisError>) {
        // Without an answer it is asked for again on the next connection.
        guard case .success(let reply) = answer, self.unjoined.contains(number) else { return }
        self.unjoined.removeAll { $0 == number }
        if case .error(let error) = reply { self.serverRefused(error, "gather") }
        let parts = reply.asArray ?? []
        switch parts.first?.asText {
        case "join": self.join(number, parts)
        case "later": self.joinLater(number, milliseconds: parts.last?.asInt ?? 1_000)
        case "large": self.failLarge(number, bytes: parts.last?.asInt ?? 0)
        case "over": self.endJoin(number)
        default: self.joinLater(number, milliseconds: 1_000)
        }
    }

    private func join(_ number: UInt64, _ parts: [Reply]) {
        guard let message = self.held[number] else { return }
        let bytes = parts.dropFirst().map { $0.asBytes?[...] ?? [] }
        self.held[number]!.join = JoinOrder(
            message: message.bytes, tree: bytes.first ?? [], parts: Array(bytes.dropFirst()))
        self.begin(number, now: self.loop.now)
    }

    /// Another worker has the claim: this message looks again when it has run out.
    private func joinLater(_ number: UInt64, milliseconds: Int) {
        let now = self.loop.now
        self.putAside(number, until: self.serverSeconds + Double(milliseconds) / 1_000 + 1, now: now)
    }

    /// The chord was joined before, or its keys have expired: nothing is left to be done.
    private func endJoin(_ number: UInt64) {
        guard let message = self.held[number] else { return }
        self.settle(number, message.settlement)
    }

    private func failLarge(_ number: UInt64, bytes: Int) {
        guard let message = self.held[number] else { return }
        var outcome = TaskOutcome(.failure, attempts: message.attemptsMade)
        let text = "Join error: the results have \(bytes) bytes, the limit is \(self.options.maxMessage)"
        outcome.failure = TaskOutcome.Failure(type: "ChordError", message: text)
        self.endUnrun(number, outcome)
    }

    /// Asks again for what a lost connection left open.
    func askAgainForParts() {
        let numbers = self.unjoined
        self.unjoined = []
        for number in numbers { self.askForParts(number) }
    }

    /// What the end of a join does beside what follows it.
    func addJoin(to settlement: inout Settlement, _ message: HeldMessage) {
        guard self.isJoin(message), let group = message.head.groupID else { return }
        let (chord, token) = (self.chordKey(group), self.token(message))
        if self.resultServer == nil { settlement.effects.append(.onlyIfClaimed(chord: chord, token: token)) }
        settlement.effects.append(.over(chord: chord, token: token))
    }
}
