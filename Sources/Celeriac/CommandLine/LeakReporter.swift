import Logging
import Prefork
import Supervision
import Syscalls
import SystemPackage

/// Writes what a worker finds out about leaks into its state directory: every ten seconds when there is something new,
/// and at its end.
final class LeakReporter {
    private static let interval: UInt64 = 10_000_000_000

    private let worker: String
    private let path: String?
    private let names: [String]
    private let logger: Logger
    private var hasNews = false
    private var hasFailed = false
    private var nextWrite = monotonicNanoseconds() + LeakReporter.interval

    /// Creates the state directory, if one is set. Throws ``UsageError`` when that cannot be.
    init(_ engine: EngineSetup, _ logger: Logger) throws(UsageError) {
        self.worker = engine.settings.worker.broker.nodeName(host: hostName())
        self.names = engine.table.names
        self.logger = logger
        guard let directory = engine.settings.worker.stateDirectory else {
            self.path = nil
            return
        }
        do throws(Errno) {
            try StateFiles.createDirectory(directory)
        } catch {
            throw UsageError(description: "state_dir: cannot keep files in \(directory): \(error)")
        }
        let name = self.worker.replacing("/", with: "_")
        self.path = "\(directory)/\(name)\(LeakSnapshot.fileSuffix)"
    }

    /// A child has told what it holds.
    func looked() { self.hasNews = true }

    /// When ``update(_:)`` must be called at the latest.
    var nextWake: Instant {
        self.hasNews && self.path != nil ? Instant(nanoseconds: self.nextWrite) : .distantFuture
    }

    /// Writes the file when it is time.
    func update(_ master: Master) {
        guard self.hasNews, self.path != nil, monotonicNanoseconds() >= self.nextWrite else { return }
        self.write(master)
    }

    /// Writes the file for the last time.
    func finish(_ master: Master) { if self.path != nil { self.write(master) } }

    /// What is known now.
    func snapshot(_ master: Master) -> LeakSnapshot {
        let tasks = master.leaks.map { summary in
            LeakSnapshot.Task(summary, name: summary.task.map { self.names[$0] } ?? "(others)")
        }
        return LeakSnapshot(
            worker: self.worker, pid: ownProcessID, written: Double(wallNanoseconds() / 1_000_000) / 1_000,
            tasks: tasks)
    }

    private func write(_ master: Master) {
        self.hasNews = false
        self.nextWrite = monotonicNanoseconds() + Self.interval
        guard let path else { return }
        do {
            try StateFiles.replace(path, with: try self.snapshot(master).encoded())
            self.hasFailed = false
        } catch {
            if !self.hasFailed {
                self.logger.error("state.write.failed", metadata: ["path": "\(path)", "reason": "\(error)"])
            }
            self.hasFailed = true
        }
    }
}
