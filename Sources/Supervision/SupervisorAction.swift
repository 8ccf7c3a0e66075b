/// What the driver is to do for the ``Supervisor``.
public enum SupervisorAction: Equatable, Sendable {
    /// Start a template of this generation.
    case startTemplate(generation: Int)
    /// Tell a template to exit.
    case stopTemplate(generation: Int)
    /// Kill a template that does not do its work; its children die with it, and it is replaced.
    case killTemplate(generation: Int)
    /// Order a child from a template.
    case fork(ChildID, pool: Int, generation: Int)
    /// Tell a task to stop.
    case notify(ChildID, DeliveryTag, Notice)
    /// Tell a child to exit when it has finished.
    case stop(ChildID)
    /// Kill a child; the template kills what is left of its tree.
    case kill(ChildID)
    /// Take back the deliveries that wait in a child's pipe, and report each with `taskRecalled`.
    case recall(ChildID)
    /// Measure a child's tree; confirm the memory precisely when a first look is above so many bytes.
    case measure(ChildID, confirmAbove: UInt64)
    /// Read how much memory is left, and report it with `memoryWasRead`.
    case readMemory
    /// Look whether a child's tree does anything, and report it with `childObserved`.
    case observe(ChildID)
    /// Look where a child's threads are: it may be killed soon, or is stuck.
    case sample(ChildID)
    /// The delivery is over.
    case finish(FinishedDelivery)
    /// The delivery runs again after a wait, as one more retry.
    case retry(Delivery, after: Duration, reason: RetryReason)
    /// The delivery goes back to the front of its queue.
    case giveBack(Delivery)
    /// Write to the log.
    case log(SupervisorEvent)
    /// Everything is stopped: end the worker.
    case exit(StopReason)
}

/// Why a delivery runs again.
public enum RetryReason: Equatable, Sendable {
    /// The task asked for it.
    case requested
    /// The task failed, and its policy retries failures.
    case automatic
}

/// How a delivery ended for good.
public struct FinishedDelivery: Equatable, Sendable {
    /// Who decided the outcome.
    public enum Ending: Equatable, Sendable {
        /// The child's report stands.
        case reported
        /// The child's report is the failure that a notice led to.
        case gaveUp(Cause)
        /// The child asked for one retry too many.
        case retriesExhausted(maxRetries: Int)
        /// The child is gone, and no report came.
        case lost(Cause)
        /// It was revoked while it ran.
        case revoked
    }

    /// The delivery.
    public var delivery: Delivery
    /// Who decided.
    public var ending: Ending
    /// The child that ran it last.
    public var child: ChildID
    /// When its last attempt started.
    public var startedAt: Instant
    /// Peak memory growth measured by the master during the last attempt, in bytes.
    public var peakMemory: UInt64
}

/// What happened, for the log.
public enum SupervisorEvent: Equatable, Sendable {
    case templateReady(generation: Int)
    case templateFailed(generation: Int, reason: String)
    case templateLost(generation: Int)
    case childReady(ChildID, bootTime: Duration)
    case childBootFailed(ChildID, reason: String, wait: Duration)
    case spawnFailed(pool: Int, reason: String, wait: Duration)
    case childExited(ChildID, ChildExit, tasks: Int)
    case childRecycled(ChildID, ChildMachine.RecycleReason, tasks: Int)
    case noticeSent(ChildID, DeliveryTag, Notice)
    case attemptKilled(ChildID, DeliveryTag?, Cause)
    case attemptLost(ChildID, Delivery, Cause)
    case attemptStuck(ChildID, DeliveryTag, Duration)
    case breakerTripped(task: Int, wait: Duration)
    case breakerTries(task: Int)
    case breakerClosed(task: Int)
    case shutdown(ShutdownStage)
    case resized(pool: Int, concurrency: Int)
    case memoryShort(MemoryReading)
    case leakJudged(LeakLedger.Verdict)
}

/// How a child's process ended.
public enum ChildExit: Equatable, Sendable {
    /// It called `exit` with this code.
    case exited(code: Int32)
    /// This signal ended it.
    case signalled(String)
    /// The kernel ended it for a system call that its sandbox denies; the name, when it could still tell.
    case denied(call: String?)

    /// Whether its sandbox was the reason.
    public var isDenial: Bool { if case .denied = self { true } else { false } }
}

/// Why the worker ends.
public enum StopReason: Equatable, Sendable {
    /// A shutdown is complete.
    case finished
    /// No template could be started.
    case templateFailed(String)
    /// No child could boot.
    case bootFailed(String)
}
