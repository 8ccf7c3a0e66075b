/// The settings of the broker, of results, and of what goes with messages.
extension SettingKey {
    static let broker = SettingKey(
        "broker",
        in: [.worker],
        .url,
        or: .unlimited,
        default: "none",
        "The Redis server whose queues `worker` takes tasks from.",
        celery: "broker_url",
        shortFlag: "b"
    )
    static let resultBackend = SettingKey(
        "result_backend",
        in: [.worker],
        .url,
        or: .unlimited,
        default: "none",
        "The Redis server that results are stored on: best the broker's, in the same or another database.",
        celery: "result_backend"
    )
    static let masterName = SettingKey(
        "master_name",
        in: [.worker],
        .text,
        default: "mymaster",
        "What the sentinels of a `sentinel://` URL call the master.",
        celery: "broker_transport_options.master_name"
    )
    static let queues = SettingKey(
        "queues",
        in: [.worker],
        .names,
        default: "celery",
        "The queues to take from; where they are weighted, each with its weight: `critical=6`.",
        celery: "task_queues",
        shortFlag: "Q"
    )
    static let queueOrder = SettingKey(
        "queue_order",
        in: [.worker],
        .choice(QueueOrder.allCases.map(\.rawValue)),
        default: QueueOrder.roundRobin.rawValue,
        "Which queue is asked first: in turn, as listed, by name, or at random by weight. Urgent messages come first from any of them.",
        celery: "queue_order_strategy"
    )
    static let name = SettingKey(
        "name",
        in: [.worker],
        .text,
        default: "celery@%h",
        "The worker's name: %h is the host, %n the host up to its first dot, %d the rest.",
        celery: "--hostname",
        shortFlag: "n"
    )
    static let acks = SettingKey(
        "acks",
        in: [.worker, .tasks],
        .choice(Acknowledgement.allCases.map(\.rawValue)),
        default: Acknowledgement.late.rawValue,
        "Whether a message is acknowledged after its task or before it; \"early\" loses tasks of a lost child or worker.",
        celery: "task_acks_late"
    )
    static let ignoreResult = SettingKey(
        "ignore_result",
        in: [.worker, .tasks],
        .boolean,
        default: "false",
        "Whether results are not stored, unless the message says otherwise.",
        celery: "task_ignore_result"
    )
    static let trackStarted = SettingKey(
        "track_started",
        in: [.worker, .tasks],
        .boolean,
        default: "false",
        "Whether the state STARTED is stored.",
        celery: "task_track_started"
    )
    static let visibilityTimeout = SettingKey(
        "visibility_timeout",
        in: [.worker],
        .duration(zero: .forbidden),
        default: "1h",
        "Age after which a message that some worker holds and does not renew is handed out again; the same for all workers of a database.",
        celery: "broker_transport_options.visibility_timeout"
    )
    static let workerTimeout = SettingKey(
        "worker_timeout",
        in: [.worker],
        .duration(zero: .forbidden),
        default: "10s",
        "Silence after which other workers take this one for dead and give its messages back."
    )
    static let maxDeliveries = SettingKey(
        "max_deliveries",
        in: [.worker],
        .count(atLeast: 1),
        default: "20",
        "How often a message may be handed out before it goes to the dead letters."
    )
    static let resultExpires = SettingKey(
        "result_expires",
        in: [.worker],
        .duration(zero: .allowed),
        default: "1d",
        "How long results are kept; \"0s\" keeps them.",
        celery: "result_expires"
    )
    static let resultExtended = SettingKey(
        "result_extended",
        in: [.worker],
        .boolean,
        default: "false",
        "Whether results tell the task's name, arguments, retries, queue and worker.",
        celery: "result_extended"
    )
    static let keyPrefix = SettingKey(
        "key_prefix",
        in: [.worker],
        .text,
        or: .unlimited,
        default: "none",
        "What stands in front of every key of the broker.",
        celery: "broker_transport_options.global_keyprefix"
    )
    static let resultKeyPrefix = SettingKey(
        "result_key_prefix",
        in: [.worker],
        .text,
        or: .unlimited,
        default: "none",
        "What stands in front of every key of the result backend.",
        celery: "result_backend_transport_options.global_keyprefix"
    )

    static let rate = SettingKey(
        "rate",
        in: [.tasks],
        .rate,
        or: .unlimited,
        default: "none",
        "Most starts in a time, spread evenly, over all workers of the broker.",
        celery: "Task.rate_limit"
    )
    static let maxConcurrent = SettingKey(
        "max_concurrent",
        in: [.tasks],
        .count(atLeast: 1),
        or: .unlimited,
        default: "none",
        "Most attempts at the same time, over all workers of the broker."
    )
    static let limitKey = SettingKey(
        "limit_key",
        in: [.tasks],
        .argument,
        default: nil,
        "What is limited by `rate` and `max_concurrent`: each text that this makes of the arguments, by itself."
    )
}
