import Configuration
import Redis
import Supervision

/// How a worker uses its broker and its result backend.
public struct RedisBrokerOptions: Sendable {
    /// The queues to take from, in the order of the command line. Celery: `-Q`, `task_queues`.
    public var queues = [WeightedQueue("celery")]
    /// Which queue is asked first.
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

    /// Whether requests to all workers are heard. Celery: `worker_enable_remote_control`.
    public var listens = true
    /// Whether only those requests are that a key of the worker has signed.
    public var requiresSignedRequests = false
    /// Whether events of tasks are sent from the start. Celery: `worker_send_task_events`.
    public var sendsTaskEvents = false
    /// The version that events tell.
    public var version = "0"

    /// The options of a worker of this name.
    public init(nodeName: String) { self.nodeName = nodeName }
}

/// What becomes of results.
public struct ResultOptions: Sendable {
    /// The number of their database.
    public var database = 0
    /// Their server where it is not the broker's.
    public var server: ServerURL?
    /// Celery's `global_keyprefix` of the result backend.
    public var keyPrefix = ""
    /// How long they are kept; zero for ever. Celery: `result_expires`.
    public var expires: Duration = .seconds(86_400)

    /// Celery's defaults.
    public init() {}
}

/// What the broker asks of the tasks' settings, which a reload may change.
public struct TaskProfiles {
    /// A task's profile, by its index.
    public var profile: (Int) -> TaskProfile
    /// What concerns its messages.
    public var delivery: (Int) -> DeliverySettings

    /// Profiles.
    public init(profile: @escaping (Int) -> TaskProfile, delivery: @escaping (Int) -> DeliverySettings) {
        self.profile = profile
        self.delivery = delivery
    }
}
