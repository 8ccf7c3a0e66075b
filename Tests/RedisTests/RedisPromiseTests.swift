import Broker
import CeleriacTesting
import Configuration
import Logging
import Redis
import RedisBroker
import Supervision
import Testing

extension RedisTests {
    /// The broker of `celeriac worker` keeps what brokers promise.
    @Suite struct RedisPromiseTests {
        @Test func allAreKept() throws {
            let server = try RedisServer()
            for promise in BrokerPromise.allCases {
                _ = try server.command("FLUSHALL")
                try promise.check(try RedisBench(server))
            }
        }
    }
}

private struct RedisBench: BrokerBench {
    let broker: any Broker
    private let server: RedisServer

    init(_ server: RedisServer) throws {
        self.server = server
        var options = RedisBrokerOptions(nodeName: "bench")
        options.queues = [WeightedQueue("celery")]
        options.results = ResultOptions()
        options.listens = false
        let settings = DeliverySettings(
            acknowledgement: .late, ignoresResult: false, tracksStart: false, rate: nil, maxConcurrent: nil)
        let profiles = (0..<2).map { TaskProfile(limits: TaskLimits(), retry: RetryPolicy(), pool: $0) }
        self.broker = RedisBroker(
            url: .server(RedisURL(host: "127.0.0.1", port: server.port)), options: options,
            directory: TaskDirectory(names: ["zero", "one"]),
            profiles: TaskProfiles(profile: { profiles[$0] }, delivery: { _ in settings }), pools: 2,
            logger: Logger(label: "bench", factory: { _ in SwiftLogNoOpLogHandler() }), seed: .random(in: 0 ... .max))
    }

    func send(_ id: String, task: Int) throws {
        try self.server.command("LPUSH", "celery", RawMessage(id, ["zero", "one"][task]).text)
    }

    func outcomes() throws -> [String: Int] {
        let prefix = "celery-task-meta-"
        return try self.server.command("KEYS", "\(prefix)*").texts.reduce(into: [:]) { counts, key in
            let document = try self.server.command("GET", key).text ?? ""
            if document.contains("SUCCESS") || document.contains("FAILURE") {
                counts[String(key.dropFirst(prefix.count))] = 1
            }
        }
    }
}
