import Celery
import Redis

/// What became of a dead letter that was to be run again.
package enum Replay: Sendable {
    /// It is back on its queue, and no letter any more.
    case done
    /// Somebody else has replayed or deleted it, or it has changed.
    case gone
    /// The record does not say what to send, or where.
    case impossible
}

extension Client {
    /// Puts a message back on its list and deletes its letter, if the letter is still what was read: of two replays at
    /// the same time one does it.
    ///
    /// Keys: dead letters, their index, the list, the message's count of deliveries.
    /// Arguments: id, record, message. Answers 1, or 0 when the letter is another.
    private static let replayScript = """
        if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
        redis.call('LPUSH', KEYS[3], ARGV[3])
        redis.call('HDEL', KEYS[1], ARGV[1])
        redis.call('ZREM', KEYS[2], ARGV[1])
        redis.call('DEL', KEYS[4])
        return 1
        """

    /// Deletes letters. Keys: dead letters, their index. Arguments: ids. Answers how many there were.
    private static let deleteScript = """
        redis.call('ZREM', KEYS[2], unpack(ARGV))
        return redis.call('HDEL', KEYS[1], unpack(ARGV))
        """

    /// Letters in one page.
    private static let page = 200

    /// Goes over the letters from the oldest to the newest, page by page.
    ///
    /// `handle` answers how many of the page's letters it has removed, or `nil` to stop. When others remove letters
    /// meanwhile, some may be passed over.
    package func eachDeadLetter(
        since: Double? = nil, before: Double? = nil, _ handle: ([DeadLetterRecord]) async throws -> Int?
    ) async throws {
        var rank = try await since.asyncMap { try await self.deadLetters(before: $0) } ?? 0
        var end = try await self.deadLetters(before: before ?? .infinity)
        while rank < end {
            let last = min(rank + Self.page, end) - 1
            let command = Command("ZRANGE", self.keys.deadIndex, "\(rank)", "\(last)")
            let ids = (try await self.ask(command, isRepeatable: true).asArray ?? []).compactMap(\.asText)
            guard !ids.isEmpty, let removed = try await handle(self.deadLetters(ids)) else { return }
            rank += ids.count - removed
            end -= removed
        }
    }

    /// How many letters are older.
    private func deadLetters(before seconds: Double) async throws -> Int {
        let command = Command("ZCOUNT", self.keys.deadIndex, "-inf", seconds == .infinity ? "+inf" : "(\(seconds)")
        return try await self.ask(command, isRepeatable: true).asInt ?? 0
    }

    /// The letters with these ids, as far as there are such.
    package func deadLetters(_ ids: [String]) async throws -> [DeadLetterRecord] {
        guard !ids.isEmpty else { return [] }
        var command = Command("HMGET", self.keys.deadLetters)
        for id in ids { command.add(id) }
        let records = try await self.ask(command, isRepeatable: true).asArray ?? []
        return zip(ids, records).compactMap { id, record in
            record.asBytes.map { DeadLetterRecord(id: id, stored: $0) }
        }
    }

    /// Sends letters' messages again, each in one step with the end of its letter. Returns what became of each.
    package func replay(_ letters: [DeadLetterRecord]) async throws -> [Replay] {
        let commands = letters.map { self.replayCommand($0) }
        let present = commands.compactMap { $0 }
        guard !present.isEmpty else { return letters.map { _ in .impossible } }
        // A second time does no harm: the letter is gone then.
        var answers = try await self.ask(present, isRepeatable: true)[...]
        return try commands.map { command in
            guard command != nil, let answer = answers.popFirst() else { return .impossible }
            return try answer.get().asInt == 1 ? .done : .gone
        }
    }

    private func replayCommand(_ letter: DeadLetterRecord) -> Command? {
        guard let message = letter.freshMessage(signedWith: self.options.signingKey),
            let keys = letter.keys(self.keys)
        else { return nil }
        var command = Command("EVAL", Self.replayScript, "4", self.keys.deadLetters, self.keys.deadIndex)
        command.add(keys.list)
        command.add(keys.deliveries)
        command.add(letter.id)
        command.add(letter.stored)
        command.add(message)
        return command
    }

    /// Deletes letters. Returns how many there were.
    package func deleteDeadLetters(_ ids: [String]) async throws -> Int {
        guard !ids.isEmpty else { return 0 }
        var command = Command("EVAL", Self.deleteScript, "2", self.keys.deadLetters, self.keys.deadIndex)
        for id in ids { command.add(id) }
        return try await self.ask(command, isRepeatable: false).asInt ?? 0
    }
}

extension Optional {
    fileprivate func asyncMap<Value>(_ transform: (Wrapped) async throws -> Value) async rethrows -> Value? {
        guard let self else { return nil }
        return try await transform(self)
    }
}
