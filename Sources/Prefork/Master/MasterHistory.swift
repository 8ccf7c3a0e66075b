import Supervision
import WorkerStatus

/// What a master remembers in order to show it.
struct MasterHistory {
    /// Children ordered, by pool.
    var ordered: [UInt64]
    /// Children replaced, by pool and reason.
    private(set) var recycled: [[ChildMachine.RecycleReason: UInt64]]
    /// Whether the child that tried last was able to start.
    private(set) var childrenStart = false
    var failures = RecentFailures()

    init(pools: Int) {
        self.ordered = Array(repeating: 0, count: pools)
        self.recycled = Array(repeating: [:], count: pools)
    }

    /// Something has happened.
    mutating func note(_ event: SupervisorEvent, poolOf: (ChildID) -> Int?) {
        switch event {
        case .childReady: self.childrenStart = true
        case .childBootFailed, .spawnFailed, .templateLost: self.childrenStart = false
        case .childRecycled(let id, let reason, _):
            if let pool = poolOf(id) { self.recycled[pool][reason, default: 0] += 1 }
        default: break
        }
    }
}
