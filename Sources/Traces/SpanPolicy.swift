/// Which attempts have a span of their own, and where in which trace.
///
/// The sender decides whether a trace is recorded, and everybody after it keeps to that. For messages that belong to no
/// trace the worker decides, if spans are collected here at all.
public struct SpanPolicy: Sendable {
    /// The part of the messages without a trace that begin one, from 0 to 1; `nil` when no spans are collected.
    public var ratio: Double?

    /// A policy.
    public init(ratio: Double?) { self.ratio = ratio }

    /// The trace of an attempt.
    ///
    /// - Parameter parent: what the message says.
    public func attempt(of parent: TraceContext?, using random: inout some RandomNumberGenerator) -> AttemptTrace? {
        guard let ratio else { return parent.map { AttemptTrace($0, parent: nil, isRecorded: false) } }
        if let parent {
            guard parent.isSampled, let own = parent.child(Self.id(&random)) else {
                return AttemptTrace(parent, parent: nil, isRecorded: false)
            }
            return AttemptTrace(own, parent: parent.spanID, isRecorded: true)
        }
        // Spares all the numbers where no traces are begun.
        guard ratio > 0 else { return nil }
        let isRecorded = Double.random(in: 0..<1, using: &random) < ratio
        let trace = UInt128(Self.id(&random)) << 64 | UInt128(Self.id(&random))
        let own = TraceContext(traceID: trace, spanID: Self.id(&random), flags: isRecorded ? 3 : 2)
        return own.map { AttemptTrace($0, parent: nil, isRecorded: isRecorded) }
    }

    private static func id(_ random: inout some RandomNumberGenerator) -> UInt64 {
        UInt64.random(in: 1 ... .max, using: &random)
    }
}

/// Where an attempt belongs.
public struct AttemptTrace: Equatable, Sendable {
    /// The context that its task works in: its own span if it has one, else the span of the message.
    public let context: TraceContext
    /// The span that the message was sent in; `nil` when the attempt begins a trace, or is not recorded.
    public let parent: UInt64?
    /// Whether it has a span.
    public let isRecorded: Bool

    init(_ context: TraceContext, parent: UInt64?, isRecorded: Bool) {
        (self.context, self.parent, self.isRecorded) = (context, parent, isRecorded)
    }
}
