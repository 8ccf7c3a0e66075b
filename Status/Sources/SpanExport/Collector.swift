import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1

/// Where spans go, over OTLP/HTTP.
public struct Collector: Sendable {
    private static let timeout: TimeAmount = .seconds(10)
    private static let longestAnswer = 64 << 10

    private let url: String
    private let headers: HTTPHeaders
    private let request: SpanRequest

    /// A collector.
    ///
    /// - Parameters:
    ///   - url: of the collector, `http://127.0.0.1:4318`, or of its traces, where that is not `/v1/traces`.
    ///   - headers: further headers as `OTEL_EXPORTER_OTLP_HEADERS` has them: `name=value,name=value`.
    ///
    /// `nil` for what is no URL of HTTP or HTTPS.
    public init?(url: String, headers: String = "", service: String) {
        guard var parts = URLComponents(string: url), ["http", "https"].contains(parts.scheme),
            parts.host?.isEmpty == false
        else {
            return nil
        }
        if ["", "/"].contains(parts.path) { parts.path = "/v1/traces" }
        guard let text = parts.string else { return nil }
        self.url = text
        self.request = SpanRequest(service: service)
        var all: HTTPHeaders = ["content-type": "application/json", "user-agent": "celeriac-status"]
        for pair in headers.split(separator: ",") {
            let words = pair.split(separator: "=", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) }
            guard words.count == 2, let value = words[1].removingPercentEncoding else { return nil }
            all.replaceOrAdd(name: words[0], value: value)
        }
        self.headers = all
    }

    /// Sends spans and says what came of it.
    public func send(_ spans: [Data]) async -> (answer: ExportQueue.Answer, reason: String) {
        var request = HTTPClientRequest(url: self.url)
        request.method = .POST
        request.headers = self.headers
        request.body = .bytes(ByteBuffer(bytes: self.request.body(spans)))
        do {
            let response = try await HTTPClient.shared.execute(request, timeout: Self.timeout)
            _ = try? await response.body.collect(upTo: Self.longestAnswer)
            let wait = response.headers.first(name: "retry-after").flatMap { Int64($0) }
            return (Self.answer(response.status, wait: wait), "\(response.status)")
        } catch {
            return (.later(nil), "\(error)")
        }
    }

    /// What OTLP says of the statuses.
    static func answer(_ status: HTTPResponseStatus, wait: Int64?) -> ExportQueue.Answer {
        switch status.code {
        case 200..<300: .taken
        case 429, 502, 503, 504: .later(wait.map { .seconds(min(max(0, $0), 3_600)) })
        default: .refused
        }
    }
}
