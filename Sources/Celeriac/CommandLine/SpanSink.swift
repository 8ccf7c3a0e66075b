import Logging
import Supervision
import Syscalls
import SystemPackage
import Traces

/// Hands the spans of attempts to whoever collects them, at the end of each pass. Waits for nobody: what is not taken in
/// time is dropped and counted.
final class SpanSink {
    /// How long to wait before a datagram that was not taken is sent again.
    private static let pause: Duration = .milliseconds(20)

    private var socket: DatagramSocket
    private let path: String
    private let logger: Logger
    private var outbox = SpanOutbox()
    private var retryAt = Instant.distantFuture
    private var hasFailed = false

    /// Throws ``UsageError`` for a path that is none.
    init(_ path: String, _ logger: Logger) throws(UsageError) {
        do throws(Errno) {
            self.socket = try DatagramSocket(path)
        } catch {
            throw UsageError(description: "trace_socket = \"\(path)\": \(error)")
        }
        self.path = path
        self.logger = logger
    }

    /// When ``flush()`` must be called at the latest.
    var nextWake: Instant { self.retryAt }

    /// Spans that were handed over, and those that were dropped.
    var counts: (sent: Int, dropped: Int) { (self.outbox.sent, self.outbox.dropped) }

    func add(_ span: SpanRecord) { self.outbox.add(span) }

    /// Sends what waits, as far as it is taken.
    func flush() {
        self.retryAt = .distantFuture
        while let datagram = self.outbox.next() {
            do throws(Errno) {
                guard try self.socket.send(datagram.bytes) else {
                    self.retryAt = Instant(nanoseconds: monotonicNanoseconds()) + Self.pause
                    return
                }
                self.outbox.remove(datagram.spans)
                self.hasFailed = false
            } catch {
                self.fail(datagram.spans, error)
            }
        }
    }

    /// Nobody listens: the worker goes on.
    private func fail(_ spans: Int, _ error: Errno) {
        self.outbox.remove(spans, areDropped: true)
        if !self.hasFailed {
            self.logger.warning("spans.dropped", metadata: ["socket": "\(self.path)", "reason": "\(error)"])
        }
        self.hasFailed = true
    }
}
