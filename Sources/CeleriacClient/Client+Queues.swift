import Celery
import Redis

/// How many messages a queue holds.
package struct QueueLength: Sendable {
    /// The queue.
    package let name: String
    /// Messages of each priority step, most urgent first.
    package let steps: [(priority: Int, messages: Int)]
    /// All of them.
    package var total: Int { self.steps.reduce(0) { $0 + $1.messages } }
}

/// What waits at a broker beside its queues, and who works there.
package struct BrokerState: Sendable {
    /// Messages that workers hold and have not acknowledged.
    package var unacknowledged = 0
    /// Messages that are not due.
    package var scheduled = 0
    /// Dead letters.
    package var dead = 0
    /// Celeriac's workers that show signs of life; Celery's cannot be seen.
    package var workers = 0
}

extension Client {
    /// Deletes the messages of a list that come next, so many that the server is not held up. Key: the list. Answers how
    /// many there were.
    private static let trimScript = """
        local count = math.min(redis.call('LLEN', KEYS[1]), 10000)
        redis.call('LTRIM', KEYS[1], 0, -count - 1)
        return count
        """

    /// Queues that somebody has sent to or taken from, as far as they left their names, in order.
    package func boundQueues() async throws -> [String] {
        var names: Set<String> = []
        let prefix = self.keys.bindings(of: "")
        try await self.scan(Command("SCAN"), matching: prefix.escapedForGlob + "*") { page in
            for key in page.compactMap(\.asText) { names.insert(String(key.dropFirst(prefix.count))) }
        }
        var queues: Set<String> = []
        for name in names.sorted() {
            let members = try await self.ask(Command("SMEMBERS", self.keys.bindings(of: name)), isRepeatable: true)
            for member in members.asArray ?? [] {
                let parts = (member.asText ?? "").components(separatedBy: BrokerKeys.separator)
                // Queues of events and of answers belong to one process each.
                if parts.count == 3, parts[0] == parts[2] { queues.insert(parts[2]) }
            }
        }
        return queues.sorted()
    }

    /// How many messages each queue holds, in the order of the names.
    package func lengths(of queues: [String]) async throws -> [QueueLength] {
        guard !queues.isEmpty else { return [] }
        let commands = queues.flatMap { self.lists(of: $0).map { Command("LLEN", $0) } }
        let answers = try await self.ask(commands, isRepeatable: true).map { try $0.get().asInt ?? 0 }
        let steps = BrokerKeys.prioritySteps
        return queues.enumerated().map { index, name in
            let counts = answers[(index * steps.count)..<((index + 1) * steps.count)]
            return QueueLength(name: name, steps: Array(zip(steps, counts)))
        }
    }

    /// What else waits, and who works.
    package func brokerState() async throws -> BrokerState {
        let commands = [
            Command("HLEN", self.keys.unacked), Command("ZCARD", self.keys.scheduled),
            Command("HLEN", self.keys.deadLetters),
        ]
        let counts = try await self.ask(commands, isRepeatable: true).map { try $0.get().asInt ?? 0 }
        return BrokerState(
            unacknowledged: counts[0], scheduled: counts[1], dead: counts[2], workers: try await self.livingWorkers())
    }

    private func livingWorkers() async throws -> Int {
        let ids = try await self.ask(Command("SMEMBERS", self.keys.workers), isRepeatable: true).asArray ?? []
        let commands = ids.compactMap(\.asText).map { Command("EXISTS", self.keys.worker($0)) }
        guard !commands.isEmpty else { return 0 }
        return try await self.ask(commands, isRepeatable: true).reduce(0) { $0 + (try $1.get().asInt ?? 0) }
    }

    /// Deletes the messages that wait in a queue, in pieces, so that the server is not held up. Returns how many.
    ///
    /// Messages that come meanwhile may go too. Such that workers hold, or that are not due, stay.
    package func purge(_ queue: String) async throws -> Int {
        var count = 0
        for list in self.lists(of: queue) {
            while true {
                let command = Command("EVAL", Self.trimScript, "1", list)
                let removed = try await self.ask(command, isRepeatable: false).asInt ?? 0
                if removed == 0 { break }
                count += removed
            }
        }
        return count
    }

    private func lists(of queue: String) -> [String] {
        BrokerKeys.prioritySteps.map { self.keys.queue(queue, priority: $0) }
    }

    /// Goes over everything that `SCAN`, or `HSCAN` of a key, tells of, page by page.
    func scan(
        _ start: Command, matching pattern: String? = nil, _ handle: ([Reply]) async throws -> Void
    ) async throws {
        var cursor = "0"
        repeat {
            var command = start
            command.add(cursor)
            if let pattern {
                command.add("MATCH")
                command.add(pattern)
            }
            command.add("COUNT")
            command.add(1_000)
            let answer = try await self.ask(command, isRepeatable: true).asArray ?? []
            guard answer.count == 2, let next = answer[0].asText, let page = answer[1].asArray else {
                throw ClientError(.refused, "the server's answer to a scan cannot be read")
            }
            try await handle(page)
            cursor = next
        } while cursor != "0"
    }
}

extension String {
    /// The text as a pattern that matches it and nothing else.
    fileprivate var escapedForGlob: String {
        self.map { "*?[]\\".contains($0) ? "\\\($0)" : "\($0)" }.joined()
    }

    fileprivate func components(separatedBy separator: String) -> [String] {
        self.split(separator: separator, omittingEmptySubsequences: false).map(String.init)
    }
}
