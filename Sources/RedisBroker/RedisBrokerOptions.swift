import Supervision

/// How a worker uses its broker and its result backend.
public struct RedisBrokerOptions: Sendable {
    /// Names of the queues to take from, in the order of the command line. Celery: `-Q`, `task_queues`.
    public var queues = ["celery"]
    /// In which order queues are asked.
    public var queueOrder = QueueOrder.roundRobin
    /// Age after which a message that some worker took and did not acknowledge is handed out again; our own are renewed
    /// while they run. Must be the same for all workers of a database. Celery: `visibility_timeout`.
    public var visibilityTimeout: Duration = .seconds(3600)
    /// Silence after which a worker of ours is taken to be dead.
    public var workerTimeout: Duration = .seconds(10)
    /// Celery's `global_keyprefix` of the broker.
    public var keyPrefix = ""
    /// The name of this worker, as Celery shows it: `celery@host`.
    public var nodeName: String
    /// Where results go; `nil` stores none.
    public var results: ResultOptions?
    /// How often a message may be handed out before it is dead.
    public var maxDeliveries = 20
    /// The largest message that is run; larger ones are dead.
    public var maxMessage: ByteCount = .mebibytes(64)

    /// The options of a worker of this name.
    public init(nodeName: String) { self.nodeName = nodeName }
}

/// In which order queues are asked. A message of an urgent priority step comes first in any case, from whichever queue.
public enum QueueOrder: String, CaseIterable, Sendable {
    /// The queue that was first is last the next time. Celery: `queue_order_strategy`, the default.
    case roundRobin = "round_robin"
    /// As they were given: a queue is asked only when those before it are empty. Celery: `priority`.
    case strict
    /// In the order of their names. Celery: `sorted`.
    case sorted
}

/// What becomes of results.
public struct ResultOptions: Sendable {
    /// The number of their database, on the broker's server.
    public var database = 0
    /// Celery's `global_keyprefix` of the result backend.
    public var keyPrefix = ""
    /// How long they are kept; zero for ever. Celery: `result_expires`.
    public var expires: Duration = .seconds(86_400)
    /// Whether they tell the task's name, arguments and worker. Celery: `result_extended`.
    public var isExtended = false

    /// Celery's defaults.
    public init() {}
}

/// What differs from task to task.
public struct TaskDeliveryOptions: Equatable, Sendable {
    /// Whether a message is acknowledged before its task runs: then a lost worker loses it. Celery: `acks_late` off.
    public var acknowledgesEarly = false
    /// Whether results are not stored, unless the message says otherwise. Celery: `ignore_result`.
    public var ignoresResult = false
    /// Whether the state STARTED is stored. Celery: `track_started`.
    public var tracksStart = false

    /// Late acknowledgement, results stored, starts not.
    public init() {}
}
