import ControlGroups
import Supervision
import Syscalls
import SystemPackage
import Wire

/// Control groups of children: the kernel keeps the limits of attempts, the master sets them and hears what happened.
extension Master {
    /// Makes a child's groups, and what of them goes with the order to fork it.
    func openGroup(_ child: ChildHandle) throws(Errno) -> (groups: ForkGroups, directories: [CInt]) {
        guard self.needsGroup(child.pool), let group = try self.settings.groups.makeGroup() else { return (.none, []) }
        child.group = group
        let directories = try group.open()
        return (ForkGroups(count: directories.count, isUnified: self.settings.groups.mode == .v2), directories)
    }

    /// To enter a group of version 1 takes longer than a short task. A child that has one task, without a limit that a
    /// group would keep, does without.
    private func needsGroup(_ pool: Int) -> Bool {
        if self.supervisor.pools[pool].policy.maxTasksPerChild != 1 || self.settings.groups.mode == .v2 { return true }
        return self.supervisor.tasks.contains { $0.pool == pool && GroupLimits($0.limits) != GroupLimits() }
    }

    func removeGroup(_ child: ChildHandle) {
        if let group = child.group { self.settings.groups.remove(group) }
        child.group = nil
    }

    /// Sets a child's group to an attempt's limits, or to wider ones of attempts that are in it already.
    func applyGroupLimits(_ limits: TaskLimits, to child: ChildHandle) {
        guard let group = child.group else { return }
        var wanted = GroupLimits(limits)
        if self.supervisor.children[child.id.index]?.assignments.count ?? 0 > 1 {
            wanted = group.appliedLimits.widened(to: wanted)
        }
        group.apply(wanted, baseline: self.templates[child.generation]?.groupBaseline ?? 0)
    }

    /// Looks whether the kernel has killed a process of the child's tree for its memory. It need not be the child, and
    /// with version 1 it is only one: the attempt is over in either case.
    func checkForMemoryKill(_ child: ChildHandle) {
        guard let group = child.group, group.wasKilledForMemory() else { return }
        let born = self.templates[child.generation]?.groupBaseline ?? 0
        let peak = group.peakMemory ?? group.memory
        self.supervisor.childWasKilledForMemory(child.id, peak: peak - min(peak, born), now: self.now)
    }
}

extension GroupLimits {
    init(_ limits: TaskLimits) {
        self.init()
        self.memory = limits.memory.map { UInt64($0.bytes) }
        self.cpuPercent = limits.cpuPercent
        if let most = limits.processes { self.setProcesses(most) }
    }
}
