import EngineSupport
import Glibc

/// A Redis server of a test's own: empty, on a free port of the loopback interface and on a Unix socket, with its files
/// in a directory of its own. It ends with the test.
package final class RedisServer {
    package let port: UInt16
    package let socketPath: String
    private let directory: ScratchDirectory
    private let settings: [String: String]
    private var program: Program
    private var connection: RedisConnection?

    /// Starts it with more settings, such as `["appendonly": "yes", "maxmemory": "20mb"]`, and waits until it answers.
    package init(_ settings: [String: String] = [:]) throws {
        self.directory = try ScratchDirectory()
        self.port = try LocalSocket.freePort()
        self.socketPath = self.directory.file("socket")
        // Nothing is saved unless a test asks for it, and then nothing that was acknowledged is lost.
        let defaults = ["save": "", "appendfsync": "always"]
        self.settings = defaults.merging(settings) { $1 }
        self.program = try Self.start(self.directory, self.port, self.settings)
        try self.waitUntilReady()
    }

    private static func start(
        _ directory: ScratchDirectory, _ port: UInt16, _ settings: [String: String]
    ) throws -> Program {
        let own = [
            "port": "\(port)", "bind": "127.0.0.1", "unixsocket": directory.file("socket"), "dir": directory.path,
            "logfile": directory.file("log"),
        ]
        let arguments = own.merging(settings) { $1 }.flatMap { ["--\($0.key)", $0.value] }
        return try Program(command: ["/usr/bin/env", "redis-server"] + arguments, expectsOutcomes: false)
    }

    /// While it loads its files it answers with an error.
    private func waitUntilReady() throws {
        try self.program.wait(for: "an answer of Redis") { (try? self.command("PING")) == .text("PONG") }
    }

    /// For workers and clients; the password, if the settings have one, is in it.
    package func url(database: Int = 0) -> String { self.url(port: self.port, database: database) }

    /// The same through a proxy.
    package func url(through proxy: FaultProxy, database: Int = 0) -> String {
        self.url(port: proxy.port, database: database)
    }

    private func url(port: UInt16, database: Int) -> String {
        let password = self.settings["requirepass"].map { ":\($0)@" } ?? ""
        return "redis://\(password)127.0.0.1:\(port)/\(database)"
    }

    // MARK: Commands

    /// Sends a command to database 0 and waits for the answer. Throws when the server cannot be reached.
    @discardableResult
    package func command(_ words: String...) throws -> RedisReply { try self.command(words) }

    @discardableResult
    package func command(_ words: [String]) throws -> RedisReply {
        do {
            let connection = try self.connection ?? self.connect()
            self.connection = connection
            return try connection.command(words)
        } catch {
            self.connection = nil
            throw error
        }
    }

    /// A further connection, authenticated.
    package func connect() throws -> RedisConnection {
        let connection = RedisConnection(socket: try LocalSocket.connect(path: self.socketPath))
        if let password = self.settings["requirepass"] { _ = try connection.command(["AUTH", password]) }
        return connection
    }

    /// How often a command has been carried out.
    package func calls(of command: String) throws -> Int {
        let text = try self.command("INFO", "commandstats").text ?? ""
        let line = text.split(separator: "\r\n").first { $0.hasPrefix("cmdstat_\(command):") } ?? ""
        return line.split(separator: ",").first.flatMap { $0.split(separator: "=").last.flatMap { Int($0) } } ?? 0
    }

    /// The length of a list.
    package func length(_ key: String) throws -> Int { try self.command("LLEN", key).integer ?? -1 }

    /// The elements of a list.
    package func list(_ key: String) throws -> [String] { try self.command("LRANGE", key, "0", "-1").texts }

    /// Messages that workers hold, as Celery's layout counts them: entries of the hash and of the index.
    package func unacknowledged() throws -> [Int] {
        [try self.command("HLEN", "unacked"), try self.command("ZCARD", "unacked_index")].map { $0.integer ?? -1 }
    }

    // MARK: Faults

    /// Ends it with SIGKILL.
    package func kill() throws {
        self.connection = nil
        self.program.signal(SIGKILL)
        try self.program.wait(for: "the end of Redis") { self.program.exit != nil }
    }

    /// Starts it again after ``kill()``, on the same port and with the same files.
    package func restart() throws {
        self.program = try Self.start(self.directory, self.port, self.settings)
        try self.waitUntilReady()
    }

    /// Stops it with SIGSTOP: connections stay open and nothing is answered.
    package func pause() { self.program.signal(SIGSTOP) }

    package func resume() { self.program.signal(SIGCONT) }
}
