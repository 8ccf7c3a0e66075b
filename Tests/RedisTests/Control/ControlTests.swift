import EngineSupport
import Glibc
import JSON
import Testing

extension RedisTests {
    /// Remote control and events, asked by real Celery.
    @Suite(.enabled(if: PythonPeers.areInstalled, "scripts/python-peers has not been able to install Celery"))
    struct ControlTests {}
}

typealias ControlTests = RedisTests.ControlTests

/// A server, a Celery client, and workers of ours that answer.
struct ControlledPlace {
    let server: RedisServer
    let client: CeleryClient

    init() throws {
        self.server = try RedisServer()
        self.client = try CeleryClient(self.server)
    }

    /// A worker called `w1@here` that hears what is published.
    func worker(
        _ arguments: String..., name: String = "w1@here", concurrency: Int = 2, configuration: String = ""
    ) throws -> TestedWorker {
        let heard = try self.listeners()
        let worker = try TestedWorker(
            PeerConnection(self.server), concurrency: concurrency, arguments: ["-n", name] + arguments,
            configuration: configuration)
        try wait(for: "a worker that listens") { try self.listeners() > heard }
        return worker
    }

    /// Workers and others that subscribe by pattern.
    func listeners() throws -> Int {
        let clients = try self.server.command("CLIENT", "LIST", "TYPE", "pubsub").text ?? ""
        return clients.split(separator: "\n").count { $0.contains(" psub=1 ") }
    }

    /// A task that runs, with the worker's process for it.
    func running(_ task: String = "tasks.sleep", seconds: Int = 60) throws -> String {
        let id = try self.client.send(task, .number(JSONNumber(seconds)))
        try wait(for: "the task's start") {
            try self.client.inspect("active").elements.contains { $0["id"]?.text == id }
        }
        return id
    }
}
