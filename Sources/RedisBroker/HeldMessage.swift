import Broker
import Celery
import Supervision
import Wire

/// A message that this worker has taken and whose end the server has not confirmed.
struct HeldMessage {
    /// Where it is.
    enum Place: Equatable {
        /// In a ready queue of this worker.
        case waiting(since: Instant)
        /// In a child.
        case running
        /// Its end, or a step before its start, is on its way to the server.
        case settling
    }

    /// What identifies it at the server.
    let tag: String
    /// The message as it was on the list.
    let bytes: ArraySlice<UInt8>
    /// What the master knows of it.
    let head: MessageHead
    /// The queue that it came from.
    let queue: String
    /// Its task's profile.
    let task: Int
    /// The epoch in which it was taken, or last renewed.
    var epoch: String
    /// When it arrived.
    let arrivedAt: Instant
    /// How often it was handed out before.
    let deliveriesBefore: Int
    var place: Place
    var losses: Int
    var ownLimits: SharedLimits?
    /// Whether its task has begun in this worker.
    var hasStarted = false
    /// Whether the server has forgotten it at our word, before its task ran.
    var isAcknowledged = false
    /// Whether another worker has been given it while its task runs here.
    var isLost = false
    /// Where it holds a slot of a limited task; `nil` when it holds none.
    var slots: String?
    /// What keeps it from running twice; `nil` unless it is signed and its task requires that.
    var claim: SignatureClaim?
    /// When its task began, in seconds since 1970, and in which child.
    var started: (at: Double, pid: Int32?)?
    /// Whether an operator has ended it: should it start nevertheless, it is ended then.
    var isToEnd = false
    /// The signal with which an operator has ended it.
    var terminationSignal: Int?
    /// What is to be told of its end, where events are sent.
    var toldEnd: RedisBroker.ToldEnd?
    /// How its task failed without a child that could tell what follows; a child is asked for that.
    var failure: TaskOutcome?
    /// How often children were asked what follows from that failure.
    var asks = 0
    /// Why the message goes to the dead letters when its task's failure is settled.
    var deathReason: DeadLetter.Reason?
    /// What a message that asks for the join of a chord is to join; `nil` until it was fetched.
    var join: JoinOrder?

    /// What the supervisor decides about.
    func delivery(_ number: UInt64) -> Delivery {
        // A task that has failed for good is not retried when a child tells so once more.
        let retries = self.failure == nil ? self.head.retries : .max
        var delivery = Delivery(
            tag: DeliveryTag(number), task: self.task, retries: retries, losses: self.losses, ownLimits: self.ownLimits)
        delivery.hasFailed = self.failure != nil
        return delivery
    }

    /// Attempts that were made before this delivery. The counts come with the message: no overflow.
    var attemptsMade: Int { self.delivery(0).attempt - 1 }

    /// Whether something may have to be done when the task has ended, other than to store its outcome.
    var isFollowed: Bool { !FollowedMessage.carriesNothing(self.head) }

    /// The settlement that ends it.
    var settlement: Settlement { Settlement(tag: self.isAcknowledged ? "" : self.tag, epoch: self.epoch) }
}
