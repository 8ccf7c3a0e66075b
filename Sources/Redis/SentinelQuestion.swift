import Syscalls

/// One sentinel that is asked where the master is.
final class SentinelQuestion {
    private let sentinel: Server
    private let master: String
    private let stream: any ByteStream
    private let decoder = ReplyDecoder()
    private var isConnected = false
    private var queue = WriteQueue()
    /// Answers that are due; the last one is the master's address.
    private var due = 0

    /// Begins to connect.
    init(to sentinel: Server, login: Login, master: String) throws {
        self.sentinel = sentinel
        self.master = master
        self.stream = try sentinel.open()
        for command in [login.authentication, Command("SENTINEL", "GET-MASTER-ADDR-BY-NAME", master)] {
            guard let command else { continue }
            command.write(to: &self.queue)
            self.due += 1
        }
    }

    var descriptor: CInt { self.stream.descriptor }

    var wanted: Readiness {
        guard self.isConnected else { return self.stream.wanted }
        return self.stream.wanted.union(self.queue.isEmpty ? .readable : [.readable, .writable])
    }

    /// Goes on. Returns where the master is, once that is known; throws why this sentinel does not tell.
    func proceed() throws -> RedisURL.Place? {
        if !self.isConnected { self.isConnected = try self.stream.finishConnecting() }
        guard self.isConnected else { return nil }
        try self.ask()
        return try self.listen()
    }

    private func ask() throws {
        repeat {
            switch try self.stream.write(&self.queue) {
            case .bytes: continue
            case .wouldBlock: return
            case .noReader: throw self.error("it closed the connection")
            }
        } while !self.queue.isEmpty
    }

    private func listen() throws -> RedisURL.Place? {
        var chunk = [UInt8](repeating: 0, count: 4_096)
        while true {
            switch try chunk.withUnsafeMutableBytes({ try self.stream.read(into: $0) }) {
            case .bytes(let count):
                chunk.withUnsafeBytes { self.decoder.append(UnsafeRawBufferPointer(rebasing: $0.prefix(count))) }
                if let place = try self.takeReplies() { return place }
            case .wouldBlock: return nil
            case .endOfFile: throw self.error("it closed the connection")
            }
        }
    }

    private func takeReplies() throws -> RedisURL.Place? {
        while let reply = try self.decoder.next() {
            if case .error(let error) = reply { throw self.error(error.text) }
            self.due -= 1
            if self.due == 0 { return try self.place(reply) }
        }
        return nil
    }

    private func place(_ reply: Reply) throws -> RedisURL.Place {
        if reply == .null { throw self.error("it does not know the master \(self.master)") }
        guard let parts = reply.asArray, parts.count == 2, let host = parts[0].asText, !host.isEmpty,
            let port = parts[1].asInt.flatMap(UInt16.init(exactly:))
        else { throw self.error("its answer is no address") }
        return .host(host, port: port)
    }

    private func error(_ reason: String) -> SentinelError {
        SentinelError(text: "sentinel \(self.sentinel): \(reason)")
    }
}

/// Why a sentinel does not tell where the master is.
struct SentinelError: Error, CustomStringConvertible {
    let text: String

    var description: String { self.text }
}
