/// Duty 7: what happens when memory runs out, in an attempt's control group or in all of the machine.
extension Supervisor {
    /// The kernel has killed a process of the child's tree for its memory. What is left of the tree ends.
    public mutating func childWasKilledForMemory(_ id: ChildID, peak: UInt64, now: Instant) {
        guard self.contains(id) else { return }
        let child = self.children[id.index]!
        let running = child.assignments.first { $0.startedAt != nil }
        let cause = self.causeOfMemoryKill(running, ByteCount(bytes: Int(clamping: peak)))
        self.kill(id.index, .cause(cause, culprit: child.concurrency == 1 ? running?.delivery.tag : nil), now: now)
    }

    /// It was its own limit when the attempt came close to it; otherwise that of a group above, or of the machine.
    private func causeOfMemoryKill(_ running: Assignment?, _ peak: ByteCount) -> Cause {
        guard let limit = running.flatMap({ self.limitsOfDelivery()($0.delivery).memory }),
            peak.bytes >= limit.bytes / 8 * 7
        else { return .memoryShortage(used: peak) }
        return .groupMemory(peak: peak, limit: limit)
    }
}
