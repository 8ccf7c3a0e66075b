import Supervision
import Wire

/// A child as its master holds it.
final class ChildHandle {
    let id: ChildID
    let generation: Int
    /// The process, once the template has forked it.
    var process: ChildProcess?
    var decoder = FrameDecoder(.reports)
    var isReady = false
    var isCondemned = false
    /// Deliveries in it.
    var tags: [UInt64] = []
    var aftermaths: [UInt64: Aftermath] = [:]
    /// Outcomes that have been read.
    var reported: Set<UInt64> = []
    /// Whether it has told that a task left a process in it.
    var hasToldOfLeftovers = false
    private(set) var isUnwatched = false
    private var hasSeenEnd = false

    init(_ id: ChildID, generation: Int) {
        self.id = id
        self.generation = generation
    }

    /// Whether its pipe has something for the master.
    var hasInput: Bool {
        guard let process, !self.isUnwatched else { return false }
        return !process.pipe.isEmpty || process.isAtEnd && !self.hasSeenEnd
    }

    func sawEnd() { self.hasSeenEnd = true }
    func unwatch() { self.isUnwatched = true }
}

/// What a template tells its master.
enum TemplateReport {
    case ready(generation: Int)
    case forked(ChildID, ChildProcess)
    case forkFailed(ChildID, String)
    case exited(ChildProcess)
    /// It was reaped; with it went its children.
    case died(generation: Int)
}

/// A template process.
final class TemplateProcess {
    let generation: Int
    unowned let worker: WorkerProcess
    private(set) var isAlive = true
    private(set) var isReady = false
    /// Told to end.
    private var isStopping = false

    init(_ worker: WorkerProcess, generation: Int) {
        self.worker = worker
        self.generation = generation
        worker.world.after(worker.world.microseconds(500...40_000)) {
            guard self.isAlive, !self.isStopping else { return }
            self.isReady = true
            worker.report(.ready(generation: generation))
        }
    }

    /// Its socket was closed: it ends after its children.
    func stop() {
        guard !self.isStopping else { return }
        self.isStopping = true
        self.worker.world.after(self.worker.world.microseconds(100...5_000)) { self.die() }
    }

    func die() {
        guard self.isAlive else { return }
        self.isAlive = false
        self.worker.templateDied(self)
    }
}
