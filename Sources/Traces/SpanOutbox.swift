import JSON

/// Spans that wait to be handed over: lines of JSON, as many in a datagram as fit. Bounded; what is too much is dropped
/// and counted, since nobody who runs tasks waits for whoever collects spans.
public struct SpanOutbox: Sendable {
    /// Most bytes that wait.
    public static let capacity = 1 << 20
    /// Most bytes of a datagram.
    public static let datagram = 60_000

    private var lines: [[UInt8]] = []
    private var first = 0
    private var bytes = 0
    /// Spans that were handed over.
    public private(set) var sent = 0
    /// Spans that were not, or could not be handed over.
    public private(set) var dropped = 0

    /// An empty one.
    public init() {}

    /// Whether nothing waits.
    public var isEmpty: Bool { self.first == self.lines.count }

    /// Takes a span on, if there is room.
    public mutating func add(_ span: SpanRecord) {
        let line = span.json.serialized() + [UInt8(ascii: "\n")]
        guard line.count <= Self.datagram, self.bytes + line.count <= Self.capacity else {
            self.dropped += 1
            return
        }
        self.lines.append(line)
        self.bytes += line.count
    }

    /// The next datagram, and how many spans are in it; `nil` when nothing waits.
    public func next() -> (bytes: [UInt8], spans: Int)? {
        if self.isEmpty { return nil }
        var bytes: [UInt8] = []
        var spans = 0
        for line in self.lines[self.first...] {
            guard bytes.count + line.count <= Self.datagram else { break }
            bytes += line
            spans += 1
        }
        return (bytes, spans)
    }

    /// The next spans have been handed over, or are given up.
    public mutating func remove(_ spans: Int, areDropped: Bool = false) {
        for line in self.lines[self.first..<self.first + spans] { self.bytes -= line.count }
        self.first += spans
        if areDropped { self.dropped += spans } else { self.sent += spans }
        guard self.isEmpty || self.first > 1_024 else { return }
        self.lines.removeFirst(self.first)
        self.first = 0
    }
}
