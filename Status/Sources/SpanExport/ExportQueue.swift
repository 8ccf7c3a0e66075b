import Foundation

/// Spans on their way to a collector: which are sent when, and what becomes of them. Sends nothing, reads no clock.
///
/// One batch is under way at a time. One that was not taken is sent again, later and later; what comes meanwhile waits,
/// and what does not fit is dropped and counted.
public struct ExportQueue: Sendable {
    /// Bounds on what waits and on what is sent.
    public struct Limits: Sendable {
        /// Most spans that wait. Default 16,384.
        public var waiting = 16_384
        /// Most spans in a batch. Default 512.
        public var batch = 512
        /// How long spans are gathered before a batch goes out that is not full. Default 1 s.
        public var linger: Duration = .seconds(1)
        /// The wait after the first failure, doubled with each that follows. Default 1 s.
        public var backoff: Duration = .seconds(1)
        /// The longest wait. Default 1 min.
        public var longestBackoff: Duration = .seconds(60)

        /// The usual ones.
        public init() {}
    }

    /// What a collector said to a batch.
    public enum Answer: Equatable, Sendable {
        /// It has the spans.
        case taken
        /// It does not want them, now or later.
        case refused
        /// It cannot take them now; perhaps it says how long that will last.
        case later(Duration?)
    }

    /// What has become of spans.
    public struct Counts: Equatable, Sendable {
        /// Spans that a collector has taken.
        public var exported = 0
        /// Spans that did not fit, or were none.
        public var dropped = 0
        /// Spans that a collector did not want.
        public var refused = 0
    }

    /// What has become of spans until now.
    public private(set) var counts = Counts()
    private let limits: Limits
    private var waiting: [Data] = []
    private var underWay: [Data] = []
    private var isSending = false
    private var failures = 0
    private var notBefore: ContinuousClock.Instant
    private var oldest: ContinuousClock.Instant?

    /// An empty queue.
    public init(_ limits: Limits = Limits(), now: ContinuousClock.Instant) {
        self.limits = limits
        self.notBefore = now
    }

    /// Takes the lines of a datagram: a span on each, as OTLP's JSON has it.
    public mutating func add(_ datagram: Data, now: ContinuousClock.Instant) {
        for line in datagram.split(separator: UInt8(ascii: "\n")) {
            guard self.waiting.count + self.underWay.count < self.limits.waiting, Self.isSpan(Data(line)) else {
                self.counts.dropped += 1
                continue
            }
            self.waiting.append(Data(line))
            self.oldest = self.oldest ?? now
        }
    }

    /// Any process of the user can write to the socket: what is no object of JSON would spoil the whole batch.
    private static func isSpan(_ line: Data) -> Bool {
        let object = try? JSONSerialization.jsonObject(with: line) as? [String: Any]
        return object?["traceId"] is String && object?["spanId"] is String
    }

    /// When to ask for a batch; `nil` when there is nothing to be sent, or a batch is under way.
    public var nextSending: ContinuousClock.Instant? {
        if self.isSending { return nil }
        if !self.underWay.isEmpty { return self.notBefore }
        guard let oldest else { return nil }
        return max(self.notBefore, self.waiting.count >= self.limits.batch ? oldest : oldest + self.limits.linger)
    }

    /// The batch that is to be sent now; it is under way until ``answered(_:now:)``.
    public mutating func nextBatch(now: ContinuousClock.Instant, isLast: Bool = false) -> [Data]? {
        guard let time = self.nextSending, isLast || time <= now else { return nil }
        if self.underWay.isEmpty {
            self.underWay = Array(self.waiting.prefix(self.limits.batch))
            self.waiting.removeFirst(self.underWay.count)
            self.oldest = self.waiting.isEmpty ? nil : now
        }
        self.isSending = true
        return self.underWay
    }

    /// The batch that was under way is over, or is sent again.
    public mutating func answered(_ answer: Answer, now: ContinuousClock.Instant) {
        self.isSending = false
        switch answer {
        case .taken: self.counts.exported += self.underWay.count
        case .refused: self.counts.refused += self.underWay.count
        case .later(let wait):
            self.notBefore = now + min(self.limits.longestBackoff, max(wait ?? .zero, self.backoff))
            self.failures += 1
            return
        }
        self.underWay = []
        self.failures = 0
    }

    private var backoff: Duration { self.limits.backoff * (1 << min(self.failures, 16)) }
}
