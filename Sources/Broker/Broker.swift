import Reactor
import Supervision
import Syscalls
import Traces
import Wire

/// A message that was taken and is to be run.
public struct TakenMessage {
    /// What the supervisor decides about.
    public var delivery: Delivery
    /// The task's id.
    public var id: Bytes
    /// What its child gets.
    public var body: Body
    /// The span that the message was sent in; `nil` when it belongs to no trace.
    public var trace: TraceContext?
    /// When it was sent, in seconds since 1970; `nil` when it does not say.
    public var sent: Double?
    /// The two forms of a message.
    public enum Body: Sendable {
        /// Positional arguments, a JSON array, and keyword arguments, a JSON object.
        case call(args: Payload, kwargs: Payload)
        /// A Celery message, which only the child opens.
        case envelope(Bytes)
        /// One that asks for the join of a chord, with what the parts returned.
        case join(JoinOrder)
    }

    /// A taken message.
    public init(delivery: Delivery, id: Bytes, body: Body) {
        self.delivery = delivery
        self.id = id
        self.body = body
    }
}

/// Where messages wait, and where outcomes go.
///
/// Every message that ``take(pool:now:)`` hands out ends in exactly one of ``complete(_:_:now:)``,
/// ``retry(_:after:because:now:)`` and ``giveBack(_:now:)``, whichever process is killed at whichever moment. Calls come from
/// the master's one thread and do not wait; what cannot be done at once is done by ``endPass(now:)`` or when a
/// descriptor becomes ready.
public protocol Broker: AnyObject {
    /// Starts watching descriptors.
    func start(on loop: any EventLoop) throws

    /// How many messages the worker could start now, over all pools. A broker that fetches messages from elsewhere
    /// fetches no more than that (prefetch 0).
    func placesAreOpen(_ count: Int, now: Instant)

    /// The task of the next message for a pool, by its profile's index; `nil` when none is ready.
    func nextTask(pool: Int, now: Instant) -> Int?

    /// What has become of that message before.
    func historyOfNext(pool: Int) -> MessageHistory

    /// Takes the message that ``nextTask(pool:now:)`` told of.
    func take(pool: Int, now: Instant) -> TakenMessage

    /// Whether a message that was taken and has not started may start now. When it may not, because it has expired or
    /// another worker has been given it, the broker has ended it.
    func mayStart(_ delivery: Delivery, now: Instant) -> Bool

    /// A child has begun to run the task.
    func started(_ tag: DeliveryTag, pid: Int32?, now: Instant)

    /// Stores the outcome, publishes the follow-ups, and acknowledges, in one step.
    func complete(_ delivery: Delivery, _ outcome: TaskOutcome, now: Instant)

    /// Lets the message run again after a wait, with the delivery's counts. The failure is the reason, if there is one.
    func retry(_ delivery: Delivery, after wait: Duration, because failure: TaskOutcome.Failure?, now: Instant)

    /// Puts a message that has not started aside for a while. Nothing is counted.
    func postpone(_ delivery: Delivery, by wait: Duration, now: Instant)

    /// Puts the message back to be taken next, with the delivery's counts.
    func giveBack(_ delivery: Delivery, now: Instant)

    /// Writes what the loop's pass has collected.
    func endPass(now: Instant)

    /// The worker ends: writes out what is still held, waiting a little where it must.
    func finish(now: Instant)

    /// When ``endPass(now:)`` must be called at the latest.
    func nextWake(now: Instant) -> Instant

    /// The worker is shutting down: nothing new is taken, and what has not started goes back where it came from.
    func stopTaking(now: Instant)

    /// What there is to do.
    var status: BrokerStatus { get }
}

/// Brokers whose messages are at hand need not fetch, those whose messages do not expire need not look again, and those
/// without a result backend need not tell of a start.
extension Broker {
    public func mayStart(_ delivery: Delivery, now: Instant) -> Bool { true }
    public func placesAreOpen(_ count: Int, now: Instant) {}
    public func started(_ tag: DeliveryTag, pid: Int32?, now: Instant) {}
}

/// What has become of a message before.
public struct MessageHistory: Equatable, Sendable {
    /// Children that it has lost.
    public var losses: Int
    /// Whether its task has failed, and is not to be run: ``Delivery/hasFailed``.
    public var hasFailed: Bool

    /// What has become of a message.
    public init(losses: Int, hasFailed: Bool = false) {
        self.losses = losses
        self.hasFailed = hasFailed
    }
}

/// What a broker knows of its work.
public struct BrokerStatus: Equatable, Sendable {
    /// Messages that wait, due or not.
    public var waiting = 0
    /// Whether more may wait where it takes them from.
    public var mayHaveMore = false
    /// Whether no message will ever come again and all outcomes are out.
    public var isDrained = false
    /// Why it cannot go on; the worker stops.
    public var failure: String?

    /// Nothing to do.
    public init() {}
}

/// How a task ended for good.
public struct TaskOutcome: Sendable {
    /// Celery's names of the final states.
    public enum State: String, Sendable {
        case success = "SUCCESS"
        case failure = "FAILURE"
        case revoked = "REVOKED"
        case rejected = "REJECTED"
    }

    /// Why a task did not succeed.
    public struct Failure: Sendable {
        /// The error's type.
        public var type: String
        /// What went wrong, for humans.
        public var message: String
        /// The backtrace, innermost frame first; empty when there is none.
        public var backtrace: [String] = []
        /// ``Cause/name``, when the engine ended the attempt or lost it.
        public var cause: String?

        /// A failure without backtrace.
        public init(type: String, message: String, cause: String? = nil) {
            self.type = type
            self.message = message
            self.cause = cause
        }
    }

    /// How it ended.
    public var state: State
    /// The result, valid JSON; empty unless it succeeded. In a file, and then on one line, when it is large.
    public var result = Payload.empty
    /// The error; `nil` when it succeeded.
    public var failure: Failure?
    /// Attempts made.
    public var attempts: Int
    /// The child that ran the last attempt.
    public var pid: Int32?
    /// How long the last attempt ran.
    public var runTime: Duration?
    /// Memory that the last attempt added at its peak.
    public var peakMemory: ByteCount?
    /// The end of its output, when it ended abnormally.
    public var lastOutput: String?
    /// Processes that it left behind and that were killed.
    public var leftoverProcesses = 0
    /// What else is known of an abnormal end: a JSON object on one line.
    public var postMortem: Bytes?
    /// Tasks that it published, as task lines.
    public var followUps: [Bytes] = []
    /// What a Celery task's outcome brings along; `nil` when no child told.
    public var aftermath: Aftermath?

    /// An outcome with nothing measured.
    public init(_ state: State, attempts: Int) {
        self.state = state
        self.attempts = attempts
    }
}
