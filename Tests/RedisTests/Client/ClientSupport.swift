import CeleriacClient
import EngineSupport
import Glibc

/// Looks again and again until `condition` holds; throws when that takes longer than 20 seconds. Other tasks go on.
func eventually(_ what: String, _ condition: () throws -> Bool) async throws {
    let deadline = ContinuousClock.now + .seconds(20)
    while !(try condition()) {
        guard ContinuousClock.now < deadline else { throw NeverHappened(what: what, seconds: 20) }
        try await Task.sleep(for: .milliseconds(2))
    }
}

extension RedisServer {
    /// A client with results in database 1.
    func makeClient() throws -> Client { try Client(self.url(), resultBackend: self.url(database: 1)) }
}

extension Program {
    /// A worker with the tasks of the demo. It need not be ready: messages wait.
    convenience init(worker server: RedisServer, _ arguments: [String] = []) throws {
        let command = [
            Executable.demo.path, "worker", "-c", "2", "-b", server.url(), "--result-backend", server.url(database: 1),
        ]
        try self.init(command: command + arguments, expectsOutcomes: false)
    }

    /// Ends it at once, with all that it has started.
    func end() throws {
        self.signal(SIGKILL)
        try self.finish(within: 10)
    }
}
