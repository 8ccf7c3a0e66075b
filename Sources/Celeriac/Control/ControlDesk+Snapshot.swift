import Celery
import JSON
import RedisBroker
import RemoteControl
import Supervision
import Syscalls
import WorkerStatus

/// The answer to `snapshot`: what the status process, `top` and probes show.
extension ControlDesk {
    func snapshot(_ parts: CeleryValue?, then answer: @escaping (CeleryValue?) -> Void) throws(ControlError) {
        let parts = try Self.parts(parts)
        guard parts.contains(.queues) else { return answer(Self.value(self.snapshot(parts, nil))) }
        self.broker.lookAtQueues { [unowned self] in answer(Self.value(self.snapshot(parts, $0))) }
    }

    /// All parts, unless some are named.
    private static func parts(_ value: CeleryValue?) throws(ControlError) -> Set<WorkerSnapshot.Part> {
        guard let value, !value.isNull else { return Set(WorkerSnapshot.Part.allCases) }
        var parts: Set<WorkerSnapshot.Part> = []
        for name in value.asArray ?? [value] where name != "worker" {
            guard let part = name.asString.flatMap(WorkerSnapshot.Part.init) else {
                let names = WorkerSnapshot.Part.allCases.map(\.rawValue).joined(separator: ", ")
                throw ControlError("ValueError", "parts of a snapshot are worker, \(names)")
            }
            parts.insert(part)
        }
        return parts
    }

    private static func value(_ snapshot: WorkerSnapshot) -> CeleryValue {
        do {
            return CeleryValue(try JSONCoder.encode(snapshot))
        } catch {
            return ["error": .string("\(error)")]
        }
    }

    private func snapshot(_ parts: Set<WorkerSnapshot.Part>, _ state: RedisBroker.QueueState?) -> WorkerSnapshot {
        var snapshot = WorkerSnapshot(worker: self.shownWorker, broker: self.shownBroker, pools: self.master.shownPools)
        snapshot.queues = state?.queues
        snapshot.broker.atServer = state?.atServer
        if parts.contains(.tasks) { snapshot.tasks = self.master.shownTasks }
        if parts.contains(.children) { snapshot.children = self.master.shownChildren }
        if parts.contains(.failures) { snapshot.failures = self.master.shownFailures }
        return snapshot
    }

    private var shownWorker: WorkerSnapshot.Worker {
        var worker = WorkerSnapshot.Worker(
            name: self.nodeName, pid: ownProcessID, version: celeriacVersion, state: self.state,
            uptime: Double(monotonicNanoseconds() - self.startedAt) / 1e9,
            memory: ProcessTable.residentMemory(of: ownProcessID)?.total ?? 0,
            cpu: Double(ownUsage().cpuNanoseconds) / 1e9)
        worker.spans = self.spans.map { WorkerSnapshot.Spans(sent: $0.counts.sent, dropped: $0.counts.dropped) }
        return worker
    }

    /// What the worker is up to.
    var state: WorkerState {
        WorkerState(
            isStopping: self.master.isStopping, hasChildren: self.master.hasChildren,
            isConnected: self.broker.isConnected, hasQueues: self.broker.hasQueues)
    }

    private var shownBroker: WorkerSnapshot.Broker {
        let counts = self.broker.counts
        let dead = self.broker.deadByReason.map { ($0.key.rawValue, $0.value) }
        return WorkerSnapshot.Broker(
            server: self.broker.server.masked, connected: self.broker.isConnected, taken: counts.taken,
            settled: counts.settled, stale: counts.stale, recovered: counts.recovered, leases: self.broker.leaseCount,
            waiting: self.broker.status.waiting, dead: Dictionary(uniqueKeysWithValues: dead))
    }
}
