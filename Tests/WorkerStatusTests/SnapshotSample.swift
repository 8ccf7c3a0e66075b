import WorkerStatus

/// A worker with a little of everything.
func sampleSnapshot() -> WorkerSnapshot {
    let worker = WorkerSnapshot.Worker(
        name: "celery@here", pid: 100, version: "1.2", state: .consuming, uptime: 12.5, memory: 16 << 20, cpu: 0.25)
    var broker = WorkerSnapshot.Broker(
        server: "redis://localhost:6379/0", connected: true, taken: 10, settled: 8, stale: 1, recovered: 2, leases: 2,
        waiting: 1, dead: ["malformed": 3])
    broker.atServer = WorkerSnapshot.ServerSide(unacknowledged: 4, scheduled: 5, dead: 6)
    let pool = WorkerSnapshot.Pool(
        name: "default", concurrency: 2, children: 2, busy: 1, slots: 2, ordered: 5,
        recycled: ["leak": 1, "max_tasks": 2])
    var snapshot = WorkerSnapshot(worker: worker, broker: broker, pools: [pool])
    snapshot.queues = [WorkerSnapshot.Queue(name: "celery", length: 3, stalled: 1.5)]
    snapshot.tasks = [sampleTask()]
    snapshot.children = sampleChildren()
    var failure = RecentFailures.Entry(
        time: 1_700_000_000, task: 0, id: "id-2", runsAgain: true, type: "WorkerLostError",
        message: "<script>alert(1)</script>")
    failure.cause = "segfault"
    failure.runTime = 0.5
    snapshot.failures = [WorkerSnapshot.Failure(failure, task: "tasks.add", report: ["cause        segfault"])]
    return snapshot
}

func sampleTask() -> WorkerSnapshot.Task {
    let meter = TaskMeter()
    meter.ended(.success)
    meter.ended(.success)
    meter.ended(.lost, cause: "segfault")
    meter.ran(for: 400_000, peakMemory: 2 << 20)
    meter.ran(for: 2_000_000_000, peakMemory: 512)
    meter.started(after: 700_000)
    return WorkerSnapshot.Task(name: "tasks.add", meter: meter, retained: 12.5, leaks: ["heap"])
}

func sampleChildren() -> [WorkerSnapshot.Child] {
    let running = WorkerSnapshot.Running(
        task: "tasks.add", id: "id-1", runtime: 3.25, memory: 64 << 20, limit: 128 << 20)
    return [
        WorkerSnapshot.Child(
            number: 1, pid: 101, pool: "default", state: "busy", tasks: 9, age: 10, memory: 20 << 20,
            running: [running]),
        WorkerSnapshot.Child(
            number: 2, pid: 102, pool: "default", state: "idle", tasks: 0, age: 1, memory: 8 << 20, running: []),
    ]
}
