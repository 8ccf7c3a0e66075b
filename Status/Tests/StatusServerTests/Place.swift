import Foundation
import Hummingbird
import NIOCore
import NIOPosix
import StatusServer
import WorkerStatus

/// The status server in the test's process, on a free port.
struct Place {
    static let token = "0123456789abcdef"

    /// An answer.
    struct Answer {
        let status: Int
        let text: String
        let headers: [String: String]

        init(_ bytes: ByteBuffer) {
            let whole = String(buffer: bytes)
            let end = whole.range(of: "\r\n\r\n")
            let head = whole[..<(end?.lowerBound ?? whole.endIndex)].components(separatedBy: "\r\n")
            self.text = end.map { String(whole[$0.upperBound...]) } ?? ""
            self.status = head[0].split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
            let pairs = head.dropFirst().map { $0.split(separator: ":", maxSplits: 1).map(String.init) }
            self.headers = Dictionary(
                pairs.map { ($0[0].lowercased(), $0[1].trimmingCharacters(in: .whitespaces)) }
            ) { $1 }
        }
    }

    private let port: Int

    /// Serves while a test runs.
    static func serve(
        _ path: String, patience: Duration = .seconds(5), _ test: @escaping @Sendable (Place) async throws -> Void
    ) async throws {
        let worker = Worker(WorkerLink(path: path, patience: patience))
        let routes = StatusRoutes(worker, token: Token(Self.token))
        let (ports, port) = AsyncStream.makeStream(of: Int.self)
        let application = Application(
            router: routes.router(), configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { port.yield($0.localAddress?.port ?? 0) })
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await application.run() }
            for await port in ports {
                try await test(Place(port: port))
                break
            }
            group.cancelAll()
        }
    }

    func get(_ path: String, authorization: String? = nil) async throws -> Answer {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: "127.0.0.1", port: self.port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        let header = authorization.map { "Authorization: \($0)\r\n" } ?? ""
        let request = "GET \(path) HTTP/1.1\r\nHost: here\r\n\(header)Connection: close\r\n\r\n"
        return try await channel.executeThenClose { incoming, outgoing in
            try await outgoing.write(ByteBuffer(string: request))
            var answer = ByteBuffer()
            for try await var part in incoming { answer.writeBuffer(&part) }
            return Answer(answer)
        }
    }
}

/// A worker's answer to `snapshot`.
func snapshotAnswer(_ state: WorkerState = .consuming) throws -> String {
    let worker = WorkerSnapshot.Worker(
        name: "w@here", pid: 1, version: "1", state: state, uptime: 2, memory: 3, cpu: 0.5)
    let broker = WorkerSnapshot.Broker(
        server: "redis://here", connected: true, taken: 7, settled: 6, stale: 0, recovered: 0, leases: 1, waiting: 0,
        dead: [:])
    var snapshot = WorkerSnapshot(worker: worker, broker: broker, pools: [])
    (snapshot.queues, snapshot.tasks, snapshot.children, snapshot.failures) = ([], [], [], [])
    return String(decoding: try JSONEncoder().encode(["w@here": snapshot]), as: UTF8.self)
}
