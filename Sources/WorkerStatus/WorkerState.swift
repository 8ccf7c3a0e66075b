/// What a worker is up to.
public enum WorkerState: String, Codable, CaseIterable, Sendable {
    /// No child has been ready yet, or none can be started.
    case starting
    /// It takes messages.
    case consuming
    /// Its broker is away.
    case disconnected
    /// It has been told to take from no queue.
    case paused
    /// It shuts down.
    case stopping

    /// The state of a worker of which so much is known.
    public init(isStopping: Bool, hasChildren: Bool, isConnected: Bool, hasQueues: Bool) {
        self =
            if isStopping { .stopping } else if !hasChildren { .starting } else if !isConnected {
                .disconnected
            } else if !hasQueues { .paused } else { .consuming }
    }
}
