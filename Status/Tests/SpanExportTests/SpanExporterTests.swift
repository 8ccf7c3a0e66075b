import Foundation
import Hummingbird
import Logging
import SpanExport
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(1))) struct SpanExporterTests {
    /// What a collector was sent.
    private final class Requests: Sendable {
        private let all = Mutex<[(path: String, type: String, body: Data, token: String?)]>([])
        private let statuses: Mutex<[HTTPResponse.Status]>

        init(_ statuses: [HTTPResponse.Status]) { self.statuses = Mutex(statuses) }

        var bodies: [Data] { self.all.withLock { $0.map(\.body) } }
        var first: (path: String, type: String, body: Data, token: String?)? { self.all.withLock { $0.first } }

        /// Notes a request and says how to answer it.
        func note(_ request: Request, _ body: Data) -> HTTPResponse.Status {
            let type = request.headers[.contentType] ?? ""
            self.all.withLock { $0.append((request.uri.path, type, body, request.headers[.authorization])) }
            return self.statuses.withLock { $0.isEmpty ? .ok : $0.removeFirst() }
        }
    }

    /// An exporter whose collector is a real server, while a test runs.
    private static func export(
        _ statuses: [HTTPResponse.Status] = [],
        _ test: @escaping @Sendable (_ path: String, Requests, SpanExporter) async throws -> Void
    ) async throws {
        let requests = Requests(statuses)
        let router = Router()
        router.post("v1/traces") { request, _ in
            let body = try await request.body.collect(upTo: 1 << 20)
            return Response(status: requests.note(request, Data(buffer: body)))
        }
        let (ports, port) = AsyncStream.makeStream(of: Int.self)
        let application = Application(
            router: router, configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { port.yield($0.localAddress?.port ?? 0) })
        let path = "\(NSTemporaryDirectory())/spans-\(UInt32.random(in: .min ... .max))"
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await application.run() }
            for await port in ports {
                let collector = try #require(
                    Collector(
                        url: "http://127.0.0.1:\(port)", headers: "authorization=Bearer%20abc", service: "shop"))
                var limits = ExportQueue.Limits()
                (limits.linger, limits.backoff) = (.milliseconds(50), .milliseconds(50))
                let exporter = SpanExporter(collector, limits: limits, logger: Logger(label: "test"))
                group.addTask { try await exporter.run(at: path) }
                try await test(path, requests, exporter)
                break
            }
            group.cancelAll()
        }
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    private static func eventually(_ condition: () async -> Bool) async throws {
        while !(await condition()) { try await Task.sleep(for: .milliseconds(5)) }
    }

    /// Sends a datagram, as a worker does.
    private static func send(_ text: String, to path: String) async throws {
        try await self.eventually { FileManager.default.fileExists(atPath: path) }
        let number = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        defer { close(number) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
        let bytes = Array(text.utf8)
        let count = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                sendto(number, bytes, bytes.count, 0, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        #expect(count == bytes.count)
    }

    private static func span(_ id: String) -> String { #"{"traceId":"aa","spanId":"\#(id)","name":"run/t"}"# }

    /// The ids of the spans of a request.
    private static func spans(_ body: Data) throws -> [String] {
        let object = try #require(try JSONSerialization.jsonObject(with: body) as? [String: Any])
        let resource = try #require((object["resourceSpans"] as? [[String: Any]])?.first)
        let scope = try #require((resource["scopeSpans"] as? [[String: Any]])?.first)
        return (scope["spans"] as? [[String: Any]] ?? []).compactMap { $0["spanId"] as? String }
    }

    @Test func spansArriveAsOTLPHasThem() async throws {
        try await Self.export { path, requests, exporter in
            try await Self.send(Self.span("1") + "\n" + Self.span("2") + "\n", to: path)
            try await Self.eventually { !requests.bodies.isEmpty }
            let request = try #require(requests.first)
            #expect(request.path == "/v1/traces" && request.type == "application/json")
            #expect(request.token == "Bearer abc")
            #expect(try Self.spans(request.body) == ["1", "2"])
            #expect(
                String(decoding: request.body, as: UTF8.self).contains(
                    #"{"key":"service.name","value":{"stringValue":"shop"}}"#))
            try await Self.eventually { exporter.counts.exported == 2 }
        }
    }

    @Test func aCollectorThatIsBusyIsAskedAgain() async throws {
        try await Self.export([.serviceUnavailable, .tooManyRequests]) { path, requests, exporter in
            try await Self.send(Self.span("1"), to: path)
            try await Self.eventually { exporter.counts.exported == 1 }
            #expect(requests.bodies.count == 3)
            #expect(Set(requests.bodies).count == 1)
        }
    }

    @Test func aCollectorThatDoesNotWantThemIsNot() async throws {
        try await Self.export([.badRequest]) { path, requests, exporter in
            try await Self.send(Self.span("1"), to: path)
            try await Self.eventually { exporter.counts.refused == 1 }
            try await Self.send(Self.span("2"), to: path)
            try await Self.eventually { exporter.counts.exported == 1 }
            #expect(try requests.bodies.map { try Self.spans($0) } == [["1"], ["2"]])
        }
    }

    @Test(arguments: ["", "127.0.0.1:4318", "ftp://here", "http://"]) func onlyURLsAreTaken(_ url: String) {
        #expect(Collector(url: url, service: "s") == nil)
    }

    @Test func headersThatAreNoneAreNotTaken() {
        #expect(Collector(url: "http://here", headers: "nonsense", service: "s") == nil)
    }
}
