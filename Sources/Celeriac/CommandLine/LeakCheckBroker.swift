import Broker
import Reactor
import Supervision
import Syscalls
import Wire

/// A broker with one call, to be run so many times, one after the other.
final class LeakCheckBroker: Broker {
    /// Runs that succeeded.
    private(set) var runs = 0
    /// Processes that runs left behind.
    private(set) var leftProcesses = 0
    /// Why a run did not succeed: no further one is started.
    private(set) var failure: TaskOutcome.Failure?

    private let task: Int
    private let pool: Int
    private let wantedRuns: Int
    private let arguments: Bytes
    private let keywords: Bytes
    private var isRunning = false
    private var lastTag: UInt64 = 0
    /// A delivery that a child lost through no fault of its own.
    private var givenBack: Delivery?
    /// No run starts before.
    private var notBefore = Instant(nanoseconds: 0)

    init(task: Int, pool: Int, runs: Int, arguments: Bytes, keywords: Bytes) {
        self.task = task
        self.pool = pool
        self.wantedRuns = runs
        self.arguments = arguments
        self.keywords = keywords
    }

    private var isOver: Bool { self.runs == self.wantedRuns || self.failure != nil }

    func start(on loop: any EventLoop) throws {}

    func nextTask(pool: Int, now: Instant) -> Int? {
        pool == self.pool && !self.isRunning && !self.isOver && self.notBefore <= now ? self.task : nil
    }

    func historyOfNext(pool: Int) -> MessageHistory { MessageHistory(losses: self.givenBack?.losses ?? 0) }

    func take(pool: Int, now: Instant) -> TakenMessage {
        self.isRunning = true
        self.lastTag += 1
        var delivery = Delivery(tag: DeliveryTag(self.lastTag), task: self.task)
        delivery.losses = self.givenBack?.losses ?? 0
        self.givenBack = nil
        return TakenMessage(
            delivery: delivery, id: Array("run-\(self.runs + 1)".utf8)[...],
            body: .call(args: .memory(self.arguments), kwargs: .memory(self.keywords)))
    }

    func complete(_ delivery: Delivery, _ outcome: TaskOutcome, now: Instant) {
        self.isRunning = false
        self.leftProcesses += outcome.leftoverProcesses
        if outcome.state == .success { self.runs += 1 } else { self.failure = outcome.failure ?? Self.unknown }
    }

    private static let unknown = TaskOutcome.Failure(type: "UnknownError", message: "the task did not succeed")

    func retry(_ delivery: Delivery, after wait: Duration, because failure: TaskOutcome.Failure?, now: Instant) {
        self.isRunning = false
        self.failure = failure ?? Self.unknown
    }

    func giveBack(_ delivery: Delivery, now: Instant) {
        self.isRunning = false
        self.givenBack = delivery
    }

    func postpone(_ delivery: Delivery, by wait: Duration, now: Instant) {
        self.giveBack(delivery, now: now)
        self.notBefore = now + wait
    }

    func endPass(now: Instant) {}
    func finish(now: Instant) {}
    func stopTaking(now: Instant) {}
    func nextWake(now: Instant) -> Instant { self.notBefore > now ? self.notBefore : .distantFuture }

    var status: BrokerStatus {
        var status = BrokerStatus()
        status.waiting = self.wantedRuns - self.runs
        status.isDrained = self.isOver && !self.isRunning
        return status
    }
}
