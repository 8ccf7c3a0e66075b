import Foundation
import HTTPTypes
import Hummingbird
import WorkerStatus

/// What can be asked about a worker over HTTP.
///
/// - `/live`: 200 while the worker's loop turns. Needs no token, and costs the worker one line.
/// - `/ready`: 200 while it takes messages. Needs no token.
/// - `/metrics`: for Prometheus.
/// - `/snapshot.json`, `/`: for people.
///
/// Everything is 503 with the reason while the worker does not answer.
public struct StatusRoutes: Sendable {
    private let worker: Worker
    private let token: Token?
    private let further: @Sendable () async -> String

    /// - Parameter token: what is needed for all but probes; `nil` where only those can connect who may see everything.
    /// - Parameter further: metrics of this program's own, in the text format of Prometheus.
    public init(
        _ worker: Worker, token: Token?, further: @escaping @Sendable () async -> String = { "" }
    ) {
        (self.worker, self.token, self.further) = (worker, token, further)
    }

    /// The routes.
    public func router() -> Router<BasicRequestContext> {
        let router = Router()
        router.get("live") { _, _ in
            try await Self.answer {
                try await self.worker.ping()
                return "ok"
            }
        }
        router.get("ready") { _, _ in try await self.readiness() }
        let guarded = router.group().add(middleware: TokenCheck(token: self.token))
        guarded.get("metrics") { _, _ in
            try await Self.answer(PrometheusText.mediaType) {
                PrometheusText.render(try await self.worker.snapshot(["queues", "tasks"])) + (await self.further())
            }
        }
        guarded.get("snapshot.json") { _, _ in
            try await Self.answer("application/json") {
                let snapshot = try await self.worker.snapshot(WorkerSnapshot.Part.allCases.map(\.rawValue))
                return String(decoding: try JSONEncoder().encode(snapshot), as: UTF8.self)
            }
        }
        guarded.get("/") { _, _ in Self.page() }
        return router
    }

    private func readiness() async throws -> Response {
        do {
            let state = try await self.worker.snapshot(["worker"]).worker.state
            return Self.response(state == .consuming ? .ok : .serviceUnavailable, "\(state.rawValue)\n")
        } catch let silence as WorkerLink.Silence {
            return Self.response(.serviceUnavailable, "\(silence)\n")
        }
    }

    private static func page() -> Response {
        let nonce = UUID().uuidString
        var response = self.response(.ok, StatusPage.html(nonce: nonce), StatusPage.mediaType)
        response.headers[.contentSecurityPolicy] = StatusPage.contentPolicy(nonce: nonce)
        return response
    }

    private static func answer(
        _ mediaType: String = "text/plain; charset=utf-8", _ content: () async throws -> String
    ) async throws -> Response {
        do {
            return self.response(.ok, try await content(), mediaType)
        } catch let silence as WorkerLink.Silence {
            return self.response(.serviceUnavailable, "\(silence)\n")
        }
    }

    private static func response(
        _ status: HTTPResponse.Status, _ text: String, _ mediaType: String = "text/plain; charset=utf-8"
    ) -> Response {
        let headers: HTTPFields = [
            .contentType: mediaType, .cacheControl: "no-store", .xContentTypeOptions: "nosniff",
        ]
        return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }
}
