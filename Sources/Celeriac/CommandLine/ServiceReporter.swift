import Logging
import Prefork
import Supervision
import Syscalls
import SystemPackage
import WorkerStatus

/// Tells the service manager that started the worker how it is (`Type=notify`).
final class ServiceReporter {
    /// How long to wait before a word that was not taken is said again.
    private static let pause: Duration = .milliseconds(100)

    /// Variables by which a manager tells a service of itself; they are not for what the service starts.
    static let variables: Set<String> = ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"]

    /// `sd_notify(3)`.
    private var socket: DatagramSocket
    private var notices: ServiceNotices
    private let logger: Logger
    private var unsent: [ServiceNotice] = []
    private var hasFailed = false
    private var retryAt = Instant.distantFuture

    /// `nil` when no manager wants to know.
    init?(_ environment: [String: String], _ logger: Logger) {
        guard let name = environment["NOTIFY_SOCKET"] else { return nil }
        do throws(Errno) {
            self.socket = try DatagramSocket(name)
        } catch {
            logger.warning("service.notify", metadata: ["socket": "\(name)", "reason": "\(error)"])
            return nil
        }
        self.notices = ServiceNotices(watchdog: Self.watchdog(environment))
        self.logger = logger
    }

    /// The time of `WATCHDOG_USEC`, unless it is meant for another process.
    static func watchdog(_ environment: [String: String], pid: Int32 = ownProcessID) -> Duration? {
        if let own = environment["WATCHDOG_PID"], own != "\(pid)" { return nil }
        guard let time = environment["WATCHDOG_USEC"].flatMap({ Int64($0) }), time > 0 else { return nil }
        return .microseconds(time)
    }

    /// When ``update(_:_:)`` must be called at the latest.
    var nextWake: Instant { min(self.notices.nextWake, self.retryAt) }

    /// Tells what is news.
    func update(_ master: Master, _ state: WorkerState) {
        let now = Instant(nanoseconds: monotonicNanoseconds())
        let facts = ServiceNotices.Facts(
            isReady: master.hasChildren, reloads: master.reloads, isReloading: master.isReloading,
            isStopping: master.isStopping, status: state.rawValue)
        self.unsent += self.notices.update(facts, now: now)
        self.send(now)
    }

    private func send(_ now: Instant) {
        self.retryAt = .distantFuture
        do throws(Errno) {
            while let notice = self.unsent.first {
                guard try self.socket.send(Array(notice.text.utf8)) else {
                    self.retryAt = now + Self.pause
                    return
                }
                self.unsent.removeFirst()
            }
        } catch {
            // Whoever does not hear it does not hear it: the worker goes on.
            self.unsent = []
            if !self.hasFailed { self.logger.warning("service.notify", metadata: ["reason": "\(error)"]) }
            self.hasFailed = true
        }
    }
}
