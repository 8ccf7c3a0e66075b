/// The settings of remote control and events.
extension SettingKey {
    static let remoteControl = SettingKey(
        "remote_control",
        in: [.worker],
        .choice(RemoteControlAccess.allCases.map(\.rawValue)),
        default: RemoteControlAccess.all.rawValue,
        "What whoever can publish at the broker may ask: nothing, what changes nothing, what a key of `verify_keys` has signed, or all.",
        celery: "worker_enable_remote_control"
    )
    static let controlSocket = SettingKey(
        "control_socket",
        in: [.worker],
        .absolutePath,
        or: .auto,
        default: "auto",
        "The socket for the same commands without the broker; \"auto\" is one in `state_dir`, if that is set, called after the worker."
    )
    static let taskEvents = SettingKey(
        "task_events",
        in: [.worker],
        .boolean,
        default: "false",
        "Whether events of tasks are sent from the start.",
        celery: "worker_send_task_events"
    )
}
