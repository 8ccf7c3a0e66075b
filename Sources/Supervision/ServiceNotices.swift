/// What a service manager is told, in the words of `sd_notify(3)`.
public enum ServiceNotice: Equatable, Sendable {
    /// The service does its work, for the first time or after a reload.
    case ready
    /// It reads its configuration again. The manager must know since when.
    case reloading(at: Instant)
    /// It ends.
    case stopping
    /// It is alive.
    case watchdog
    /// What it is up to, for people.
    case status(String)

    /// The datagram.
    public var text: String {
        switch self {
        case .ready: "READY=1"
        case .reloading(let instant): "RELOADING=1\nMONOTONIC_USEC=\(instant.nanoseconds / 1_000)"
        case .stopping: "STOPPING=1"
        case .watchdog: "WATCHDOG=1"
        // A line end would begin another assignment.
        case .status(let text): "STATUS=\(text.map { $0.isNewline ? " " : $0 }.reduce(into: "") { $0.append($1) })"
        }
    }
}

/// Decides what a service manager is told, and when.
public struct ServiceNotices: Sendable {
    /// The worker as it is now.
    public struct Facts: Equatable, Sendable {
        /// Whether it has been able to start children.
        public var isReady: Bool
        /// How often a reload has begun.
        public var reloads: Int
        /// Whether one is under way.
        public var isReloading: Bool
        /// Whether it shuts down.
        public var isStopping: Bool
        /// What it is up to.
        public var status: String

        /// Everything that a manager wants to know.
        public init(isReady: Bool, reloads: Int = 0, isReloading: Bool = false, isStopping: Bool, status: String) {
            (self.isReady, self.reloads, self.isReloading) = (isReady, reloads, isReloading)
            (self.isStopping, self.status) = (isStopping, status)
        }
    }

    private let interval: Duration?
    private var nextWatchdog: Instant
    private var wasReady = false
    private var reloads = 0
    private var isReloading = false
    private var wasStopping = false
    private var status = ""

    /// - Parameter watchdog: after so long without a sign of life the manager ends the service; `nil` for never.
    public init(watchdog: Duration?) {
        self.interval = watchdog.map { $0 / 2 }
        self.nextWatchdog = watchdog == nil ? .distantFuture : Instant(nanoseconds: 0)
    }

    /// When ``update(_:now:)`` must be called at the latest.
    public var nextWake: Instant { self.nextWatchdog }

    /// What is to be told now, in this order.
    public mutating func update(_ facts: Facts, now: Instant) -> [ServiceNotice] {
        var notices: [ServiceNotice] = []
        if facts.isReady, !self.wasReady {
            self.wasReady = true
            notices.append(.ready)
        }
        notices += self.reload(facts, now)
        if facts.isStopping, !self.wasStopping {
            self.wasStopping = true
            notices.append(.stopping)
        }
        if facts.status != self.status {
            self.status = facts.status
            notices.append(.status(facts.status))
        }
        if now >= self.nextWatchdog, let interval {
            self.nextWatchdog = now + interval
            notices.append(.watchdog)
        }
        return notices
    }

    /// A reload that fails at once has begun and is over: a manager that asked for one waits for both words.
    private mutating func reload(_ facts: Facts, _ now: Instant) -> [ServiceNotice] {
        var notices: [ServiceNotice] = []
        guard self.wasReady, !facts.isStopping else { return notices }
        if facts.reloads != self.reloads {
            self.reloads = facts.reloads
            self.isReloading = true
            notices.append(.reloading(at: now))
        }
        if self.isReloading, !facts.isReloading {
            self.isReloading = false
            notices.append(.ready)
        }
        return notices
    }
}
