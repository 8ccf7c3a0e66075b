/// What concerns traces.
public struct TraceSettings: Equatable, Sendable {
    /// The socket that spans go to; `nil` makes none.
    public let socket: String?
    /// The part of the messages without a trace that begin one, from 0 to 1. Default 1.
    public let ratio: Double

    init(_ layer: Layer) {
        self.socket = layer.text(.traceSocket)
        self.ratio = Double(layer.count(.tracePercent) ?? 100) / 100
    }
}
