import EngineSupport
import Syscalls
import Testing

extension RedisTests {
    /// The faulty network that the other tests rely on.
    @Suite struct FaultProxyTests {
        let server: RedisServer
        let proxy: FaultProxy

        init() throws {
            self.server = try RedisServer()
            self.proxy = try FaultProxy(to: self.server.port)
        }

        private func connect() throws -> RedisConnection {
            RedisConnection(socket: try LocalSocket.connect(port: self.proxy.port))
        }

        private func ping(_ connection: RedisConnection) throws -> RedisReply { try connection.command(["PING"]) }

        @Test func passesEverythingOn() throws {
            let connection = try self.connect()
            let value = String(repeating: "0123456789", count: 100_000)
            #expect(try connection.command(["SET", "key", value]) == .text("OK"))
            #expect(try connection.command(["GET", "key"]) == .text(value))
            #expect(self.proxy.counts.accepted == 1)
            // It counts what it has passed on, which the client may have read before.
            let bytes = "+OK\r\n$1000000\r\n".utf8.count + 1_000_002
            try wait(for: "the whole reply to be counted") { self.proxy.counts.replyBytes == bytes }
        }

        /// `+PONG` has seven bytes with its line end.
        @Test(arguments: [0, 1, 6, 7, 13]) func cutsAfterSoManyBytes(count: Int) throws {
            self.proxy.faults.cutAfter = count
            let connection = try self.connect()
            #expect(throws: (any Error).self) { while true { _ = try self.ping(connection) } }
            try wait(for: "the cut to be counted") { self.proxy.counts.cuts == 1 }
            #expect(self.proxy.counts.replyBytes == count)
            #expect(try self.ping(self.connect()) == .text("PONG"), "one cut, then peace")
        }

        @Test func cutsOpenConnections() throws {
            let connections = try (0..<3).map { _ in try self.connect() }
            for connection in connections { #expect(try self.ping(connection) == .text("PONG")) }
            self.proxy.cutAll()
            for connection in connections {
                #expect(throws: (any Error).self) { try self.ping(connection) }
            }
            try wait(for: "the cuts to be counted") { self.proxy.counts.cuts == 3 }
        }

        @Test func delays() throws {
            let connection = try self.connect()
            self.proxy.faults.delay = .milliseconds(50)
            let start = monotonicNanoseconds()
            #expect(try self.ping(connection) == .text("PONG"))
            #expect(monotonicNanoseconds() - start >= 100_000_000, "there and back")
        }

        @Test func splits() throws {
            self.proxy.faults.splits = true
            let connection = try self.connect()
            #expect(try connection.command(["RPUSH", "list", "a", "b"]) == .integer(2))
            #expect(try connection.command(["LRANGE", "list", "0", "-1"]) == .list([.text("a"), .text("b")]))
        }

        @Test func swallowsReplies() throws {
            let connection = try self.connect()
            #expect(try self.ping(connection) == .text("PONG"))
            self.proxy.faults.swallowsReplies = true
            try connection.send(Array("SET key value\r\n".utf8))
            try wait(for: "the reply to vanish") { self.proxy.counts.swallowedBytes == 5 }
            #expect(try self.server.command("GET", "key") == .text("value"))
            #expect(self.proxy.counts.replyBytes == 7)
        }

        @Test func swallowsRequests() throws {
            self.proxy.faults.swallowsRequests = true
            let connection = try self.connect()
            try connection.send(Array("SET key value\r\n".utf8))
            try wait(for: "the request to vanish") { self.proxy.counts.swallowedBytes == 15 }
            #expect(try self.server.command("GET", "key") == .none)
            #expect(self.proxy.counts.open == 1)
        }

        @Test func refuses() throws {
            let connection = try self.connect()
            #expect(try self.ping(connection) == .text("PONG"))
            self.proxy.faults.refuses = true
            try wait(for: "a refusal") { (try? self.connect()) == nil }
            #expect(try self.ping(connection) == .text("PONG"), "open connections stay")
            self.proxy.faults.refuses = false
            try wait(for: "a connection") { (try? self.ping(self.connect())) == .text("PONG") }
        }
    }
}
