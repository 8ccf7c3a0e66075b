import Foundation

/// The body of a request to a collector: `ExportTraceServiceRequest` of OTLP 1, in JSON.
public struct SpanRequest: Sendable {
    private let head: Data

    /// Requests of a service.
    public init(service: String) {
        let name = (try? JSONEncoder().encode(service)) ?? Data(#""celeriac""#.utf8)
        self.head =
            Data(#"{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"#.utf8)
            + name + Data(#"}}]},"scopeSpans":[{"scope":{"name":"celeriac"},"spans":["#.utf8)
    }

    /// The body with these spans, each a JSON object.
    public func body(_ spans: [Data]) -> Data {
        self.head + Data(spans.joined(separator: Data(",".utf8))) + Data("]}]}]}".utf8)
    }
}
