import FoundationEssentials

/// How a task is sent. Each option is named after Celery's.
public struct SendOptions: Sendable {
    /// When a message that has not started is dropped.
    public enum Expiry: Sendable {
        /// So long after it was sent.
        case after(Duration)
        /// At a point in time.
        case at(Date)
    }

    /// What happens when a message was sent and the connection ended before its answer.
    public enum Uncertainty: Sendable {
        /// The call throws ``ClientError/Code/uncertain``: the task may run or not. Its id is known to who chose it.
        case fail
        /// It is sent again, with the same id, so that it arrives at least once and may run twice. Celery's
        /// `task_publish_retry`.
        case sendAgain
    }

    /// The queue; `nil` for ``ClientOptions/queue``.
    public var queue: String?
    /// The task's id; `nil` makes a new one (a UUID). Two messages with one id share one result.
    public var id: String?
    /// Not to start before so much time has passed, by this machine's clock. Wins over ``eta``.
    public var countdown: Duration?
    /// Not to start before.
    public var eta: Date?
    /// When the message is dropped if it has not started; `nil` for never.
    public var expires: Expiry?
    /// From 0, the most urgent and the default, to 9, as on Celery's Redis transport.
    public var priority = 0
    /// The hard time limit; `nil` leaves it to the task. Celery: `time_limit`.
    public var timeLimit: Duration?
    /// The soft time limit; `nil` leaves it to the task. Celery: `soft_time_limit`.
    public var softTimeLimit: Duration?
    /// How the arguments are written. Default JSON.
    public var serializer = Serializer.json
    /// How they are compressed. Default not at all.
    public var compression: CompressionFormat?
    /// Further headers of the message. They override those of the same name.
    public var headers: [String: JSONValue] = [:]
    /// Tasks to send with the result, on success.
    public var link: [Signature] = []
    /// Tasks to send on failure.
    public var linkError: [Signature] = []
    /// Whether no result is to be stored.
    public var ignoresResult = false
    /// The queue that a result of Celery's `rpc` backend goes to.
    public var replyTo: String?
    /// A name to show in place of the task's.
    public var shadow: String?
    /// The first task of the workflow; `nil` makes it this one.
    public var rootID: String?
    /// The task that sends this one.
    public var parentID: String?
    /// Retries already done.
    public var retries = 0
    /// What happens when it is not known whether the message arrived. Default ``Uncertainty/fail``.
    public var whenUncertain = Uncertainty.fail

    /// The usual options.
    public init() {}

    /// The options that are given most often.
    public init(
        queue: String? = nil, id: String? = nil, countdown: Duration? = nil, eta: Date? = nil, expires: Expiry? = nil,
        priority: Int = 0
    ) {
        self.queue = queue
        self.id = id
        self.countdown = countdown
        self.eta = eta
        self.expires = expires
        self.priority = priority
    }
}
