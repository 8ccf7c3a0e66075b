import Broker
import ControlGroups
import Supervision
import Syscalls

/// Memory: what there is, and what is left.
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
}
