import Glibc

/// A connection that sends one command and waits for its answer, for at most ten seconds.
package final class RedisConnection {
    private let socket: CInt
    private var received: [UInt8] = []
    private var offset = 0

    /// Owns the connected socket.
    package init(socket: CInt) {
        self.socket = socket
        var patience = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close(self.socket) }

    package func command(_ words: [String]) throws -> RedisReply {
        var request = Array("*\(words.count)\r\n".utf8)
        for word in words { request += Array("$\(word.utf8.count)\r\n\(word)\r\n".utf8) }
        try self.send(request)
        return try self.reply()
    }

    /// Sends bytes as they are.
    package func send(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                Glibc.send(self.socket, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw SocketError("send", closing: -1) }
            sent += count
        }
    }

    /// Reads one answer if a part of one is there.
    package func replyIfAny() throws -> RedisReply? {
        var entry = pollfd(fd: self.socket, events: Int16(POLLIN), revents: 0)
        guard self.offset < self.received.count || poll(&entry, 1, 0) > 0 else { return nil }
        return try self.reply()
    }

    /// Reads one answer.
    package func reply() throws -> RedisReply {
        let line = try self.line()
        let rest = String(line.dropFirst())
        switch line.first {
        case "+": return .text(rest)
        case "-": return .error(rest)
        case ":": return .integer(Int(rest)!)
        case "$": return rest == "-1" ? .none : .text(try self.text(Int(rest)!))
        case "*": return rest == "-1" ? .none : .list(try (0..<Int(rest)!).map { _ in try self.reply() })
        default: throw BadReply(line: line)
        }
    }

    private func line() throws -> String {
        if self.offset == self.received.count { (self.received, self.offset) = ([], 0) }
        var end = self.offset
        while true {
            while end + 1 < self.received.count {
                if self.received[end] == 13, self.received[end + 1] == 10 {
                    defer { self.offset = end + 2 }
                    return String(decoding: self.received[self.offset..<end], as: UTF8.self)
                }
                end += 1
            }
            try self.receive()
        }
    }

    /// So many bytes and a line end.
    private func text(_ count: Int) throws -> String {
        while self.received.count - self.offset < count + 2 { try self.receive() }
        defer { self.offset += count + 2 }
        return String(decoding: self.received[self.offset..<self.offset + count], as: UTF8.self)
    }

    private func receive() throws {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        // A call with a time limit is not resumed after a stop of the whole process: Ctrl-Z and `fg` during a soak.
        var count: Int
        repeat { count = Glibc.recv(self.socket, &buffer, buffer.count, 0) } while count < 0 && errno == EINTR
        guard count != 0 else { throw ConnectionClosed() }
        guard count > 0 else { throw SocketError("recv", closing: -1) }
        self.received += buffer[..<count]
    }

    /// The server closed the connection.
    package struct ConnectionClosed: Error {}

    /// An answer that is not RESP2.
    package struct BadReply: Error {
        let line: String
    }
}
