import Logging

/// Counts what a worker logs; the texts go into the trace.
struct LogCounter: LogHandler {
    /// The simulation has one thread.
    nonisolated(unsafe) private unowned let worker: WorkerProcess
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.notice

    init(worker: WorkerProcess) { self.worker = worker }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { self.metadata[key] }
        set { self.metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let world = self.worker.world
        world.reached.note("log: \(event.message)")
        world.note(.log) {
            let facts = (event.metadata ?? [:]).sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
            return "\(self.worker.name) \(event.message) \(facts.joined(separator: " "))"
        }
    }
}
