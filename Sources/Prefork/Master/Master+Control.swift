import Broker
import Supervision
import Syscalls

/// What an operator asks of a running worker, from within the loop.
extension Master {
    /// Ends the attempt of a delivery: kills it with all that it has started, or tells it to stop. One that has not
    /// started comes back from its child's pipe.
    public func endAttempt(_ tag: DeliveryTag, kills: Bool) {
        self.control { $0.revoke(tag, kill: kills, now: $1) }
    }

    /// Changes the number of children of the default pool; at least one stays. Returns how many there are to be.
    @discardableResult
    public func resizePool(by change: Int) -> Int {
        self.control { $0.resize(pool: 0, by: change, now: $1) }
        return self.supervisor.pools[0].policy.concurrency
    }

    /// Changes between which sizes the default pool scales.
    public func setPoolBounds(_ bounds: ClosedRange<Int>) {
        self.control { _ = $0.setBounds(bounds, pool: 0, now: $1) }
    }

    /// Replaces a child when it has finished its tasks. Returns whether there is one of this pid that takes any.
    public func recycle(pid: Int32) -> Bool {
        guard let child = self.children.values.first(where: { $0.pid == pid }) else { return false }
        var isRecycled = false
        self.control { isRecycled = $0.recycle(child.id, now: $1) }
        return isRecycled
    }

    /// Begins a warm shutdown.
    public func requestWarmShutdown(_ reason: String) {
        self.logger.notice("shutdown.requested", metadata: ["reason": "\(reason)"])
        self.now = Instant(nanoseconds: monotonicNanoseconds())
        self.shutDown(to: .warm)
    }

    /// Reads the configuration again and replaces all children, as SIGHUP does.
    public func requestReload() {
        self.now = Instant(nanoseconds: monotonicNanoseconds())
        self.reload()
        self.performActions()
    }

    /// Limits the time of a task's attempts from now on; those that run keep theirs.
    public func setLimits(_ limits: TaskLimits, task: Int) {
        self.control { supervisor, _ in supervisor.tasks[task].limits = limits }
    }

    /// The default pool as it is now.
    public var poolFacts: PoolFacts {
        let children = self.children.values.filter { $0.pool == 0 }
        return PoolFacts(
            concurrency: self.supervisor.pools[0].policy.concurrency,
            pids: self.children.values.compactMap(\.pid).sorted(),
            busy: children.count { !(self.supervisor.children[$0.id.index]?.assignments.isEmpty ?? true) },
            maxTasksPerChild: self.supervisor.pools[0].policy.maxTasksPerChild,
            bounds: self.supervisor.pools[0].autoscale?.bounds)
    }

    private func control(_ change: (inout Supervisor, Instant) -> Void) {
        self.now = Instant(nanoseconds: monotonicNanoseconds())
        change(&self.supervisor, self.now)
        self.performActions()
    }
}

/// What is shown of a pool.
public struct PoolFacts: Equatable, Sendable {
    /// Children that it is to have.
    public let concurrency: Int
    /// The processes of all children of the worker.
    public let pids: [Int32]
    /// Children with a task.
    public let busy: Int
    /// Tasks after which a child is replaced; `nil` for never.
    public let maxTasksPerChild: Int?
    /// Between which sizes it scales; `nil` when it does not.
    public let bounds: ClosedRange<Int>?
}
