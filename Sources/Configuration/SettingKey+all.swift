extension SettingKey {
    /// Every setting, in the order of the documentation.
    public static let all: [SettingKey] =
        [
            concurrency, maxConcurrency, childConcurrency, shutdownGrace, logLevel, logFormat, heldMessages,
            bootTimeout, controlGroups, memoryBudget, stateDirectory, leakLedger,
            broker, resultBackend, masterName, queues, queueOrder, name, acks, ignoreResult, trackStarted,
            visibilityTimeout,
            workerTimeout, maxDeliveries, resultExpires, resultExtended, keyPrefix, resultKeyPrefix,
            requireSignature, requireCertificate, verifyKeys, signingKey, signatureMaxAge, certificates, remoteControl,
            controlSocket, taskEvents, traceSocket, tracePercent, sandbox,
            softTime, hardTime, softCPUTime, hardCPUTime, cpuPercent, memory, openFiles, processes, fileSize, output,
            result, stuckAfter, whenStuck, recycle, leakAllowance,
            maxTasksPerChild, maxChildAge, maxChildGrowth,
            maxRetries, automatic, backoff, maxBackoff, jitter, maxLosses, breaker, breakerWait,
            pool, rate, maxConcurrent, limitKey, command, stdin, environment, workingDirectory,
        ] + sandboxKeys + scheduleKeys

    static let concurrency = SettingKey(
        "concurrency",
        in: [.worker, .pools],
        .count(atLeast: 1),
        or: .auto,
        default: "auto",
        "Children that run tasks at the same time; \"auto\" is one for each available CPU.",
        celery: "worker_concurrency",
        shortFlag: "c"
    )
    static let maxConcurrency = SettingKey(
        "max_concurrency",
        in: [.worker, .pools],
        .count(atLeast: 1),
        or: .unlimited,
        default: "none",
        "Children to which a pool grows while work waits; it shrinks to `concurrency` when they were not needed for 30 s.",
        celery: "--autoscale"
    )
    static let childConcurrency = SettingKey(
        "child_concurrency",
        in: [.worker, .pools],
        .count(atLeast: 1),
        default: "1",
        "Async tasks that one child runs at the same time."
    )
    static let shutdownGrace = SettingKey(
        "shutdown_grace",
        in: [.worker],
        .duration(zero: .allowed),
        default: "30s",
        "How long a warm shutdown waits for running tasks before it escalates.",
        celery: "worker_soft_shutdown_timeout"
    )
    static let logLevel = SettingKey(
        "log_level",
        in: [.worker],
        .choice(WorkerSettings.LogLevel.allCases.map(\.rawValue)),
        default: "info",
        "The least severe log lines to write.",
        celery: "--loglevel"
    )
    static let logFormat = SettingKey(
        "log_format",
        in: [.worker],
        .choice(WorkerSettings.LogFormat.allCases.map(\.rawValue)),
        default: "text",
        "Whether a log line is text for people or a JSON object.",
        celery: "worker_log_format"
    )
    static let heldMessages = SettingKey(
        "held_messages",
        in: [.worker],
        .size,
        default: "64MiB",
        "Most bytes of messages that wait in the master's memory, or, from 256 KiB each, in files.",
        celery: "worker_prefetch_multiplier"
    )
    static let bootTimeout = SettingKey(
        "boot_timeout",
        in: [.worker],
        .duration(zero: .forbidden),
        default: "30s",
        "How long a child may take until it is ready.",
        celery: "worker_proc_alive_timeout"
    )

    static let softTime = SettingKey(
        "soft_time",
        in: [.limits, .tasks],
        .duration(zero: .forbidden),
        or: .unlimited,
        default: "none",
        "Wall time after which the task is told to stop.",
        celery: "task_soft_time_limit"
    )
    static let hardTime = SettingKey(
        "hard_time",
        in: [.limits, .tasks],
        .duration(zero: .forbidden),
        or: .unlimited,
        default: "none",
        "Wall time after which the attempt's whole process tree is killed.",
        celery: "task_time_limit"
    )
    static let softCPUTime = SettingKey(
        "soft_cpu_time",
        in: [.limits, .tasks],
        .duration(zero: .forbidden),
        or: .unlimited,
        default: "none",
        "CPU time after which the task is told to stop."
    )
    static let hardCPUTime = SettingKey(
        "hard_cpu_time",
        in: [.limits, .tasks],
        .duration(zero: .forbidden),
        or: .unlimited,
        default: "none",
        "CPU time after which the attempt's whole process tree is killed."
    )
    static let memory = SettingKey(
        "memory",
        in: [.limits, .tasks],
        .size,
        or: .unlimited,
        default: "none",
        "Private memory that the attempt may add to its child's baseline before its process tree is killed."
    )
    static let openFiles = SettingKey(
        "open_files",
        in: [.limits, .tasks],
        .count(atLeast: 1),
        or: .unlimited,
        default: "none",
        "Descriptors that the attempt may have open."
    )
    static let processes = SettingKey(
        "processes",
        in: [.limits, .tasks],
        .count(atLeast: 0),
        or: .unlimited,
        default: "none",
        "Processes that the attempt may have at once, its child not counted; 0 forbids it to start any."
    )
    static let fileSize = SettingKey(
        "file_size",
        in: [.limits, .tasks],
        .size,
        or: .unlimited,
        default: "none",
        "Largest file that the attempt may write."
    )
    static let output = SettingKey(
        "output",
        in: [.limits, .tasks],
        .size,
        default: "16MiB",
        "Bytes that the attempt may write to standard output and standard error together."
    )
    static let result = SettingKey(
        "result",
        in: [.limits, .tasks],
        .size,
        default: "64MiB",
        "Largest encoded result."
    )
    static let maxTasksPerChild = SettingKey(
        "max_tasks_per_child",
        in: [.limits, .pools],
        .count(atLeast: 1),
        or: .unlimited,
        default: "none",
        "Tasks after which a child is replaced; a tenth of it is drawn as jitter.",
        celery: "worker_max_tasks_per_child"
    )
    static let maxChildAge = SettingKey(
        "max_child_age",
        in: [.limits, .pools],
        .duration(zero: .forbidden),
        or: .unlimited,
        default: "none",
        "Age after which a child is replaced."
    )
    static let maxChildGrowth = SettingKey(
        "max_child_growth",
        in: [.limits, .pools],
        .size,
        or: .unlimited,
        default: "none",
        "Private memory that a child may retain over its baseline before it is replaced.",
        celery: "worker_max_memory_per_child"
    )

    static let maxRetries = SettingKey(
        "max_retries",
        in: [.retry, .tasks],
        .count(atLeast: 0),
        default: "3",
        "Retries after the first attempt; 0 never retries.",
        celery: "Task.max_retries"
    )
    static let automatic = SettingKey(
        "automatic",
        in: [.retry, .tasks],
        .boolean,
        default: "false",
        "Whether an error that the task threw is retried without the task asking for it.",
        celery: "Task.autoretry_for"
    )
    static let backoff = SettingKey(
        "backoff",
        in: [.retry, .tasks],
        .duration(zero: .allowed),
        default: "1s",
        "Wait before the first retry; doubles with each further one.",
        celery: "Task.retry_backoff"
    )
    static let maxBackoff = SettingKey(
        "max_backoff",
        in: [.retry, .tasks],
        .duration(zero: .allowed),
        default: "10m",
        "Longest wait between two attempts.",
        celery: "Task.retry_backoff_max"
    )
    static let jitter = SettingKey(
        "jitter",
        in: [.retry, .tasks],
        .boolean,
        default: "true",
        "Whether each wait is drawn at random between half of it and all of it.",
        celery: "Task.retry_jitter"
    )
    static let maxLosses = SettingKey(
        "max_losses",
        in: [.retry, .tasks],
        .count(atLeast: 1),
        default: "2",
        "Children that the task may lose (crash, exit, outside kill) before it fails for good.",
        celery: "task_reject_on_worker_lost"
    )

    static let pool = SettingKey(
        "pool",
        in: [.tasks],
        .poolName,
        default: "default",
        "The pool whose children run the task.",
        celery: "task_routes"
    )
    static let command = SettingKey(
        "command",
        in: [.tasks],
        .command,
        default: nil,
        "The program that is the task, and its arguments."
    )
    static let stdin = SettingKey(
        "stdin",
        in: [.tasks],
        .choice(CommandSpec.StandardInput.allCases.map(\.rawValue)),
        default: "json",
        "What the command gets on standard input: the message as JSON, or nothing."
    )
    static let environment = SettingKey(
        "environment",
        in: [.tasks],
        .environment,
        default: nil,
        "Variables to add to the command's environment."
    )
    static let workingDirectory = SettingKey(
        "working_directory",
        in: [.tasks],
        .absolutePath,
        default: nil,
        "The directory that the command starts in; without it, the worker's."
    )
}
