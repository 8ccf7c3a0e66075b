import InProcess
import Prefork
import Supervision
import Syscalls
import WorkerLog

/// Keeps the progress line of a run up to date, five times a second.
final class RunProgress {
    private static let interval: UInt64 = 200_000_000

    private let output: LogOutput
    private let isShown: Bool
    private var line = ProgressLine()
    private var nextUpdate: UInt64 = 0

    init(output: LogOutput, isShown: Bool) {
        self.output = output
        self.isShown = isShown
    }

    /// When ``update(_:_:)`` must be called at the latest.
    var nextWake: Instant { self.isShown ? Instant(nanoseconds: self.nextUpdate) : .distantFuture }

    func update(_ queue: InProcessQueue, _ master: Master) {
        guard self.isShown else { return }
        let now = monotonicNanoseconds()
        guard now >= self.nextUpdate else { return }
        self.nextUpdate = now + Self.interval
        self.line.update(
            done: queue.counts.succeeded, failed: queue.counts.failed, running: master.runningTasks,
            waiting: queue.status.waiting, now: now)
        self.output.showProgress(self.line.text(width: terminalWidth() ?? 80))
    }
}
