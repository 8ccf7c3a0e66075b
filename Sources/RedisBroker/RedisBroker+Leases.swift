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
            self.lookBack()
            self.recoverDeadWorkers()
        }
    }

    private func showLife() {
        var command = self.call(.live, keys: [self.keys.workers, self.keys.worker(self.worker)])
        self.addSignOfLife(to: &command)
        self.commands.send(command) { [unowned self] in self.lifeAnswered($0) }
    }

    /// This worker's id, a text about it, and how long both say that it lives.
    func addSignOfLife(to command: inout Command) {
        command.add(self.worker)
        command.add(self.about)
        command.add(Int(self.options.workerTimeout.wholeNanoseconds / 1_000_000))
    }

    private func lifeAnswered(_ answer: Result<Reply, RedisError>) {
        if case .success(.error(let error)) = answer { return self.serverRefused(error, "live") }
        self.told.over("live")
    }

    private func renew() {
        FaultPoint.reached(.renewed)
        let numbers = self.held.filter { !$0.value.isAcknowledged && !$0.value.isLost }.keys.sorted()
        // Without anything held as well: the epoch is kept by the same script.
        for start in stride(from: 0, to: max(1, numbers.count), by: 500) {
            self.renew(numbers[start..<min(start + 500, numbers.count)])
        }
    }

    private func renew(_ numbers: ArraySlice<UInt64>) {
        var command = self.call(.renew, keys: [self.keys.unacked, self.keys.unackedIndex, self.keys.epoch])
        command.add(String(decoding: self.ids.next(), as: UTF8.self))
        for number in numbers { command.add(self.tag(number)) }
        self.commands.send(command) { [unowned self] in self.renewed(numbers, $0) }
    }

    private func renewed(_ numbers: ArraySlice<UInt64>, _ answer: Result<Reply, RedisError>) {
        switch answer {
        case .success(.array(let parts)):
            self.told.over("renew")
            self.compareEpoch(parts.first?.asText ?? self.epoch)
            self.leasesAnswered(numbers, gone: Set(parts.dropFirst().compactMap(\.asText)))
        case .success(.error(let error)): self.serverRefused(error, "renew")
        case .success, .failure: break
        }
    }

    /// Another epoch says that the server has lost all keys.
    func compareEpoch(_ epoch: String) {
        guard epoch != self.epoch else { return }
        defer { self.epoch = epoch }
        guard !self.epoch.isEmpty else { return }
        self.logger.error("broker.keys.lost", metadata: ["server": "\(self.serverName)"])
    }

    private func leasesAnswered(_ numbers: ArraySlice<UInt64>, gone: Set<String>) {
        for number in numbers {
            // One that was acknowledged while the renewal was under way is gone at our own word.
            guard let message = self.held[number], !message.isAcknowledged else { continue }
            // One whose tag is there has been taken in this epoch, in effect: the tag is its fence.
            guard gone.contains(message.tag) else { self.held[number]!.epoch = self.epoch; continue }
            // Lost with all keys, and nobody else has it.
            if message.epoch == self.epoch { self.leaseIsLost(number, message) }
        }
    }

    /// A delivery whose tag is gone has been given to another worker. What runs goes on, and its end will change nothing;
    /// what has not started is not begun.
    private func leaseIsLost(_ number: UInt64, _ message: HeldMessage) {
        if case .settling = message.place { return }
        self.logger.warning(
            "delivery.lost", metadata: ["task.id": "\(String(decoding: message.head.id, as: UTF8.self))"])
        if case .waiting = message.place { self.held[number] = nil } else { self.held[number]!.isLost = true }
    }
}
