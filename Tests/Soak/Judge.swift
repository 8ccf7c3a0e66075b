import JSON
import RedisSupport

/// Knows what was sent, and compares it with what is at the server.
struct Judge {
    private let server: RedisServer
    private let listener: Listener
    /// Tasks whose outcomes have not been looked at.
    private(set) var open: [String: Fate] = [:]
    private var malformed = 0
    /// How many tasks had which end.
    private(set) var ends = (succeeded: 0, failed: 0, dead: 0, lost: 0)
    private(set) var breaches: [String] = []

    static let lists = ["celery"] + [3, 6, 9].map { "celery\u{6}\u{16}\($0)" }

    init(_ server: RedisServer, _ listener: Listener) { (self.server, self.listener) = (server, listener) }

    var judged: Int { self.ends.succeeded + self.ends.failed + self.ends.dead + self.ends.lost }

    mutating func expect(_ produced: Produced) {
        for (id, fate) in produced.fates { self.open[id] = fate }
        if produced.fates.isEmpty { self.malformed += 1 }
    }

    mutating func breach(_ text: String) { self.breaches.append(text) }

    /// Messages that wait, are held or are put aside. Counted in one step.
    func waiting() throws -> (queued: Int, elsewhere: Int) {
        let count = """
            local queued = 0
            for i = 5, #KEYS do queued = queued + redis.call('LLEN', KEYS[i]) end
            return { queued, redis.call('HLEN', KEYS[1]) + redis.call('ZCARD', KEYS[2]) + redis.call('ZCARD', KEYS[3])
                + redis.call('HLEN', KEYS[4]) }
            """
        let keys = ["unacked", "unacked_index", "celeriac.scheduled", "celeriac.limited"] + Self.lists
        let counts = try self.server.command(["EVAL", count, "\(keys.count)"] + keys)
        guard case .list(let numbers) = counts, numbers.count == 2 else { return (-1, -1) }
        return (numbers[0].integer ?? -1, numbers[1].integer ?? -1)
    }

    /// Everything that waits or is held, and who is known to live.
    func whatWaits() throws -> String {
        let commands = [
            ["HKEYS", "unacked"], ["ZRANGE", "unacked_index", "0", "-1", "WITHSCORES"], ["TIME"],
            ["ZRANGE", "celeriac.scheduled", "0", "-1", "WITHSCORES"], ["HGETALL", "celeriac.limited"],
            ["SMEMBERS", "celeriac.workers"], ["KEYS", "celeriac.worker.*"], ["KEYS", "celeriac.slots.*"],
        ]
        return try commands.map { command in
            let texts = try self.server.command(command).texts.map { String($0.prefix(160)) }
            return "\(command[0]) \(command.count > 1 ? command[1] : ""): \(texts.prefix(20))"
        }.joined(separator: "\n")
    }

    // MARK: When all is over

    /// Every task has its outcome, each stored once; every dead letter is one that must be. Takes them away.
    mutating func judgeAll() throws {
        try self.listener.collect()
        var letters = try self.takeDeadLetters()
        let ids = Array(self.open.keys)
        for start in stride(from: 0, to: ids.count, by: 500) {
            let some = Array(ids[start..<min(start + 500, ids.count)])
            let documents = try self.documents(some)
            for (id, document) in zip(some, documents) { self.judge(id, document, letters.removeValue(forKey: id)) }
            try self.server.command(["DEL"] + some.map { "celery-task-meta-\($0)" })
        }
        for (id, letters) in letters { self.breach("dead letters of \(id), which must not die: \(letters)") }
        self.listener.forget(ids)
        self.open = [:]
    }

    private func documents(_ ids: [String]) throws -> [ResultState?] {
        let reply = try self.server.command(["MGET"] + ids.map { "celery-task-meta-\($0)" })
        guard case .list(let texts) = reply else { return ids.map { _ in nil } }
        return try texts.map { text in
            try text.text.map { ResultState(try JSONValue(parsing: Array($0.utf8)[...])) }
        }
    }

    private mutating func judge(_ id: String, _ document: ResultState?, _ letters: [String]?) {
        let fate = self.open[id]!
        let stored = self.listener.outcomes[id, default: 0]
        if stored > 1, fate != .mayBeLost { self.breach("\(id) has \(stored) outcomes") }
        guard let document else {
            self.ends.lost += 1
            return fate == .mayBeLost ? () : self.breach("\(id), \(fate): no outcome")
        }
        if !document.fits(fate) { self.breach("\(id), \(fate): \(document.status) \(document.errorType ?? "")") }
        self.count(document, fate)
        if case .dead(let reason) = fate {
            if letters != [reason] { self.breach("\(id), \(fate): dead letters \(letters ?? [])") }
        } else if let letters {
            self.breach("\(id), \(fate): dead letters \(letters)")
        }
    }

    private mutating func count(_ document: ResultState, _ fate: Fate) {
        if case .dead = fate {
            self.ends.dead += 1
        } else if document.status == "SUCCESS" {
            self.ends.succeeded += 1
        } else {
            self.ends.failed += 1
        }
    }

    /// Reasons of dead letters by their tasks, those without a task apart: as many as malformed messages were sent.
    private mutating func takeDeadLetters() throws -> [String: [String]] {
        var letters: [String: [String]] = [:]
        var malformed = 0
        for text in try self.server.command("HVALS", "celeriac.dead").texts {
            let letter = try JSONValue(parsing: Array(text.utf8)[...])
            let reason = letter["reason"]?.text ?? ""
            if let id = letter["task_id"]?.text { letters[id, default: []].append(reason) } else { malformed += 1 }
        }
        if malformed != self.malformed { self.breach("\(malformed) malformed letters for \(self.malformed) messages") }
        self.ends.dead += malformed
        self.malformed = 0
        try self.server.command("DEL", "celeriac.dead", "celeriac.dead_index")
        return letters.filter { id, reasons in
            guard self.open[id] == .mayBeLost, reasons == ["crashes"] else { return true }
            return false
        }
    }

    // MARK: When all have stopped

    /// Every worker has ended and messages are left: each task has its outcome or waits, and not both.
    mutating func judgeStop() throws -> Int {
        try self.expectNothingHeld()
        let waiting = try self.waitingIDs()
        let ids = Array(self.open.keys)
        for start in stride(from: 0, to: ids.count, by: 500) {
            let some = Array(ids[start..<min(start + 500, ids.count)])
            for (id, document) in zip(some, try self.documents(some)) {
                let isOver = document?.isFinal ?? false
                let places = waiting[id, default: 0] + (isOver ? 1 : 0)
                if places > 1 { self.breach("\(id) waits in \(waiting[id] ?? 0) places, and is over: \(isOver)") }
            }
        }
        let strangers = waiting.keys.filter { self.open[$0] == nil }
        if !strangers.isEmpty { self.breach("messages that nobody sent: \(strangers)") }
        return waiting.values.reduce(0, +)
    }

    private mutating func expectNothingHeld() throws {
        let held = try self.server.unacknowledged()
        if held != [0, 0] { self.breach("all workers have ended; held \(held)") }
    }

    /// How often each task's message waits.
    private func waitingIDs() throws -> [String: Int] {
        var messages = try Self.lists.flatMap { try self.server.list($0) }
        messages += try self.server.command("ZRANGE", "celeriac.scheduled", "0", "-1").texts
        for key in try self.server.command("KEYS", "celeriac.slots.*:waiting").texts {
            messages += try self.server.list(key)
        }
        return messages.reduce(into: [:]) { counts, message in
            if let id = message.firstMatch(of: /"id": ?"(soak-\d+)"/) { counts[String(id.1), default: 0] += 1 }
        }
    }
}
