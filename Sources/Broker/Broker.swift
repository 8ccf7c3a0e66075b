import Reactor
import Supervision
import Wire

/// A message that was taken and is to be run.
public struct TakenMessage {
    /// What the supervisor decides about.
    public var delivery: Delivery
    /// The task's id.
    public var id: Bytes
    /// Positional arguments: a JSON array.
    public var args: Bytes
    /// Keyword arguments: a JSON object.
    public var kwargs: Bytes

    /// A taken message.
    public init(delivery: Delivery, id: Bytes, args: Bytes, kwargs: Bytes) {
        self.delivery = delivery
        self.id = id
        self.args = args
        self.kwargs = kwargs
    }
}

/// Where messages wait, and where outcomes go.
///
/// Every message that ``take(pool:now:)`` hands out ends in exactly one of ``complete(_:_:now:)``,
/// ``retry(_:after:now:)`` and ``giveBack(_:now:)``, whichever process is killed at whichever moment. Calls come from
/// the master's one thread and do not wait; what cannot be done at once is done by ``endPass(now:)`` or when a
/// descriptor becomes ready.
public protocol Broker: AnyObject {
    /// Starts watching descriptors.
    func start(on reactor: Reactor) throws

    /// The task of the next message for a pool, by its profile's index; `nil` when none is ready.
    func nextTask(pool: Int, now: Instant) -> Int?

    /// Takes the message that ``nextTask(pool:now:)`` told of.
    func take(pool: Int, now: Instant) -> TakenMessage

    /// Stores the outcome, publishes the follow-ups, and acknowledges, in one step.
    func complete(_ delivery: Delivery, _ outcome: TaskOutcome, now: Instant)

    /// Lets the message run again after a wait, with the delivery's counts.
    func retry(_ delivery: Delivery, after wait: Duration, now: Instant)

    /// Puts the message back to be taken next, with the delivery's counts.
    func giveBack(_ delivery: Delivery, now: Instant)

    /// Writes what the loop's pass has collected.
    func endPass(now: Instant)

    /// The worker ends: writes out what is still held, waiting a little where it must.
    func finish(now: Instant)

    /// When ``endPass(now:)`` must be called at the latest.
    func nextWake(now: Instant) -> Instant

    /// What there is to do.
    var status: BrokerStatus { get }
}

/// What a broker knows of its work.
public struct BrokerStatus: Equatable, Sendable {
    /// Messages that wait, due or not.
    public var waiting = 0
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
    /// The result, valid JSON; empty unless it succeeded.
    public var result: Bytes = []
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
    /// Tasks that it published, as task lines.
    public var followUps: [Bytes] = []

    /// An outcome with nothing measured.
    public init(_ state: State, attempts: Int) {
        self.state = state
        self.attempts = attempts
    }
}
