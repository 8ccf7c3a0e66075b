/// Duty 7: what tasks leave behind in their children.
extension Supervisor {
    /// Descriptors and threads that leaks may take of a child before it is replaced.
    private static let (mostLeakedDescriptors, mostLeakedThreads) = (256.0, 64.0)

    /// A child tells what it holds while no task runs in it.
    public mutating func childLooked(_ id: ChildID, _ sample: ChildSample, now: Instant) {
        guard self.contains(id) else { return }
        guard self.children[id.index]!.hasBooted else {
            return self.childBrokeProtocol(id, "a ledger frame before it was ready", now: now)
        }
        self.tell(self.leaks.looked(at: id, sample))
    }

    /// A task has ended in a child. Replaces the child when too much of what is in it has leaked.
    mutating func noteRun(of task: Int, in id: ChildID, _ report: Report, now: Instant) {
        self.tell(self.leaks.ran(task, in: id, leavingProcesses: report.leftovers > 0))
        guard self.tasks[task].leakAllowance != nil, self.leaks.isLeaking(task), self.hasLeakedTooMuch(id, task) else {
            return
        }
        self.recycle(id.index, .leak, now: now)
    }

    private func hasLeakedTooMuch(_ id: ChildID, _ task: Int) -> Bool {
        let leaked = self.leaks.leaked(in: id) { self.tasks[$0].leakAllowance != nil }
        let memory = leaked[.heap, default: 0] + leaked[.mapped, default: 0]
        let descriptors = self.tasks[task].limits.openFiles.map { Double($0) / 2 } ?? Self.mostLeakedDescriptors
        return memory >= Double(self.tasks[task].leakAllowance?.bytes ?? .max)
            || leaked[.descriptors, default: 0] >= descriptors
            || leaked[.threads, default: 0] >= Self.mostLeakedThreads
    }

    private mutating func tell(_ verdicts: [LeakLedger.Verdict]) {
        for verdict in verdicts { self.log(.leakJudged(verdict)) }
    }
}
