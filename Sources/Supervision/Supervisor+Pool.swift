/// A pool as it is now.
public struct PoolState: Equatable, Sendable {
    /// Its size and when its children are replaced.
    public internal(set) var policy: PoolPolicy
    /// Slots that tasks take.
    public internal(set) var occupiedSlots = 0
    /// No child is ordered before this instant, after a failure.
    var spawnNotBefore: Instant?
    var spawnBackoff = Backoff(first: .milliseconds(100), longest: .seconds(10))
    /// Whether its last child was ready within some milliseconds, so that work may be fetched for one that starts.
    var bootsQuickly = false
    var bootBackoff = Backoff(first: .milliseconds(100), longest: .seconds(10))
    /// Of children that were ready, got a task and ended before they began it.
    var beginBackoff = Backoff(first: .milliseconds(100), longest: .seconds(10))

    /// What its size follows, if it follows its work.
    public internal(set) var autoscale: Autoscale?
    var nextScaling = Instant.distantFuture

    init(policy: PoolPolicy) {
        self.policy = policy
        self.take(policy)
    }

    /// Takes over a policy, of a reload perhaps.
    mutating func take(_ policy: PoolPolicy) {
        self.policy = policy
        self.autoscale = policy.maxConcurrency.map { most in
            Autoscale(bounds: policy.concurrency...max(policy.concurrency, most))
        }
    }

    /// Slots in all.
    public var slots: Int { self.policy.concurrency * self.policy.childConcurrency }

    /// Children allowed above the pool's size while some are being replaced: a tenth of it, at least one. With a
    /// fresh process per task every child is about to be replaced, and all replacements may be under way.
    var surge: Int {
        self.policy.maxTasksPerChild == 1 ? self.policy.concurrency : max(1, self.policy.concurrency / 10)
    }
}

/// Duty 1: each pool at its size.
extension Supervisor {
    /// So many children in a row that die before they are ready, or before they begin a task, stop the worker.
    static let mostBootFailures = 5
    static let quickBoot: Duration = .milliseconds(20)
    /// Children of a pool that may be starting at the same time: orders wait in a socket of limited size.
    static let mostStarting = 32

    /// Orders the children that a pool lacks, and lets go those that it has too many.
    mutating func fill(_ pool: Int, now: Instant) {
        guard self.ladder.stage == .running, let template = self.readyTemplate else { return }
        if self.mayOrder(pool, now: now) { self.orderMissing(pool, template, now: now) }
        self.trim(pool, now: now)
    }

    /// Whether the wait after a failure is over.
    private mutating func mayOrder(_ pool: Int, now: Instant) -> Bool {
        guard let notBefore = self.pools[pool].spawnNotBefore else { return true }
        if now < notBefore { self.wake(by: notBefore) } else { self.pools[pool].spawnNotBefore = nil }
        return now >= notBefore
    }

    private mutating func orderMissing(_ pool: Int, _ template: Int, now: Instant) {
        let state = self.pools[pool]
        var count = self.count(pool)
        while count.staying < state.policy.concurrency && count.live < state.policy.concurrency + state.surge
            && count.starting < Self.mostStarting
        {
            self.order(pool, template, now: now)
            count.staying += 1
            count.live += 1
            count.starting += 1
        }
    }

    /// Children that will go on taking tasks, all that are not yet gone, and those that are not yet ready.
    private func count(_ pool: Int) -> (staying: Int, live: Int, starting: Int) {
        var count = (staying: 0, live: 0, starting: 0)
        for case let child? in self.children where child.pool == pool {
            count.live += 1
            if child.isUsable && child.recycling == nil { count.staying += 1 }
            if case .starting = child.state { count.starting += 1 }
        }
        return count
    }

    private mutating func order(_ pool: Int, _ generation: Int, now: Instant) {
        self.lastSerial += 1
        let index = self.children.firstIndex { $0 == nil } ?? self.children.count
        let id = ChildID(index: index, serial: self.lastSerial)
        let policy = self.pools[pool].policy
        let child = ChildMachine(
            id: id, pool: pool, generation: generation, now: now, bootUntil: now + self.bootTimeout,
            concurrency: policy.childConcurrency, maxTasks: self.jittered(policy.maxTasksPerChild),
            retireAt: policy.maxChildAge.map { now + $0 } ?? .distantFuture)
        if index == self.children.count { self.children.append(child) } else { self.children[index] = child }
        self.wake(by: child.nextDeadline)
        self.actions.append(.fork(id, pool: pool, generation: generation))
    }

    /// A tenth of the tasks is drawn at random, so that children that started together do not leave together.
    private mutating func jittered(_ maxTasks: Int?) -> Int {
        guard let maxTasks else { return .max }
        return maxTasks - Int.random(in: 0...(maxTasks / 10), using: &self.random)
    }

    /// Lets go what the pool has too many, first those that are to be replaced, idle ones before busy ones.
    private mutating func trim(_ pool: Int, now: Instant) {
        let ready = self.children.indices.filter { self.children[$0]?.pool == pool && self.children[$0]!.isReady }
        var surplus = ready.count - self.pools[pool].policy.concurrency
        for wantsRecycling in [true, false] {
            for state in [ChildMachine.State.idle, .busy] {
                for index in ready where surplus > 0 && self.children[index]!.state == state {
                    guard (self.children[index]!.recycling != nil) == wantsRecycling else { continue }
                    self.letGo(index, self.children[index]!.recycling ?? .resize, now: now)
                    surplus -= 1
                }
            }
        }
    }

    /// A child takes no more tasks, and exits once it has finished those it has.
    mutating func letGo(_ index: Int, _ reason: ChildMachine.RecycleReason, now: Instant) {
        let child = self.children[index]!
        self.log(.childRecycled(child.id, reason, tasks: child.tasksTaken))
        if child.assignments.isEmpty { self.stop(index, now: now) } else { self.children[index]!.state = .draining }
    }

    /// Tells a child without tasks to exit. One that has had its last task was told with it, and may be gone already.
    mutating func stop(_ index: Int, now: Instant) {
        let until = now + .seconds(2)
        let child = self.children[index]!
        self.children[index]!.state = .stopping(until: until)
        if !child.leavesUnasked { self.actions.append(.stop(child.id)) }
        self.wake(by: until)
    }

    /// A child is to be replaced: it goes on until its replacement is ready.
    mutating func recycle(_ index: Int, _ reason: ChildMachine.RecycleReason, now: Instant) {
        guard let child = self.children[index], child.isReady, child.recycling == nil else { return }
        self.children[index]!.recycling = reason
        self.fill(child.pool, now: now)
    }

    /// An operator wants a child replaced. Returns whether it takes tasks, and was not to be replaced already.
    public mutating func recycle(_ id: ChildID, now: Instant) -> Bool {
        guard self.contains(id), let child = self.children[id.index], child.isReady, child.recycling == nil else {
            return false
        }
        self.recycle(id.index, .command, now: now)
        return true
    }

    // MARK: Events

    /// The child is ready for tasks. An unexpected report ends it.
    public mutating func childBecameReady(_ id: ChildID, now: Instant) {
        guard self.contains(id) else { return }
        guard self.children[id.index]!.becameReady() else {
            return self.childBrokeProtocol(id, "a second ready frame", now: now)
        }
        let child = self.children[id.index]!
        self.pools[child.pool].bootBackoff.succeeded()
        self.pools[child.pool].bootsQuickly = now - child.startedAt < Self.quickBoot
        self.pools[child.pool].spawnBackoff.succeeded()
        self.log(.childReady(id, bootTime: now - child.startedAt))
        self.wake(by: child.nextDeadline)
        if self.ladder.stage > .running { return self.stop(id.index, now: now) }
        // A reload may have come while it booted.
        if let current = self.readyTemplate, child.generation < current { self.recycle(id.index, .reload, now: now) }
        self.fill(child.pool, now: now)
    }

    /// The child says that it cannot boot and that no other could: the worker stops, or a reload is given up. Only a
    /// child that was never ready is believed, since any task can write to its child's pipe.
    public mutating func childRefusedToBoot(_ id: ChildID, reason: String, now: Instant) {
        guard self.contains(id) else { return }
        guard !self.children[id.index]!.hasBooted else {
            return self.childBrokeProtocol(id, "a boot failure after it was ready", now: now)
        }
        guard case .starting = self.children[id.index]!.state else { return }
        let generation = self.children[id.index]!.generation
        // Either ends this child, too.
        if self.abandon(generation: generation, reason: reason, now: now) { return }
        self.stopWorker(.bootFailed(reason), now: now)
    }

    /// The child could not be ordered (a pipe, a fork): nothing of it exists.
    public mutating func spawnFailed(_ id: ChildID, reason: String, now: Instant) {
        guard self.contains(id) else { return }
        let pool = self.children[id.index]!.pool
        self.children[id.index] = nil
        self.stopUnusedTemplates(now: now)
        self.finishShutdownIfDone(now: now)
        // Orders that were given together fail together: one failure.
        guard self.pools[pool].spawnNotBefore == nil else { return }
        let wait = self.pools[pool].spawnBackoff.failed()
        self.pools[pool].spawnNotBefore = now + wait
        self.wake(by: now + wait)
        self.log(.spawnFailed(pool: pool, reason: reason, wait: wait))
    }

    /// A child died before it was ready.
    mutating func bootFailed(_ child: ChildMachine, reason: String, now: Instant) {
        self.childFailed(child, \.bootBackoff, before: "they were ready", reason: reason, now: now)
    }

    /// A child that was ready died by itself before it began any of its tasks.
    mutating func beginFailed(_ child: ChildMachine, reason: String, now: Instant) {
        // The first may have been killed by anybody: its replacement does not wait.
        guard self.pools[child.pool].beginBackoff.failures > 0 else {
            _ = self.pools[child.pool].beginBackoff.failed()
            return
        }
        self.childFailed(child, \.beginBackoff, before: "they began a task", reason: reason, now: now)
    }

    /// A child was good for nothing: wait longer each time, and stop when it never ends.
    private mutating func childFailed(
        _ child: ChildMachine, _ backoff: WritableKeyPath<PoolState, Backoff>, before moment: String, reason: String,
        now: Instant
    ) {
        // Children that started together fail together: one failure.
        guard self.pools[child.pool].spawnNotBefore == nil else { return }
        let wait = self.pools[child.pool][keyPath: backoff].failed()
        self.log(.childBootFailed(child.id, reason: reason, wait: wait))
        guard self.pools[child.pool][keyPath: backoff].failures < Self.mostBootFailures else {
            let text = "\(Self.mostBootFailures) times children died before \(moment); the last: \(reason)"
            if self.abandon(generation: child.generation, reason: text, now: now) { return }
            return self.stopWorker(.bootFailed(text), now: now)
        }
        self.pools[child.pool].spawnNotBefore = now + wait
        self.wake(by: now + wait)
    }

    /// Changes the number of children of a pool; at least one stays. One that scales may scale so far from now on.
    public mutating func resize(pool: Int, by change: Int, now: Instant) {
        self.pools[pool].policy.followsProcessors = false
        let size = max(1, self.pools[pool].policy.concurrency + change)
        if let bounds = self.pools[pool].autoscale?.bounds {
            self.pools[pool].autoscale!.bounds = min(size, bounds.lowerBound)...max(size, bounds.upperBound)
        }
        self.setConcurrency(size, pool: pool, now: now)
    }

    mutating func setConcurrency(_ concurrency: Int, pool: Int, now: Instant) {
        self.pools[pool].policy.concurrency = concurrency
        self.log(.resized(pool: pool, concurrency: concurrency))
        self.fill(pool, now: now)
    }
}
