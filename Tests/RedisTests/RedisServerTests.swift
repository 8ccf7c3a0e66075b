import EngineSupport
import Testing

extension RedisTests {
    /// The server that the other tests rely on.
    @Suite struct RedisServerTests {
        @Test func answersOnItsSocket() throws {
            let server = try RedisServer()
            #expect(try server.command("SET", "key", "välue") == .text("OK"))
            #expect(try server.command("GET", "key") == .text("välue"))
            #expect(try server.command("GET", "other") == .none)
            #expect(try server.command("RPUSH", "list", "a", "", "c") == .integer(3))
            #expect(try server.list("list") == ["a", "", "c"])
            #expect(try server.length("list") == 3)
            #expect(try server.command("KEYS", "*").texts.sorted() == ["key", "list"])
            let wrongType = "WRONGTYPE Operation against a key holding the wrong kind of value"
            #expect(try server.command("LLEN", "key") == .error(wrongType))
        }

        @Test func endsWithItsTest() throws {
            let port = try RedisServer().port
            #expect(throws: SocketError.self) { _ = try LocalSocket.connect(port: port) }
        }

        @Test func keepsWhatItAcknowledgedWhenKilled() throws {
            let server = try RedisServer(["appendonly": "yes"])
            try server.command("SET", "key", "value")
            try server.kill()
            #expect(throws: (any Error).self) { try server.command("PING") }
            try server.restart()
            #expect(try server.command("GET", "key") == .text("value"))
        }

        @Test func isEmptyAfterARestartWithoutFiles() throws {
            let server = try RedisServer()
            try server.command("SET", "key", "value")
            try server.kill()
            try server.restart()
            #expect(try server.command("DBSIZE") == .integer(0))
        }

        @Test func pausedServerAnswersLater() throws {
            let server = try RedisServer()
            let connection = RedisConnection(socket: try LocalSocket.connect(port: server.port))
            server.pause()
            try connection.send(Array("PING\r\n".utf8))
            server.resume()
            #expect(try connection.reply() == .text("PONG"))
        }

        @Test func passwordAndMemoryLimitHold() throws {
            let server = try RedisServer(["requirepass": "secret", "maxmemory": "1"])
            let stranger = RedisConnection(socket: try LocalSocket.connect(port: server.port))
            #expect(try stranger.command(["PING"]) == .error("NOAUTH Authentication required."))
            #expect(server.url() == "redis://:secret@127.0.0.1:\(server.port)/0")
            guard case .error(let text) = try server.command("SET", "key", "value") else {
                Issue.record("more memory than allowed")
                return
            }
            #expect(text.hasPrefix("OOM"))
        }
    }
}
