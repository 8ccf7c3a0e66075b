import Broker
import ControlGroups
import Supervision
import Syscalls

/// Memory: who may start, and what is left.
extension Master {
    // MARK: What there is

    /// How often quotas are read again, which somebody may change while the worker runs.
    static let ceilingInterval: Duration = .seconds(5)

    /// Adapts to the processors and the memory that the worker may use now.
    func followCeiling() {
        guard self.now >= self.nextCeiling else { return }
        self.nextCeiling = self.now + Self.ceilingInterval
        let ceiling = ResourceCeiling.current()
        if ceiling == self.ceiling { return }
        self.ceiling = ceiling
        let budget = self.settings.memoryBudget ?? ByteCount(bytes: Int(clamping: ceiling.memory / 5 * 4))
        self.supervisor.setMemoryBudget(budget)
        self.supervisor.processorsChanged(to: ceiling.processors, now: self.now)
        self.performActions()
    }

    /// Reads how much memory is left; when it is too little, who has taken it.
    func readMemory() {
        guard let reading = self.memoryGauge.read() else { return }
        self.supervisor.memoryWasRead(reading, growth: self.memoryGrowth, now: self.now)
    }

    private func memoryGrowth(of id: ChildID) -> UInt64 {
        guard let child = self.children[id], let pid = child.pid,
            let baseline = self.templates[child.generation]?.childBaseline
        else { return 0 }
        return TreeMeter.measure(pid, baseline: baseline, confirmAbove: 16 << 20).memoryGrowth
    }

    // MARK: Who may start

    /// Gives the ready children of a pool work until there is none, or none is ready, or no memory is left for it.
    /// Messages that must wait for memory are set aside, at most as many as the pool has slots, and others pass them for
    /// a while.
    func distribute(pool: Int) {
        self.startWaiting(pool)
        while let task = self.broker.nextTask(pool: pool, now: self.now) {
            let history = self.broker.historyOfNext(pool: pool)
            if self.holdBack(task, history, pool) { continue }
            guard let id = self.place(task: task, losses: history.losses) else { return }
            if self.supervisor.admits(task: task, on: id, now: self.now) {
                self.dispatch(self.broker.take(pool: pool, now: self.now), to: id)
            } else if !self.setAside(pool) {
                return
            }
        }
    }

    /// Puts the next message aside when its task keeps killing children. Returns whether it did.
    private func holdBack(_ task: Int, _ history: MessageHistory, _ pool: Int) -> Bool {
        guard !history.hasFailed, let wait = self.supervisor.breakerWait(task: task, now: self.now)
        else { return false }
        let held = self.broker.take(pool: pool, now: self.now)
        self.broker.postpone(held.delivery, by: wait, now: self.now)
        return true
    }

    private func setAside(_ pool: Int) -> Bool {
        let waiting = self.waitingForMemory[pool]?.count ?? 0
        guard waiting < self.supervisor.pools[pool].slots else { return false }
        self.waitingForMemory[pool, default: []].append(self.broker.take(pool: pool, now: self.now))
        if waiting == 0 { self.supervisor.waitsForMemory(pool: pool, now: self.now) }
        return true
    }

    /// Starts those that wait, first come, first served.
    private func startWaiting(_ pool: Int) {
        while let message = self.waitingForMemory[pool]?.first {
            let task = message.delivery.task
            let place = self.place(task: task, losses: message.delivery.losses)
            self.supervisor.setPlaceForWaiting(pool: pool, place != nil)
            guard let id = place, self.supervisor.admitsWaiting(task: task, on: id, now: self.now) else { return }
            self.waitingForMemory[pool]?.removeFirst()
            self.supervisor.memoryWaitIsOver(pool: pool)
            self.dispatch(message, to: id)
            if self.waitingForMemory[pool]?.isEmpty == false {
                self.supervisor.waitsForMemory(pool: pool, now: self.now)
            }
        }
    }

    /// What waits has not started: at a shutdown it goes back, last first, since each goes to the front.
    func giveBackWaiting() {
        for (pool, messages) in self.waitingForMemory where !messages.isEmpty {
            self.supervisor.memoryWaitIsOver(pool: pool)
            for message in messages.reversed() { self.broker.giveBack(message.delivery, now: self.now) }
        }
        self.waitingForMemory.removeAll()
    }
}
