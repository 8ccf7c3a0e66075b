import Foundation
import Logging
import Synchronization

/// Takes spans from workers of this machine on a datagram socket and hands them to a collector.
public final class SpanExporter: Sendable {
    /// How often the queue is looked at.
    private static let tick: Duration = .milliseconds(100)

    private let collector: Collector
    private let logger: Logger
    private let queue: Mutex<ExportQueue>
    private let isTroubled = Mutex(false)

    /// An exporter that has no spans yet.
    public init(_ collector: Collector, limits: ExportQueue.Limits = ExportQueue.Limits(), logger: Logger) {
        self.collector = collector
        self.queue = Mutex(ExportQueue(limits, now: .now))
        self.logger = logger
    }

    /// What has become of spans until now.
    public var counts: ExportQueue.Counts { self.queue.withLock { $0.counts } }

    /// ``counts`` in the text format of Prometheus.
    public var metrics: String {
        let counts = self.counts
        let families = [
            ("exported", "Spans that the collector has taken.", counts.exported),
            ("refused", "Spans that the collector did not want.", counts.refused),
            ("export_dropped", "Spans that came and did not fit, or were none.", counts.dropped),
        ]
        return families.map { name, help, count in
            "# HELP celeriac_spans_\(name)_total \(help)\n# TYPE celeriac_spans_\(name)_total counter\n"
                + "celeriac_spans_\(name)_total \(count)\n"
        }.joined()
    }

    /// Takes spans at a path until the calling task is cancelled, then sends once what waits. Throws when the socket
    /// cannot be made.
    public func run(at path: String) async throws {
        let socket = try SpanSocket(path)
        socket.read { datagram in self.queue.withLock { $0.add(datagram, now: .now) } }
        while !Task.isCancelled {
            while !Task.isCancelled, let batch = self.queue.withLock({ $0.nextBatch(now: .now) }) {
                await self.send(batch)
            }
            try? await Task.sleep(for: Self.tick)
        }
        socket.close()
        // In a task of its own, since this one is cancelled.
        await Task {
            if let batch = self.queue.withLock({ $0.nextBatch(now: .now, isLast: true) }) { await self.send(batch) }
        }.value
    }

    private func send(_ batch: [Data]) async {
        let (answer, reason) = await self.collector.send(batch)
        self.queue.withLock { $0.answered(answer, now: .now) }
        let isNews = self.isTroubled.withLock { troubled in
            defer { troubled = answer != .taken }
            return answer != .taken && !troubled
        }
        if isNews { self.logger.warning("spans.not.taken", metadata: ["reason": "\(reason)"]) }
    }
}
