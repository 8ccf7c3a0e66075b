import Logging
import Supervision
import Syscalls
import SystemPackage

/// The scheduler beside a worker (`worker --beat`; Celery: `-B`): started with it, started again when it ends, ended
/// with it. Like any other it sends only while it leads, so that every worker of a fleet may have one.
final class EmbeddedBeat {
    /// How long a scheduler may take to end before it is killed: what it has begun to send is sent.
    private static let patience: Duration = .seconds(5)
    /// The longest wait before it is started again. One that has lived for so long was well: its end counts as the first.
    private static let longestWait: Duration = .seconds(60)

    private let settings: [UInt8]
    private let logger: Logger
    private var pid: ProcessID?
    private var process: ProcessDescriptor?
    private var failures = 0
    private var startedAt = Instant(nanoseconds: 0)
    private var startAt = Instant(nanoseconds: 0)
    private var isStopping = false

    /// Checks that there is something to send. Nothing is started yet. Throws ``UsageError`` and others.
    init(_ engine: EngineSetup, _ logger: Logger) throws {
        _ = try BeatSession(engine.input, engine.settings, lease: BeatSession.usualLease)
        self.settings = try engine.input.encoded()
        self.logger = logger
    }

    /// When ``update(isStopping:)`` must be called at the latest.
    var nextWake: Instant { self.pid == nil && !self.isStopping ? self.startAt : .distantFuture }

    /// Starts what is not there, and ends what is no longer to be.
    func update(isStopping: Bool) {
        if isStopping { self.stop() }
        if let pid, !self.isRunning { self.ended(pid) }
        let now = Instant(nanoseconds: monotonicNanoseconds())
        if self.pid == nil, !self.isStopping, self.startAt <= now { self.start(now) }
    }

    private var isRunning: Bool {
        guard let number = self.process?.descriptor.number else { return false }
        return !waitReadable([number], within: .zero)[0]
    }

    private func start(_ now: Instant) {
        do throws(Errno) {
            let input = try memoryFile(named: "celeriac-settings", content: self.settings)
            let pid = try spawn(BeatRole.request(input))
            self.process = try ProcessDescriptor(child: pid)
            (self.pid, self.startedAt) = (pid, now)
            self.logger.info("beat.started", metadata: ["pid": "\(pid)"])
        } catch {
            self.logger.error("beat.not.started", metadata: ["reason": "\(error)"])
            self.startLater(now)
        }
    }

    private func ended(_ pid: ProcessID) {
        _ = self.process?.reap()
        self.pid = nil
        self.process = nil
        if self.isStopping { return }
        let now = Instant(nanoseconds: monotonicNanoseconds())
        if now - self.startedAt > Self.longestWait { self.failures = 0 }
        self.startLater(now)
        self.logger.error(
            "beat.ended", metadata: ["pid": "\(pid)", "wait": "\((self.startAt - now).unitDescription)"])
    }

    private func startLater(_ now: Instant) {
        self.startAt = now + Backoff.wait(first: .seconds(1), longest: Self.longestWait, failures: self.failures)
        self.failures += 1
    }

    /// Asks it to end.
    private func stop() {
        guard !self.isStopping else { return }
        self.isStopping = true
        self.process?.send(.terminate)
    }

    /// Waits for its end.
    func finish() {
        self.stop()
        guard let number = self.process?.descriptor.number else { return }
        if !waitReadable([number], within: Self.patience)[0] { self.process?.send(.kill) }
        _ = self.process?.reap()
        self.pid = nil
        self.process = nil
    }
}
