import Simulation
import Testing

/// The simulated server is like the real one: what was asked of it in a simulation is asked of Redis, scripts included,
/// and Redis answers the same and ends with the same keys.
extension RedisTests {
    @Suite struct LikenessTests {
        @Test(arguments: [UInt64(3), 11, 40, 57, 123, 211])
        func redisAnswersAsTheSimulatedServerDoes(seed: UInt64) throws {
            let server = try RedisServer()
            let recording = Simulation().record(Plan(seed: seed).withoutLossOfData)
            try #require(recording.entries.count > 50)
            var asker = try Asker(server)
            for entry in recording.entries {
                let answer = try asker.ask(entry)
                guard let answer else { continue }
                let text = entry.words.map { String(decoding: $0.prefix(80), as: UTF8.self) }.joined(separator: " ")
                try #require(answer == asker.inOrder(entry.answer, entry.words), "\(text)")
            }
            try asker.expectContents(recording.contents)
        }
    }
}

/// Asks a real server what a simulated one was asked, at the same times.
private struct Asker {
    private let server: RedisServer
    private let connection: RedisConnection
    /// What Redis calls the scripts, by what the simulation calls them.
    private var digests: [String: String] = [:]
    private static let clock = "simulated.time"

    init(_ server: RedisServer) throws {
        self.server = server
        self.connection = try server.connect()
    }

    /// The answer; `nil` for what is about the connection itself.
    mutating func ask(_ entry: Recording.Entry) throws -> Recording.Answer? {
        if !entry.expired.isEmpty { _ = try self.connection.command(["DEL"] + entry.expired) }
        var words = entry.words.map { String(decoding: $0, as: UTF8.self) }
        switch words[0].uppercased() {
        case "CLIENT", "INFO", "SUBSCRIBE", "SELECT", "PING": return nil
        case "SCRIPT":
            words[2] = Self.timed(words[2])
            if case .text(let simulated) = entry.answer { self.digests[simulated] = try self.load(words) }
            return nil
        case "EVALSHA": words[1] = self.digests[words[1]] ?? words[1]
        default: break
        }
        let (seconds, rest) = (entry.time / 1_000_000, entry.time % 1_000_000)
        _ = try self.connection.command(["DEL", Self.clock])
        _ = try self.connection.command(["RPUSH", Self.clock, "\(seconds)", "\(rest)"])
        return self.inOrder(Recording.Answer(try self.connection.command(words)), entry.words)
    }

    private func load(_ words: [String]) throws -> String? { try self.connection.command(words).text }

    /// A script that takes the time from a key, and lets nothing expire by the time of the test.
    private static func timed(_ script: String) -> String {
        let lasting = """
            local function lasting(...)
                local words = { ... }
                for i = 2, #words do
                    if words[i - 1] == 'PX' or words[i - 1] == 'EX' then words[i] = tonumber(words[i]) + 100000000 end
                end
                return redis.pcall('SET', unpack(words))
            end

            """
        let end = script.hasPrefix("#!") ? script.firstIndex(of: "\n")! : script.startIndex
        let body = script[end...].replacing("redis.call('TIME')", with: "redis.call('LRANGE', '\(Self.clock)', 0, 1)")
            .replacing("redis.call('SET',", with: "lasting(").replacing("redis.pcall('SET',", with: "lasting(")
        return script[..<end] + "\n" + lasting + body
    }

    /// Sets and hashes have no order.
    func inOrder(_ answer: Recording.Answer, _ words: [[UInt8]]) -> Recording.Answer {
        switch (String(decoding: words[0], as: UTF8.self).uppercased(), answer) {
        case ("SMEMBERS", .list(let members)): .list(Self.sorted(members))
        case ("HSCAN", .list(let parts)) where parts.count == 2: .list([parts[0], Self.sortedPairs(parts[1])])
        default: answer
        }
    }

    private static func sorted(_ members: [Recording.Answer]) -> [Recording.Answer] {
        members.sorted { "\($0)" < "\($1)" }
    }

    private static func sortedPairs(_ answer: Recording.Answer) -> Recording.Answer {
        guard case .list(let parts) = answer else { return answer }
        let pairs = stride(from: 0, to: parts.count - 1, by: 2).map { [parts[$0], parts[$0 + 1]] }
        return .list(pairs.sorted { "\($0[0])" < "\($1[0])" }.flatMap { $0 })
    }

    func expectContents(_ contents: [String: (type: String, content: Recording.Answer)]) throws {
        guard case .list(let keys) = try self.connection.command(["KEYS", "*"]) else { return }
        #expect(Set(keys.compactMap(\.text)).subtracting([Self.clock]) == Set(contents.keys))
        for (key, expected) in contents {
            #expect(try self.connection.command(["TYPE", key]).text == expected.type, "\(key)")
            let read = [
                "string": ["GET", key], "list": ["LRANGE", key, "0", "-1"], "hash": ["HGETALL", key],
                "zset": ["ZRANGE", key, "0", "-1"], "set": ["SMEMBERS", key],
            ]
            let found = Recording.Answer(try self.connection.command(read[expected.type] ?? ["TYPE", key]))
            let isUnordered = expected.type == "hash" || expected.type == "set"
            let (left, right) =
                isUnordered ? (Self.setOf(found), Self.setOf(expected.content)) : (found, expected.content)
            #expect(left == right, "\(key)")
        }
    }

    private static func setOf(_ answer: Recording.Answer) -> Recording.Answer {
        if case .list(let members) = answer { .list(self.sorted(members)) } else { answer }
    }
}

extension Recording.Answer {
    init(_ reply: RedisReply) {
        switch reply {
        case .text(let text): self = .text(text)
        case .integer(let integer): self = .integer(integer)
        case .none: self = .none
        case .list(let elements): self = .list(elements.map { Recording.Answer($0) })
        case .error(let text): self = .error(String(text.prefix { $0 != " " }))
        }
    }
}
