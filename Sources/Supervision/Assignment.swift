/// A delivery as the supervisor sees it: no body, no name, only what decides its fate.
public struct Delivery: Equatable, Sendable {
    /// Its name at the broker.
    public var tag: DeliveryTag
    /// Index of its task's profile.
    public var task: Int
    /// Retries before this delivery.
    public var retries: Int
    /// Children that it has lost.
    public var losses: Int
    /// Limits that the message itself sets; `nil` for the task's own.
    public var ownLimits: SharedLimits?
    /// Whether the task is not to be run: it has failed, and a child is to tell what follows from that. Says nothing of
    /// the task's runs.
    public var hasFailed = false

    /// A first delivery.
    public init(tag: DeliveryTag, task: Int, retries: Int = 0, losses: Int = 0, ownLimits: SharedLimits? = nil) {
        self.tag = tag
        self.task = task
        self.retries = retries
        self.losses = losses
        self.ownLimits = ownLimits
    }

    /// Which attempt this delivery makes, from 1. The counts come with the message, whoever wrote it: no overflow.
    public var attempt: Int {
        let (sum, overflow) = self.retries.addingReportingOverflow(self.losses)
        return overflow || sum == .max ? .max : sum + 1
    }
}

/// Limits that one message brought. A reference, since few messages have any.
public final class SharedLimits: Equatable, Sendable {
    /// The limits of this message's attempts.
    public let limits: TaskLimits

    /// Shares the limits.
    public init(_ limits: TaskLimits) { self.limits = limits }

    public static func == (left: SharedLimits, right: SharedLimits) -> Bool { left.limits == right.limits }
}

/// A delivery in a child: sent to it, perhaps running.
public struct Assignment: Equatable, Sendable {
    /// The delivery.
    public var delivery: Delivery
    /// When its task started; `nil` while it waits in the child's pipe.
    public var startedAt: Instant?
    /// Deadlines of the running attempt.
    var deadlines = Deadlines()
    /// What the task has been told.
    public internal(set) var notice: Notice?
    /// CPU time of the child's tree when it was first measured during this attempt.
    var cpuAtStart: UInt64?
    /// Highest memory growth measured during the attempt.
    public internal(set) var peakMemory: UInt64 = 0
    /// Bytes of output during the attempt.
    public internal(set) var outputBytes = 0
    /// Whether its child was told with it that it is the last.
    var isLast = false
    /// Mean run time of its task when it was sent, in nanoseconds.
    let cost: UInt64

    init(_ delivery: Delivery, cost: UInt64) {
        self.delivery = delivery
        self.cost = cost
    }
}

/// When something must happen to a running attempt.
struct Deadlines: Equatable, Sendable {
    var soft = Instant.distantFuture
    var hard = Instant.distantFuture
    var measure = Instant.distantFuture
    /// When a child that has not started the task yet is taken to be stuck.
    var accept = Instant.distantFuture
    /// When its stack is looked at, before the hard limit.
    var sample = Instant.distantFuture
    /// When it is looked at for signs of life.
    var watch = Instant.distantFuture
    /// When an attempt that was found to be stuck is killed.
    var stuck = Instant.distantFuture

    var next: Instant {
        min(self.soft, self.hard, min(self.measure, self.accept, min(self.sample, self.watch, self.stuck)))
    }
}

/// Why a running task is told to stop.
public enum Notice: UInt8, Equatable, Sendable {
    /// Its soft wall-time limit passed.
    case softTime = 1
    /// Its soft CPU-time limit passed.
    case softCPUTime = 2
    /// It nears its memory limit.
    case memory = 3
    /// The worker shuts down.
    case shutdown = 4
    /// An operator revoked it.
    case revoked = 5
}

/// What a child's process tree uses, as the driver measured it.
public struct TreeUsage: Equatable, Sendable {
    /// Private memory over the child's baseline, descendants included, in bytes.
    public var memoryGrowth: UInt64
    /// CPU time of the tree in nanoseconds since its processes began.
    public var cpuNanoseconds: UInt64
    /// Processes below the child.
    public var descendants: Int

    /// A measurement.
    public init(memoryGrowth: UInt64, cpuNanoseconds: UInt64, descendants: Int) {
        self.memoryGrowth = memoryGrowth
        self.cpuNanoseconds = cpuNanoseconds
        self.descendants = descendants
    }
}
