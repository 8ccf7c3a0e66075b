import Celery
import JSON
import Redis
import Supervision
import Syscalls

/// Duty 4: what this worker holds stays its own as long as it lives.
extension RedisBroker {
    /// Three signs of life, and three renewals at least, before anyone may take a delivery away.
    private var renewalInterval: Duration {
        min(self.options.workerTimeout / 3, self.options.visibilityTimeout / 4)
    }

    func keepLeases(now: Instant) {
        if self.nextRenewal <= now {
            self.nextRenewal = now + self.renewalInterval
            self.showLife()
            self.renew()
            self.renewSlots()
        }
        if self.nextRecovery <= now, !self.isRecovering {
            self.nextRecovery = now + self.options.workerTimeout / 3
            self.adoptLost()
            self.recoverDeadWorkers()
        }
    }

    private func showLife() {
        let milliseconds = Int(self.options.workerTimeout.wholeNanoseconds / 1_000_000)
        let about: JSONValue = ["name": .string(self.options.nodeName), "pid": .number(JSONNumber(Int(ownProcessID)))]
        var command = Command("SET", self.keys.worker(self.worker))
        command.add(about.serialized())
        command.add("PX")
        command.add(milliseconds)
        self.commands.send(command) { [unowned self] in self.lifeAnswered($0) }
        self.commands.send(Command("SADD", self.keys.workers, self.worker)) { _ in }
    }

    private func lifeAnswered(_ answer: Result<Reply, RedisError>) {
        if case .success(.error(let error)) = answer { self.serverRefused(error, "set") }
    }

    private func renew() {
        FaultPoint.reached(.renewed)
        let numbers = self.held.filter { !$0.value.isAcknowledged }.keys.sorted()
        for start in stride(from: 0, to: numbers.count, by: 500) {
            var command = self.call(.renew, keys: [self.keys.unacked, self.keys.unackedIndex])
            for number in numbers[start..<min(start + 500, numbers.count)] { command.add(self.tag(number)) }
            self.commands.send(command) { [unowned self] in self.renewed($0) }
        }
    }

    /// A delivery whose tag is gone has been given to another worker. What runs goes on, and its end will change nothing;
    /// what has not started is not begun.
    private func renewed(_ answer: Result<Reply, RedisError>) {
        guard case .success(.array(let gone)) = answer else { return }
        for reply in gone {
            guard let tag = reply.asText, let number = UInt64(tag.dropFirst(self.tagPrefix.count)),
                let message = self.held[number]
            else { continue }
            if case .settling = message.place { continue }
            self.logger.warning(
                "delivery.lost", metadata: ["task.id": "\(String(decoding: message.head.id, as: UTF8.self))"])
            if case .waiting = message.place { self.held[number] = nil }
        }
    }
}
