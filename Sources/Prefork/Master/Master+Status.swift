import Broker
import JSON
import PostMortems
import Supervision
import Syscalls
import WorkerStatus

/// What happened to tasks, counted as it happens.
extension Master {
    /// Counts an attempt that its child has reported. A task that had failed before is not run again, and not counted.
    func count(_ outcome: TaskMeter.Outcome, _ delivery: Delivery, cause: String? = nil) {
        guard !delivery.hasFailed, let report = self.currentReport?.report else { return }
        let meter = self.settings.meters[delivery.task]
        meter.ended(outcome, cause: cause)
        meter.ran(for: report.runTimeNanoseconds, peakMemory: report.peakMemory)
    }

    /// Counts an attempt whose child is gone.
    func count(_ end: AbnormalEnd) {
        guard !end.delivery.hasFailed else { return }
        let meter = self.settings.meters[end.delivery.task]
        let isLast = end.kind == .final
        meter.ended(isLast ? TaskMeter.Outcome(end.outcome.state) : .lost, cause: end.outcome.failure?.cause)
        meter.ran(
            for: end.outcome.runTime?.wholeNanoseconds ?? 0, peakMemory: UInt64(end.outcome.peakMemory?.bytes ?? 0))
        self.remember(end.outcome, end.delivery, id: end.metadata["task.id"].map { "\($0)" }, runsAgain: !isLast)
    }

    /// Keeps a failure to show it.
    func remember(_ outcome: TaskOutcome, _ delivery: Delivery, id: String?, runsAgain: Bool = false) {
        guard let failure = outcome.failure, !delivery.hasFailed else { return }
        var entry = RecentFailures.Entry(
            time: Double(wallNanoseconds()) / 1e9, task: delivery.task, id: id ?? "", runsAgain: runsAgain,
            type: failure.type, message: failure.message)
        entry.cause = failure.cause
        entry.runTime = outcome.runTime.map { Double($0.wholeNanoseconds) / 1e9 }
        entry.backtrace = Array(failure.backtrace.prefix(RecentFailures.longestBacktrace))
        entry.postMortem = Array(outcome.postMortem ?? [])
        self.history.failures.add(entry)
    }
}

extension TaskMeter.Outcome {
    init(_ state: TaskOutcome.State) {
        self =
            switch state {
            case .success: .success
            case .failure: .failure
            case .revoked: .revoked
            case .rejected: .rejected
            }
    }
}

/// What is shown of a running worker.
extension Master {
    /// Whether it shuts down.
    public var isStopping: Bool { self.supervisor.ladder.stage > .running }

    /// Whether children can be started, as far as is known.
    public var hasChildren: Bool { self.history.childrenStart }

    /// The pools.
    public var shownPools: [WorkerSnapshot.Pool] {
        self.supervisor.pools.enumerated().map { index, pool in
            let recycled = self.history.recycled[index].map { ($0.key.rawValue, $0.value) }
            return WorkerSnapshot.Pool(
                name: self.settings.poolNames[index], concurrency: pool.policy.concurrency,
                children: self.children.values.count { $0.pool == index && $0.pid != nil }, busy: pool.occupiedSlots,
                slots: pool.slots, ordered: self.history.ordered[index],
                recycled: Dictionary(uniqueKeysWithValues: recycled))
        }
    }

    /// What tasks have done, those that something happened to.
    public var shownTasks: [WorkerSnapshot.Task] {
        let leaks = Dictionary(self.leaks.map { ($0.task, $0) }) { first, _ in first }
        var tasks = self.settings.meters.used.map { task, meter in
            let known = leaks[task]
            return WorkerSnapshot.Task(
                name: self.settings.taskNames[task], meter: meter, retained: known?.heapPerRun,
                leaks: known?.leaks.map(\.rawValue) ?? [])
        }
        let unknown = self.settings.meters.unknown
        if !unknown.seenEnds.isEmpty { tasks.append(WorkerSnapshot.Task(name: "(unknown)", meter: unknown)) }
        return tasks
    }

    /// The children, the oldest first.
    public var shownChildren: [WorkerSnapshot.Child] {
        let now = Instant(nanoseconds: monotonicNanoseconds())
        return self.supervisor.children.compactMap { $0 }.sorted { $0.id.serial < $1.id.serial }.map { child in
            let handle = self.children[child.id]
            return WorkerSnapshot.Child(
                number: child.id.serial, pid: handle?.pid, pool: self.settings.poolNames[child.pool],
                state: child.recycling == nil ? child.state.word : "recycling", tasks: child.tasksTaken,
                age: (now - child.startedAt).inSeconds,
                memory: handle?.pid.flatMap { ProcessTable.residentMemory(of: $0)?.total } ?? 0,
                running: child.assignments.map { self.shown($0, handle, now) })
        }
    }

    private func shown(_ assignment: Assignment, _ child: ChildHandle?, _ now: Instant) -> WorkerSnapshot.Running {
        let delivery = assignment.delivery
        return WorkerSnapshot.Running(
            task: self.settings.taskNames[delivery.task], id: child?.labels[delivery.tag.number]?.text ?? "",
            runtime: assignment.startedAt.map { (now - $0).inSeconds }, memory: assignment.peakMemory,
            limit: self.supervisor.limits(of: delivery).memory.map { UInt64($0.bytes) })
    }

    /// What went wrong lately, the newest first.
    public var shownFailures: [WorkerSnapshot.Failure] {
        self.history.failures.newestFirst.map { entry in
            let name = self.settings.taskNames[entry.task]
            return WorkerSnapshot.Failure(entry, task: name, report: Certificate(entry.record(task: name)).lines)
        }
    }
}

extension RecentFailures.Entry {
    /// The record of an end, as outcome lines have it.
    fileprivate func record(task: String) -> JSONObject {
        var error: JSONObject = ["type": .string(self.type), "message": .string(self.message)]
        if let cause { error["cause"] = .string(cause) }
        if !self.backtrace.isEmpty { error["backtrace"] = .array(self.backtrace.map { .string($0) }) }
        var record: JSONObject = ["task": .string(task), "id": .string(self.id), "error": .object(error)]
        if let postMortem = try? JSONValue(parsing: self.postMortem[...]) { record["post_mortem"] = postMortem }
        return record
    }
}

extension LeakSummary {
    /// Heap that a run leaves behind, once that was looked at.
    fileprivate var heapPerRun: Double? {
        self.estimates[.heap].flatMap { $0.looks > 0 ? $0.perRun : nil }
    }
}

extension ChildMachine.State {
    fileprivate var word: String {
        switch self {
        case .starting: "starting"
        case .idle: "idle"
        case .busy: "busy"
        case .draining: "draining"
        case .stopping: "stopping"
        case .killed: "killed"
        case .gone: "gone"
        }
    }
}

extension Duration {
    fileprivate var inSeconds: Double { Double(self.wholeNanoseconds) / 1e9 }
}
