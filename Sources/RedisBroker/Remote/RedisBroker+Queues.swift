import Redis
import Supervision
import WorkerStatus

/// Duty 8: how much waits, for whoever asks. Nothing waits for the answer longer than a moment.
extension RedisBroker {
    /// How long an answer may take.
    private static let patience: Duration = .milliseconds(500)

    /// What waits at the server.
    public struct QueueState {
        /// The queues that are taken from.
        public var queues: [WorkerSnapshot.Queue]
        /// What else waits.
        public var atServer: WorkerSnapshot.ServerSide
    }

    /// A look that is under way, and who wants to know.
    struct QueueLook {
        let until: Instant
        var answers: [(QueueState?) -> Void]
    }

    /// Looks how much waits. Answers `nil` while the server is away or busy. Who asks meanwhile gets the same answer.
    public func lookAtQueues(then answer: @escaping (QueueState?) -> Void) {
        guard self.isServing else { return answer(nil) }
        if self.queueLook != nil { return self.queueLook!.answers.append(answer) }
        self.queueLook = QueueLook(until: self.loop.now + Self.patience, answers: [answer])
        let lists = self.lists.inOrder(self.queueNames).dropFirst()
        let keys = lists.map(\.key) + [self.keys.unacked, self.keys.scheduled, self.keys.deadLetters]
        self.commands.send(self.call(.lengths, keys: keys)) { [unowned self] reply in
            self.answerLook(self.queueState(reply, Array(lists)))
        }
    }

    /// Answers those who have waited long enough. An answer that comes after all tells the next ones.
    func endQueueLook(now: Instant) {
        guard let queueLook, queueLook.until <= now else { return }
        self.answerLook(nil)
    }

    private func answerLook(_ state: QueueState?) {
        guard let look = self.queueLook else { return }
        self.queueLook = nil
        for answer in look.answers { answer(state) }
    }

    private func queueState(_ answer: Result<Reply, RedisError>, _ lists: [QueueLists.List]) -> QueueState? {
        guard case .success(.array(let parts)) = answer, parts.count == 2 * lists.count + 3 else { return nil }
        let now = self.loop.now
        var found: [String: WorkerSnapshot.Queue] = [:]
        for (index, list) in lists.enumerated() {
            let stalled = self.queueWatch.saw(parts[2 * index + 1].asText ?? "", on: list.key, now: now)
            var queue = found[list.queue] ?? WorkerSnapshot.Queue(name: list.queue, length: 0, stalled: 0)
            queue.length += parts[2 * index].asInt ?? 0
            queue.stalled = max(queue.stalled, Double(stalled.wholeNanoseconds) / 1e9)
            found[list.queue] = queue
        }
        self.queueWatch.keep(only: Set(lists.map(\.key)))
        let counts = parts.suffix(3).map { $0.asInt ?? 0 }
        return QueueState(
            queues: self.queueNames.compactMap { found[$0] },
            atServer: WorkerSnapshot.ServerSide(unacknowledged: counts[0], scheduled: counts[1], dead: counts[2]))
    }
}

extension Script {
    /// Looks how much waits, and at the ends of the messages that come next: the delivery tag is there.
    ///
    /// Keys: lists; then the hash of unacknowledged messages, the set of those that are not due, the hash of dead letters.
    /// Answers for each list its length and a fingerprint of the next message, empty if there is none; then the three
    /// counts. A key of another type counts as empty.
    static let lengths = Script(
        "lengths",
        """
        local function count(command, key)
            local found = redis.pcall(command, key)
            return type(found) == 'number' and found or 0
        end
        local answer = {}
        local lists = #KEYS - 3
        for index = 1, lists do
            local length = count('LLEN', KEYS[index])
            local next = length > 0 and redis.call('LINDEX', KEYS[index], -1)
            answer[#answer + 1] = length
            answer[#answer + 1] = next and redis.sha1hex(string.sub(next, -512)) or ''
        end
        answer[#answer + 1] = count('HLEN', KEYS[lists + 1])
        answer[#answer + 1] = count('ZCARD', KEYS[lists + 2])
        answer[#answer + 1] = count('HLEN', KEYS[lists + 3])
        return answer
        """)
}
