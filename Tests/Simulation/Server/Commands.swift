import Redis

/// The data commands of the simulated server, as far as workers and their scripts use them.
struct Commands {
    var keyspace = Keyspace()
    /// Seconds since 1970 on the server's clock, in nanoseconds.
    var clock: UInt64 {
        get { self.keyspace.clock }
        set { self.keyspace.clock = newValue }
    }
    /// Commands that nobody has taught the simulation.
    private(set) var unknown: Set<String> = []

    private static let wrongType = Reply.error(
        ServerError("WRONGTYPE Operation against a key holding the wrong kind of value"))
    private static let syntax = Reply.error(ServerError("ERR syntax error"))
    private static let notNumber = Reply.error(ServerError("ERR value is not an integer or out of range"))

    /// Carries out a command in a database.
    mutating func execute(_ words: [[UInt8]], _ database: Int) -> Reply {
        guard let first = words.first else { return Self.syntax }
        let name = String(decoding: first, as: UTF8.self).uppercased()
        var call = Call(words: words, database: database)
        guard let command = Self.table[name] else {
            self.unknown.insert(name)
            return .error(ServerError("ERR unknown command '\(name)'"))
        }
        guard words.count > command.least else {
            return .error(ServerError("ERR wrong number of arguments for '\(name.lowercased())' command"))
        }
        return command.run(&self, &call)
    }

    /// Whether a command changes something, and whether it may need memory for it.
    static func kind(_ name: String) -> (writes: Bool, needsMemory: Bool)? {
        self.table[name].map { ($0.writes, $0.needsMemory) }
    }

    private struct Call {
        let words: [[UInt8]]
        let database: Int

        var key: String { self.text(1) }
        func text(_ index: Int) -> String { String(decoding: self.words[index], as: UTF8.self) }
        func integer(_ index: Int) -> Int? { Int(self.text(index)) }
        func option(_ index: Int) -> String? {
            index < self.words.count ? self.text(index).uppercased() : nil
        }
    }

    private struct Entry {
        /// Arguments at least.
        let least: Int
        let writes: Bool
        let needsMemory: Bool
        let run: @Sendable (inout Commands, inout Call) -> Reply
    }

    private static func reading(
        _ least: Int, _ run: @escaping @Sendable (inout Commands, inout Call) -> Reply
    ) -> Entry { Entry(least: least, writes: false, needsMemory: false, run: run) }

    private static func removing(
        _ least: Int, _ run: @escaping @Sendable (inout Commands, inout Call) -> Reply
    ) -> Entry { Entry(least: least, writes: true, needsMemory: false, run: run) }

    private static func adding(
        _ least: Int, _ run: @escaping @Sendable (inout Commands, inout Call) -> Reply
    ) -> Entry { Entry(least: least, writes: true, needsMemory: true, run: run) }

    private static let table: [String: Entry] = [
        "TYPE": reading(1) { .status($0.keyspace.value($1.key, $1.database)?.type ?? "none") },
        "TIME": reading(0) { commands, _ in commands.time() },
        "EXISTS": reading(1) { $0.exists($1) },
        "GET": reading(1) { $0.get($1) },
        "SET": adding(2) { $0.set($1) },
        "INCR": adding(1) { $0.increment($1, by: 1) },
        "DECR": adding(1) { $0.increment($1, by: -1) },
        "DEL": removing(1) { $0.delete($1) },
        "EXPIRE": removing(2) { $0.expire($1) },
        "PTTL": reading(1) { $0.timeToLive($1) },
        "LPUSH": adding(2) { $0.push($1, left: true) },
        "RPUSH": adding(2) { $0.push($1, left: false) },
        "LPOP": removing(1) { $0.pop($1, left: true) },
        "RPOP": removing(1) { $0.pop($1, left: false) },
        "LLEN": reading(1) { $0.listLength($1) },
        "HSET": adding(3) { $0.hashSet($1) },
        "HGET": reading(2) { $0.hashGet($1) },
        "HMGET": reading(2) { $0.hashGetMany($1) },
        "HEXISTS": reading(2) { $0.hashExists($1) },
        "HDEL": removing(2) { $0.hashDelete($1) },
        "HLEN": reading(1) { $0.hashLength($1) },
        "HSCAN": reading(2) { $0.hashScan($1) },
        "HRANDFIELD": reading(1) { $0.hashSome($1) },
        "ZADD": adding(3) { $0.sortedAdd($1) },
        "ZREM": removing(2) { $0.sortedRemove($1) },
        "ZSCORE": reading(2) { $0.sortedScore($1) },
        "ZCARD": reading(1) { $0.sortedCount($1) },
        "ZRANGE": reading(3) { $0.sortedRange($1) },
        "ZRANGEBYSCORE": reading(3) { $0.sortedRangeByScore($1) },
        "ZREMRANGEBYSCORE": removing(3) { $0.sortedRemoveByScore($1) },
        "SADD": adding(2) { $0.setAdd($1) },
        "SREM": removing(2) { $0.setRemove($1) },
        "SMEMBERS": reading(1) { $0.setMembers($1) },
    ]

    // MARK: Keys

    private func time() -> Reply {
        let microseconds = self.clock / 1_000
        return .array([
            .bytes(Array(String(microseconds / 1_000_000).utf8)), .bytes(Array(String(microseconds % 1_000_000).utf8)),
        ])
    }

    private func exists(_ call: Call) -> Reply {
        .integer(
            call.words.dropFirst().count {
                self.keyspace.value(String(decoding: $0, as: UTF8.self), call.database) != nil
            })
    }

    private mutating func delete(_ call: Call) -> Reply {
        var count = 0
        for index in 1..<call.words.count where self.keyspace.value(call.text(index), call.database) != nil {
            self.keyspace.set(call.text(index), call.database, nil)
            self.keyspace.changes.append(.deleted(key: call.text(index)))
            count += 1
        }
        return .integer(count)
    }

    private mutating func expire(_ call: Call) -> Reply {
        guard let seconds = call.integer(2) else { return Self.notNumber }
        let instant = self.clock + UInt64(max(0, seconds)) * 1_000_000_000
        return .integer(self.keyspace.expire(call.key, call.database, at: instant) ? 1 : 0)
    }

    private func timeToLive(_ call: Call) -> Reply {
        guard self.keyspace.value(call.key, call.database) != nil else { return .integer(-2) }
        return .integer(self.keyspace.expiry(call.key, call.database).map { Int(($0 - self.clock) / 1_000_000) } ?? -1)
    }

    // MARK: Strings

    private func get(_ call: Call) -> Reply {
        switch self.keyspace.value(call.key, call.database) {
        case .string(let bytes): .bytes(bytes)
        case nil: .null
        default: Self.wrongType
        }
    }

    private mutating func set(_ call: Call) -> Reply {
        var expires: UInt64?
        var index = 3
        while let option = call.option(index) {
            index += 1
            switch option {
            case "NX": if self.keyspace.value(call.key, call.database) != nil { return .null }
            case "EX", "PX":
                guard index < call.words.count, let count = call.integer(index), count > 0 else {
                    return .error(ServerError("ERR invalid expire time in 'set' command"))
                }
                expires = self.clock + UInt64(count) * (option == "EX" ? 1_000_000_000 : 1_000_000)
                index += 1
            default: return Self.syntax
            }
        }
        self.keyspace.set(call.key, call.database, .string(call.words[2]), expires: .some(expires))
        self.keyspace.changes.append(.stringSet(key: call.key, call.words[2], database: call.database))
        return .status("OK")
    }

    private mutating func increment(_ call: Call, by step: Int) -> Reply {
        var number = 0
        switch self.keyspace.value(call.key, call.database) {
        case .string(let bytes):
            guard let known = Int(String(decoding: bytes, as: UTF8.self)) else { return Self.notNumber }
            number = known
        case nil: break
        default: return Self.wrongType
        }
        let text = Array(String(number + step).utf8)
        self.keyspace.set(call.key, call.database, .string(text))
        self.keyspace.changes.append(.stringSet(key: call.key, text, database: call.database))
        return .integer(number + step)
    }

    // MARK: Lists

    private func list(_ call: Call) -> [[UInt8]]? {
        switch self.keyspace.value(call.key, call.database) {
        case .list(let elements): elements
        case nil: []
        default: nil
        }
    }

    private mutating func push(_ call: Call, left: Bool) -> Reply {
        guard var elements = self.list(call) else { return Self.wrongType }
        for element in call.words.dropFirst(2) {
            if left { elements.insert(element, at: 0) } else { elements.append(element) }
            self.keyspace.changes.append(.pushed(key: call.key, element))
        }
        self.keyspace.set(call.key, call.database, .list(elements))
        return .integer(elements.count)
    }

    private mutating func pop(_ call: Call, left: Bool) -> Reply {
        guard var elements = self.list(call) else { return Self.wrongType }
        let isMany = call.words.count > 2
        guard let count = isMany ? call.integer(2) : 1, count >= 0 else { return Self.notNumber }
        guard !elements.isEmpty else { return .null }
        var popped: [Reply] = []
        for _ in 0..<min(count, elements.count) {
            let element = left ? elements.removeFirst() : elements.removeLast()
            self.keyspace.changes.append(.popped(key: call.key, element))
            popped.append(.bytes(element))
        }
        self.keyspace.set(call.key, call.database, .list(elements))
        return isMany ? .array(popped) : popped[0]
    }

    private func listLength(_ call: Call) -> Reply { self.list(call).map { .integer($0.count) } ?? Self.wrongType }

    // MARK: Hashes

    private func hash(_ call: Call) -> [HashField]? {
        switch self.keyspace.value(call.key, call.database) {
        case .hash(let fields): fields
        case nil: []
        default: nil
        }
    }

    private mutating func hashSet(_ call: Call) -> Reply {
        guard var fields = self.hash(call) else { return Self.wrongType }
        guard call.words.count.isMultiple(of: 2) else { return Self.syntax }
        var added = 0
        for index in stride(from: 2, to: call.words.count, by: 2) {
            if fields.set(call.words[index], call.words[index + 1]) { added += 1 }
            self.keyspace.changes.append(
                .fieldSet(key: call.key, field: call.words[index], call.words[index + 1]))
        }
        self.keyspace.set(call.key, call.database, .hash(fields))
        return .integer(added)
    }

    private func hashGet(_ call: Call) -> Reply {
        self.hash(call).map { $0[call.words[2]].map { .bytes($0) } ?? .null } ?? Self.wrongType
    }

    private func hashGetMany(_ call: Call) -> Reply {
        guard let fields = self.hash(call) else { return Self.wrongType }
        return .array(call.words.dropFirst(2).map { fields[$0].map { .bytes($0) } ?? .null })
    }

    private func hashExists(_ call: Call) -> Reply {
        self.hash(call).map { .integer($0[call.words[2]] == nil ? 0 : 1) } ?? Self.wrongType
    }

    private mutating func hashDelete(_ call: Call) -> Reply {
        guard var fields = self.hash(call) else { return Self.wrongType }
        var count = 0
        for name in call.words.dropFirst(2) {
            guard let value = fields.delete(name) else { continue }
            self.keyspace.changes.append(.fieldDeleted(key: call.key, field: name, value))
            count += 1
        }
        self.keyspace.set(call.key, call.database, .hash(fields))
        return .integer(count)
    }

    private func hashLength(_ call: Call) -> Reply { self.hash(call).map { .integer($0.count) } ?? Self.wrongType }

    /// All in one page, as of a small hash.
    private func hashScan(_ call: Call) -> Reply {
        guard let fields = self.hash(call) else { return Self.wrongType }
        var pattern: String?
        for index in stride(from: 3, to: call.words.count - 1, by: 2) where call.option(index) == "MATCH" {
            pattern = call.text(index + 1)
        }
        var pairs: [Reply] = []
        for field in fields where pattern.map({ Self.matches(field.name, $0) }) ?? true {
            pairs += [.bytes(field.name), .bytes(field.value)]
        }
        return .array([.bytes([UInt8(ascii: "0")]), .array(pairs)])
    }

    /// Only patterns that end with a star are used.
    private static func matches(_ name: [UInt8], _ pattern: String) -> Bool {
        precondition(pattern.hasSuffix("*"), "A pattern of another form than is simulated: \(pattern)")
        return name.starts(with: pattern.utf8.dropLast())
    }

    /// The first ones: which they are is random.
    private func hashSome(_ call: Call) -> Reply {
        guard let fields = self.hash(call) else { return Self.wrongType }
        let count = call.words.count > 2 ? call.integer(2) ?? 1 : 1
        let hasValues = call.option(3) == "WITHVALUES"
        return .array(
            fields.prefix(count).flatMap { field -> [Reply] in
                hasValues ? [.bytes(field.name), .bytes(field.value)] : [.bytes(field.name)]
            })
    }

    // MARK: Sorted sets

    private func sorted(_ call: Call) -> [ScoredMember]? {
        switch self.keyspace.value(call.key, call.database) {
        case .sortedSet(let members): members
        case nil: []
        default: nil
        }
    }

    private mutating func sortedAdd(_ call: Call) -> Reply {
        guard var members = self.sorted(call) else { return Self.wrongType }
        var first = 2
        let onlyPresent = call.option(2) == "XX"
        if onlyPresent { first += 1 }
        guard (call.words.count - first).isMultiple(of: 2) else { return Self.syntax }
        var added = 0
        for index in stride(from: first, to: call.words.count, by: 2) {
            guard let score = Double(call.text(index)) else {
                return .error(ServerError("ERR value is not a valid float"))
            }
            let member = call.words[index + 1]
            if onlyPresent, members.score(of: member) == nil { continue }
            let isNew = members.set(member, score)
            if isNew { added += 1 }
            self.keyspace.changes.append(.memberSet(key: call.key, member, score: score, isNew: isNew))
        }
        self.keyspace.set(call.key, call.database, .sortedSet(members))
        return .integer(added)
    }

    private mutating func sortedRemove(_ call: Call) -> Reply {
        guard var members = self.sorted(call) else { return Self.wrongType }
        var count = 0
        for member in call.words.dropFirst(2) where members.delete(member) != nil {
            self.keyspace.changes.append(.memberDeleted(key: call.key, member))
            count += 1
        }
        self.keyspace.set(call.key, call.database, .sortedSet(members))
        return .integer(count)
    }

    private func sortedScore(_ call: Call) -> Reply {
        guard let members = self.sorted(call) else { return Self.wrongType }
        return members.score(of: call.words[2]).map { .bytes(Self.text($0)) } ?? .null
    }

    private func sortedCount(_ call: Call) -> Reply { self.sorted(call).map { .integer($0.count) } ?? Self.wrongType }

    private func sortedRange(_ call: Call) -> Reply {
        guard let members = self.sorted(call) else { return Self.wrongType }
        guard var start = call.integer(2), var end = call.integer(3) else { return Self.notNumber }
        if start < 0 { start = max(0, members.count + start) }
        if end < 0 { end = members.count + end }
        let range = start <= min(end, members.count - 1) ? members[start...min(end, members.count - 1)] : []
        return Self.list(range, withScores: call.option(4) == "WITHSCORES")
    }

    private func within(_ call: Call) -> ((Double) -> Bool)? {
        guard let least = Self.bound(call.text(2)), let most = Self.bound(call.text(3)) else { return nil }
        return { $0 >= least && $0 <= most }
    }

    private static func bound(_ text: String) -> Double? {
        switch text {
        case "-inf": -.infinity
        case "+inf", "inf": .infinity
        default: Double(text)
        }
    }

    private func sortedRangeByScore(_ call: Call) -> Reply {
        guard let members = self.sorted(call) else { return Self.wrongType }
        guard let isWithin = self.within(call) else { return .error(ServerError("ERR min or max is not a float")) }
        var found = members.filter { isWithin($0.score) }[...]
        var withScores = false
        var index = 4
        while let option = call.option(index) {
            if option == "LIMIT", call.words.count > index + 2 {
                let count = call.integer(index + 2) ?? 0
                found = found.dropFirst(call.integer(index + 1) ?? 0)
                if count >= 0 { found = found.prefix(count) }
                index += 2
            } else if option == "WITHSCORES" {
                withScores = true
            }
            index += 1
        }
        return Self.list(found, withScores: withScores)
    }

    private mutating func sortedRemoveByScore(_ call: Call) -> Reply {
        guard var members = self.sorted(call) else { return Self.wrongType }
        guard let isWithin = self.within(call) else { return .error(ServerError("ERR min or max is not a float")) }
        let gone = members.filter { isWithin($0.score) }
        members.removeAll { isWithin($0.score) }
        for member in gone { self.keyspace.changes.append(.memberDeleted(key: call.key, member.member)) }
        self.keyspace.set(call.key, call.database, .sortedSet(members))
        return .integer(gone.count)
    }

    private static func list(_ members: ArraySlice<ScoredMember>, withScores: Bool) -> Reply {
        .array(
            members.flatMap { member -> [Reply] in
                withScores
                    ? [.bytes(member.member), .bytes(self.text(member.score))] : [.bytes(member.member)]
            })
    }

    private static func text(_ score: Double) -> [UInt8] {
        score == score.rounded() && abs(score) < 1e15
            ? Array(String(Int(score)).utf8) : Array(score.description.utf8)
    }

    // MARK: Sets

    private func members(_ call: Call) -> [[UInt8]]? {
        switch self.keyspace.value(call.key, call.database) {
        case .set(let members): members
        case nil: []
        default: nil
        }
    }

    private mutating func setAdd(_ call: Call) -> Reply {
        guard var members = self.members(call) else { return Self.wrongType }
        var count = 0
        for member in call.words.dropFirst(2) where !members.contains(member) {
            members.append(member)
            self.keyspace.changes.append(.setAdded(key: call.key, member))
            count += 1
        }
        self.keyspace.set(call.key, call.database, .set(members))
        return .integer(count)
    }

    private mutating func setRemove(_ call: Call) -> Reply {
        guard var members = self.members(call) else { return Self.wrongType }
        let gone = members.filter { call.words.dropFirst(2).contains($0) }
        members.removeAll { gone.contains($0) }
        for member in gone { self.keyspace.changes.append(.setRemoved(key: call.key, member)) }
        self.keyspace.set(call.key, call.database, .set(members))
        return .integer(gone.count)
    }

    private func setMembers(_ call: Call) -> Reply {
        self.members(call).map { .array($0.map { .bytes($0) }) } ?? Self.wrongType
    }
}

extension Commands {
    /// All that is there, as if it were set now, for whoever begins to keep account.
    func contents() -> [Keyspace.Change] {
        self.keyspace.keys(0).flatMap { key -> [Keyspace.Change] in
            switch self.keyspace.value(key, 0) {
            case .list(let elements): elements.map { .pushed(key: key, $0) }
            case .hash(let fields): fields.map { .fieldSet(key: key, field: $0.name, $0.value) }
            case .sortedSet(let members): members.map { .memberSet(key: key, $0.member, score: $0.score, isNew: true) }
            case .set(let members): members.map { .setAdded(key: key, $0) }
            default: []
            }
        }
    }
}
