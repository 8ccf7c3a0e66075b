import Supervision

/// Decides which message goes to which child next, and keeps those for which memory is short.
///
/// Messages that must wait for memory are set aside, at most as many as the pool has slots, and others pass them for a
/// while. Those that wait start first come, first served.
public struct Distribution {
    /// What waits for memory, by pool, in the order of arrival.
    private var waiting: [[TakenMessage]]

    /// Nothing waits yet in any of so many pools.
    public init(pools: Int) { self.waiting = Array(repeating: [], count: pools) }

    /// Whether no message waits for memory.
    public var isEmpty: Bool { self.waiting.allSatisfy(\.isEmpty) }

    /// How many messages wait for memory in a pool.
    public func waitingCount(pool: Int) -> Int { self.waiting[pool].count }

    /// The message that has waited longest for memory in a pool, if it can start now, and its child. Much may have
    /// happened while it waited.
    public mutating func nextWaiting(
        pool: Int, _ supervisor: inout Supervisor, _ broker: any Broker, now: Instant
    ) -> (message: TakenMessage, child: ChildID)? {
        while let message = self.waiting[pool].first {
            let delivery = message.delivery
            if Self.mayNotStart(delivery, &supervisor, broker, now) {
                self.removeFirst(pool, &supervisor, now)
                continue
            }
            let place = supervisor.place(task: delivery.task, losses: delivery.losses, now: now)
            supervisor.setPlaceForWaiting(pool: pool, place != nil)
            guard let child = place, supervisor.admitsWaiting(delivery, on: child, now: now) else { return nil }
            self.removeFirst(pool, &supervisor, now)
            return (message, child)
        }
        return nil
    }

    /// Whether a message that waited is over, or its task keeps killing children by now: then it is not ours any more.
    private static func mayNotStart(
        _ delivery: Delivery, _ supervisor: inout Supervisor, _ broker: any Broker, _ now: Instant
    ) -> Bool {
        guard broker.mayStart(delivery, now: now) else { return true }
        guard let wait = supervisor.breakerWait(task: delivery.task, now: now) else { return false }
        broker.postpone(delivery, by: wait, now: now)
        return true
    }

    private mutating func removeFirst(_ pool: Int, _ supervisor: inout Supervisor, _ now: Instant) {
        self.waiting[pool].removeFirst()
        supervisor.memoryWaitIsOver(pool: pool)
        if !self.waiting[pool].isEmpty { supervisor.waitsForMemory(pool: pool, now: now) }
    }

    /// The next message of the broker's for a pool, and its child; `nil` when there is none, none is ready, or no memory
    /// is left for it.
    public mutating func next(
        pool: Int, _ supervisor: inout Supervisor, _ broker: any Broker, now: Instant
    ) -> (message: TakenMessage, child: ChildID)? {
        while let task = broker.nextTask(pool: pool, now: now) {
            let history = broker.historyOfNext(pool: pool)
            if Self.holdBack(task, history, pool, &supervisor, broker, now) { continue }
            guard let child = supervisor.place(task: task, losses: history.losses, now: now) else { return nil }
            if history.hasFailed || supervisor.admits(task: task, losses: history.losses, on: child, now: now) {
                return (broker.take(pool: pool, now: now), child)
            }
            guard self.setAside(pool, &supervisor, broker, now) else { return nil }
        }
        return nil
    }

    /// Puts the next message aside when its task keeps killing children. Returns whether it did.
    private static func holdBack(
        _ task: Int, _ history: MessageHistory, _ pool: Int, _ supervisor: inout Supervisor, _ broker: any Broker,
        _ now: Instant
    ) -> Bool {
        guard !history.hasFailed, let wait = supervisor.breakerWait(task: task, now: now) else { return false }
        let held = broker.take(pool: pool, now: now)
        broker.postpone(held.delivery, by: wait, now: now)
        return true
    }

    private mutating func setAside(
        _ pool: Int, _ supervisor: inout Supervisor, _ broker: any Broker, _ now: Instant
    ) -> Bool {
        let count = self.waiting[pool].count
        guard count < supervisor.pools[pool].slots else { return false }
        self.waiting[pool].append(broker.take(pool: pool, now: now))
        if count == 0 { supervisor.waitsForMemory(pool: pool, now: now) }
        return true
    }

    /// What waits has not started: at a shutdown it goes back, last first, since each goes to the front.
    public mutating func giveBackWaiting(_ supervisor: inout Supervisor, _ broker: any Broker, now: Instant) {
        for pool in self.waiting.indices where !self.waiting[pool].isEmpty {
            supervisor.memoryWaitIsOver(pool: pool)
            for message in self.waiting[pool].reversed() { broker.giveBack(message.delivery, now: now) }
            self.waiting[pool] = []
        }
    }
}

extension Supervisor {
    /// A child for a task's message that has lost so many children: one that has lost any runs alone.
    fileprivate mutating func place(task: Int, losses: Int, now: Instant) -> ChildID? {
        losses == 0 ? self.place(task: task) : self.placeAlone(task: task, now: now)
    }
}
