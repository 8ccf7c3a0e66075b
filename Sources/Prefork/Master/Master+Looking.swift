import Broker
import PostMortems
import Supervision
import Syscalls
import Wire

/// What was seen of a child that still lived.
struct StackLook {
    /// What it ran.
    let delivery: DeliveryTag
    /// Its processes, the child first.
    let processes: [PostMortem.ProcessState]
    /// Where its threads were, in raw addresses; empty as long as the template has not told.
    var records: Bytes = []
    /// An attempt that was found to be stuck, and whose stack is to be told when it is known.
    var stuck: AbnormalEnd?
}

/// Looks at children that do not come to an end.
extension Master {
    /// Processes of a tree that a post-mortem names.
    private static let mostProcesses = 16

    /// Counts what shows that a child's tree does something.
    func observe(_ id: ChildID) {
        guard let child = self.children[id], let pid = child.pid else { return }
        let tree = [pid] + ProcessTable.descendants(of: pid)
        var activity = TreeActivity(cpuNanoseconds: 0)
        for process in tree {
            activity.cpuNanoseconds &+= cpuNanoseconds(of: process) ?? 0
            activity.switches &+= ProcessTable.voluntarySwitches(of: process)
            activity.movedBytes &+= ProcessTable.movedBytes(of: process) ?? 0
        }
        activity.breadcrumbs = self.breadcrumbs.page(at: id.index, child: id.serial)?.count ?? 0
        self.supervisor.childObserved(id, activity, now: self.now)
    }

    /// Looks what a child's processes wait in, and has its template look where its threads are.
    func sample(_ id: ChildID) {
        guard let child = self.children[id], let pid = child.pid, let template = self.templates[child.generation] else {
            return
        }
        let tree = ([pid] + ProcessTable.descendants(of: pid)).prefix(Self.mostProcesses)
        let stuck = child.look?.stuck
        child.look = StackLook(
            delivery: DeliveryTag(child.current), processes: tree.compactMap(Self.processState), stuck: stuck)
        _ = try? template.control.send(TemplateOrder.sample(serial: id.serial).encoded)
    }

    private static func processState(_ pid: ProcessID) -> PostMortem.ProcessState? {
        guard let name = ProcessTable.name(of: pid), let state = ProcessTable.state(of: pid) else { return nil }
        return PostMortem.ProcessState(pid: pid, name: name, state: state, wait: ProcessTable.wait(of: pid))
    }

    /// The template has looked where the threads of a child are.
    func sampled(_ serial: UInt64, _ records: Bytes) {
        guard let child = self.childrenBySerial[serial], child.look != nil else { return }
        child.look!.records = records
        guard var end = child.look!.stuck else { return }
        child.look!.stuck = nil
        end.postMortem.processes = child.look!.processes
        records.isEmpty ? self.complete(end, nil) : self.awaitBacktrace(records, of: child, end)
    }

    /// An attempt is stuck. The log hears of it when its stack is known.
    func attemptStuck(_ id: ChildID, _ tag: DeliveryTag, _ quiet: Duration) {
        guard let child = self.children[id],
            let attempt = self.supervisor.children[id.index]?.assignments.first(where: { $0.delivery.tag == tag })
        else { return }
        let cause = Cause.stuck(quiet: quiet)
        var postMortem = PostMortem(cause: cause)
        postMortem.traceID = self.traceID(of: tag.number, in: child)
        self.describe(attempt, in: &postMortem)
        if let page = self.breadcrumbs.page(at: id.index, child: id.serial) { postMortem.take(page, of: attempt) }
        var outcome = TaskOutcome(.failure, attempts: attempt.delivery.attempt)
        outcome.failure = TaskOutcome.Failure(type: cause.errorType, message: "\(cause)", cause: cause.name)
        outcome.runTime = attempt.startedAt.map { self.now - $0 }
        let end = AbnormalEnd(
            kind: .stuck, delivery: attempt.delivery, outcome: outcome, postMortem: postMortem,
            metadata: self.metadata(id, tag.number))
        // The look at its stack, which follows, completes it.
        child.look = StackLook(delivery: tag, processes: [], stuck: end)
    }
}
