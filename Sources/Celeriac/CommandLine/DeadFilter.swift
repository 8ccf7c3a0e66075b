import ArgumentParser
import CeleriacClient
import Configuration
import JSON
import RedisBroker

/// Which dead letters are meant. All conditions that are given must hold.
struct DeadFilter: ParsableArguments {
    @Option(help: "Of tasks with this name; * and ? are wildcards.") var task: String?
    @Option(name: [.customShort("q"), .customLong("queue")], help: "From this queue.") var queue: String?
    @Option(help: "For this reason: \(DeadLetter.Reason.allCases.map(\.rawValue).joined(separator: ", ")).")
    var reason: String?
    @Option(help: "Since this time (ISO 8601), or so long ago, such as 1h.") var since: String?
    @Option(help: "Before this time (ISO 8601), or longer ago.") var before: String?
    @Option(help: "With this id; may be given several times.") var id: [String] = []
    @Option(help: "At most so many.") var limit: Int?

    /// What is meant. Throws ``UsageError`` for a value that is none.
    func selection() throws(UsageError) -> DeadSelection {
        let since = try OptionParsing.instantOrAgo(self.since, "since")
        let before = try OptionParsing.instantOrAgo(self.before, "before")
        if let limit, limit < 0 { throw UsageError(description: "--limit: \(limit) is below zero") }
        return DeadSelection(
            glob: try self.glob(), queue: self.queue, reason: try self.checkedReason(), since: since, before: before,
            ids: self.id, limit: self.limit ?? .max)
    }

    /// Whoever means all letters must say so.
    func requireSome(or all: Bool) throws {
        let conditions = [self.task, self.queue, self.reason, self.since, self.before].compactMap { $0 }
        guard all || !conditions.isEmpty || !self.id.isEmpty || self.limit != nil else {
            throw ValidationError("Say which letters, or --all.")
        }
    }

    private func glob() throws(UsageError) -> Glob? {
        guard let task else { return nil }
        guard let glob = Glob(task) else { throw UsageError(description: "--task: the pattern is too long") }
        return glob
    }

    private func checkedReason() throws(UsageError) -> String? {
        guard let reason, DeadLetter.Reason(rawValue: reason) == nil else { return self.reason }
        let all = DeadLetter.Reason.allCases.map(\.rawValue).joined(separator: ", ")
        throw UsageError(description: "--reason: \"\(reason)\" is no reason; they are \(all)")
    }
}

/// Dead letters that were asked for.
struct DeadSelection: Sendable {
    let glob: Glob?
    let queue: String?
    let reason: String?
    let since: Double?
    let before: Double?
    let ids: [String]
    let limit: Int

    /// Hands over the letters page by page. `handle` answers how many of them it has removed.
    func eachPage(of client: Client, _ handle: ([DeadLetterRecord]) async throws -> Int) async throws {
        var left = self.limit
        guard self.ids.isEmpty else {
            let letters = try await client.deadLetters(self.ids).filter { self.includes($0) && self.isInTime($0) }
            _ = try await handle(Array(letters.prefix(left)))
            return
        }
        try await client.eachDeadLetter(since: self.since, before: self.before) { page in
            let letters = page.filter { self.includes($0) }.prefix(left)
            left -= letters.count
            let removed = letters.isEmpty ? 0 : try await handle(Array(letters))
            return left > 0 ? removed : nil
        }
    }

    private func includes(_ letter: DeadLetterRecord) -> Bool {
        if let glob, !(letter.task.map { glob.matches($0.unicodeScalars) } ?? false) { return false }
        if let queue, letter.queue != queue { return false }
        if let reason, letter.reason != reason { return false }
        return true
    }

    private func isInTime(_ letter: DeadLetterRecord) -> Bool {
        if let since, (letter.seconds ?? 0) < since { return false }
        if let before, (letter.seconds ?? .infinity) >= before { return false }
        return true
    }
}

extension DeadLetterRecord {
    /// The letter on one line, for people.
    var line: String {
        let parts = [self.time ?? "-", self.id, self.reason, self.queue ?? "-", self.task ?? "-"]
        return parts.map { terminalText($0) }.joined(separator: "  ")
    }

    /// All but the message.
    var summary: JSONValue {
        var members = self.members
        members["message"] = nil
        members["message_base64"] = nil
        return Self.withID(self.id, members)
    }

    /// Everything.
    var whole: JSONValue { Self.withID(self.id, self.members) }

    private static func withID(_ id: String, _ members: JSONObject) -> JSONValue {
        var object: JSONObject = ["id": .string(id)]
        for member in members { object[member.key] = member.value }
        return .object(object)
    }
}
