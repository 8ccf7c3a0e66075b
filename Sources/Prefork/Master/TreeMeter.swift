import Supervision
import Syscalls

/// Measures what a child's process tree uses.
enum TreeMeter {
    /// A fresh child's memory.
    static func baseline(of pid: ProcessID) -> MemoryBaseline? {
        guard let resident = ProcessTable.residentMemory(of: pid), let privateBytes = Self.privateMemory(of: pid) else {
            return nil
        }
        return MemoryBaseline(anonymous: resident.anonymous, privateBytes: privateBytes, resident: resident.total)
    }

    /// The child and its descendants.
    ///
    /// The first look is cheap and counts pages shared with the template as the child's; when that is above
    /// `confirmAbove`, the precise figure decides.
    static func measure(_ pid: ProcessID, baseline: MemoryBaseline, confirmAbove: UInt64) -> TreeUsage {
        let descendants = ProcessTable.descendants(of: pid)
        var memory = Self.growth(ProcessTable.residentMemory(of: pid)?.anonymous, over: baseline.anonymous)
        for descendant in descendants { memory += ProcessTable.residentMemory(of: descendant)?.anonymous ?? 0 }
        if memory > confirmAbove { memory = Self.preciseMemory(pid, descendants, baseline) }
        // Descendants that have ended count too, or a task could hide its use in many short ones.
        let cpu = ([pid] + descendants).reduce(UInt64(0)) {
            $0 + (cpuNanoseconds(of: $1) ?? 0) + ProcessTable.reapedChildrenCPU(of: $1)
        }
        return TreeUsage(memoryGrowth: memory, cpuNanoseconds: cpu, descendants: descendants.count)
    }

    private static func preciseMemory(
        _ pid: ProcessID, _ descendants: [ProcessID], _ baseline: MemoryBaseline
    ) -> UInt64 {
        let own = Self.growth(Self.privateMemory(of: pid), over: baseline.privateBytes)
        return descendants.reduce(own) { $0 + (Self.privateMemory(of: $1) ?? 0) }
    }

    /// Of a child that hides its memory, a master without the right to look sees the cheap figure only.
    private static func privateMemory(of pid: ProcessID) -> UInt64? {
        ProcessTable.privateMemory(of: pid) ?? ProcessTable.residentMemory(of: pid)?.anonymous
    }

    private static func growth(_ now: UInt64?, over baseline: UInt64) -> UInt64 {
        let now = now ?? 0
        return now - min(now, baseline)
    }
}
