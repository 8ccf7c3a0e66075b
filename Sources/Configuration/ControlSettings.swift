/// What whoever can publish at the broker may ask of a worker.
public enum RemoteControlAccess: String, CaseIterable, Sendable {
    /// Nothing: it does not listen.
    case off
    /// What changes nothing.
    case readOnly = "read-only"
    /// All, but only what a key of `verify_keys` has signed.
    case signed
    /// All.
    case all
}

/// What concerns remote control and events.
public struct ControlSettings: Equatable, Sendable {
    /// What may be asked through the broker. Default all. Celery: `worker_enable_remote_control`.
    public let access: RemoteControlAccess
    /// The path of the socket for commands without the broker; `nil` for one in the state directory, if there is one.
    public let socket: String?
    /// Whether events of tasks are sent from the start. Celery: `worker_send_task_events`, `-E`.
    public let taskEvents: Bool

    init(_ layer: Layer) {
        self.access = layer.required(Layer.choice, .remoteControl)
        self.socket = layer.text(.controlSocket)
        self.taskEvents = layer.required(Layer.boolean, .taskEvents)
    }
}
