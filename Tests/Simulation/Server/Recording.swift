import Redis
import Supervision

/// All that the simulated server was asked in a run, and what it answered: for another server to be asked the same.
public struct Recording: Sendable {
    /// One command.
    public struct Entry: Sendable {
        /// The server's clock, in microseconds since 1970.
        public let time: UInt64
        /// Keys that had expired since the command before.
        public let expired: [String]
        /// The command.
        public let words: [[UInt8]]
        /// What was answered.
        public let answer: Answer
    }

    /// An answer, whatever type a text has on the wire.
    public indirect enum Answer: Sendable, Equatable {
        case text(String)
        case integer(Int)
        case none
        case list([Answer])
        /// By its first word.
        case error(String)

        init(_ reply: Reply) {
            switch reply {
            case .status(let text): self = .text(text)
            case .bytes(let bytes): self = .text(String(decoding: bytes, as: UTF8.self))
            case .integer(let integer): self = .integer(integer)
            case .null: self = .none
            case .array(let elements): self = .list(elements.map { Answer($0) })
            case .error(let error): self = .error(error.code)
            }
        }
    }

    /// What was asked, in order.
    public internal(set) var entries: [Entry] = []
    /// What stands under each key at the end: the answers to `GET`, `LRANGE`, `HGETALL`, `ZRANGE` and `SMEMBERS`.
    public internal(set) var contents: [String: (type: String, content: Answer)] = [:]
}

extension SimulatedServer {
    /// Keeps a command for the recording, if one is made.
    func record(_ words: [[UInt8]], _ reply: Reply, clock: UInt64, since last: UInt64) {
        guard self.recording != nil else { return }
        let expired = self.commands.keyspace.expired(0, since: last, until: clock)
        self.recording!.entries.append(
            Recording.Entry(time: clock / 1_000, expired: expired, words: words, answer: Recording.Answer(reply)))
    }

    /// What stands under each key.
    func contents() -> [String: (type: String, content: Recording.Answer)] {
        var contents: [String: (type: String, content: Recording.Answer)] = [:]
        for key in self.commands.keyspace.keys(0) {
            guard let value = self.commands.keyspace.value(key, 0) else { continue }
            contents[key] = (value.type, Self.content(value))
        }
        return contents
    }

    private static func content(_ value: StoredValue) -> Recording.Answer {
        func text(_ bytes: [UInt8]) -> Recording.Answer { .text(String(decoding: bytes, as: UTF8.self)) }
        switch value {
        case .string(let bytes): return text(bytes)
        case .list(let elements), .set(let elements): return .list(elements.map(text))
        case .hash(let fields): return .list(fields.flatMap { [text($0.name), text($0.value)] })
        case .sortedSet(let members): return .list(members.map { text($0.member) })
        }
    }
}
