import Broker
import Journal
import Reactor
import Supervision
import Syscalls
import TaskLines
import Wire

/// The broker of `celeriac run`: task lines in, outcome lines out, messages in memory between them.
///
/// With a journal every outcome is in the file before it is printed, and a task that has an outcome there is not run
/// again. Reading stops while too much waits, on either side, so that memory does not grow with the input.
public final class InProcessQueue: Broker {
    /// What a message is made of, besides what the broker needs to know.
    struct Content {
        let id: Bytes
        let args: Payload
        let kwargs: Payload
        let origin: TaskOrigin
        let size: Int
    }

    /// Counts for the progress line and the exit status.
    public struct Counts: Equatable, Sendable {
        /// Tasks that succeeded.
        public var succeeded = 0
        /// Tasks and lines that did not.
        public var failed = 0
        /// Lines skipped because the journal has their outcome.
        public var skipped = 0
    }

    typealias Message = MemoryBroker<Content>.Message

    /// Most messages that wait ready in memory: more would not run sooner.
    private static let mostReady = 4_096
    /// Most bytes of outcomes that wait for the reader of standard output.
    private static let mostPendingOutput = 1 << 20

    /// How long the end of the worker waits for the reader of standard output.
    private static let patienceForReader: Duration = .seconds(5)

    let directory: TaskDirectory
    let limitsOfTask: (Int) -> TaskLimits
    private let heldBytesLimit: Int
    private let input: InputReader
    private let output: OutputWriter
    let journal: Journal?
    var splitter = LineSplitter()
    /// The line that is being read, when it is a large one.
    var largeLine: LargeLine?
    /// Whether that line could not be written to a file: then it stays in memory.
    var keepsLineInMemory = false
    var messages: MemoryBroker<Content>
    var heldBytes = 0
    var ids: TaskIDGenerator
    var failure: String?
    private var acceptsInput = true

    /// What has been done.
    public internal(set) var counts = Counts()

    /// A queue that reads the inputs in order.
    ///
    /// - Parameters:
    ///   - heldBytes: most bytes of messages kept in memory.
    ///   - limits: the limits of a task by its index, which a message's own are applied to.
    public init(
        inputs: [RunInput], output: CInt, journal: Journal?, directory: TaskDirectory, pools: Int,
        poolOfTask: @escaping (Int) -> Int, limits: @escaping (Int) -> TaskLimits, heldBytes: ByteCount, seed: UInt64
    ) {
        self.input = InputReader(inputs)
        self.output = OutputWriter(descriptor: output)
        self.journal = journal
        self.directory = directory
        self.messages = MemoryBroker(pools: pools, poolOfTask: poolOfTask)
        self.limitsOfTask = limits
        self.heldBytesLimit = heldBytes.bytes
        self.ids = TaskIDGenerator(seed: seed)
    }

    public func start(on loop: any EventLoop) throws {
        try self.input.start(on: loop)
        try self.output.start(on: loop)
        for followUp in self.journal?.pendingFollowUps ?? [] {
            self.add(followUp.message[...], origin: .followUp(key: followUp.key), lineNumber: nil)
        }
    }

    public var status: BrokerStatus {
        var status = BrokerStatus()
        status.waiting = self.messages.readyCount + self.messages.delayedCount
        status.isDrained = self.input.isAtEnd && self.messages.isEmpty && self.output.pendingBytes == 0
        status.failure = self.failure
        return status
    }

    /// Reads no more; what waits in memory is not run.
    public func stopTaking(now: Instant) { self.acceptsInput = false }

    // MARK: Taking

    public func nextTask(pool: Int, now: Instant) -> Int? {
        while let message = self.messages.peek(pool: pool) {
            guard let expires = message.expires, expires <= wallNanoseconds() else { return message.task }
            self.expire(pool)
        }
        return nil
    }

    public func mayStart(_ delivery: Delivery, now: Instant) -> Bool {
        guard let message = self.messages.taken(delivery.tag) else { return false }
        guard let expires = message.expires, expires <= wallNanoseconds() else { return true }
        self.expire(delivery.tag, message)
        return false
    }

    private func expire(_ pool: Int) {
        guard let (tag, message) = self.messages.take(pool: pool) else { return }
        self.expire(tag, message)
    }

    private func expire(_ tag: DeliveryTag, _ message: Message) {
        var outcome = TaskOutcome(.revoked, attempts: message.retries + message.losses)
        outcome.failure = TaskOutcome.Failure(type: "TaskRevokedError", message: "expired")
        self.finish(tag, outcome)
    }

    public func historyOfNext(pool: Int) -> MessageHistory {
        MessageHistory(losses: self.messages.peek(pool: pool)?.losses ?? 0)
    }

    public func take(pool: Int, now: Instant) -> TakenMessage {
        guard let (tag, message) = self.messages.take(pool: pool) else {
            preconditionFailure("A message is taken after nextTask told of it.")
        }
        let delivery = Delivery(
            tag: tag, task: message.task, retries: message.retries, losses: message.losses,
            ownLimits: message.ownLimits)
        return TakenMessage(
            delivery: delivery, id: message.content.id,
            body: .call(args: message.content.args, kwargs: message.content.kwargs))
    }

    public func retry(
        _ delivery: Delivery, after wait: Duration, because failure: TaskOutcome.Failure?, now: Instant
    ) {
        self.messages.retry(delivery, at: now + wait)
    }

    public func postpone(_ delivery: Delivery, by wait: Duration, now: Instant) {
        self.messages.retry(delivery, at: now + wait)
    }

    public func giveBack(_ delivery: Delivery, now: Instant) { self.messages.giveBack(delivery) }

    // MARK: Completing

    public func complete(_ delivery: Delivery, _ outcome: TaskOutcome, now: Instant) {
        self.finish(delivery.tag, outcome)
    }

    private func finish(_ tag: DeliveryTag, _ outcome: TaskOutcome) {
        guard let message = self.messages.finish(tag) else { return }
        self.heldBytes -= message.content.size
        let followUps = outcome.followUps.enumerated().map { index, line in
            FollowUp(key: message.content.origin.followUpKey(index), message: Array(line))
        }
        let line = OutcomeLine(outcome, id: message.content.id, task: self.directory.names[message.task])
        self.write(PrintedOutcome(line, outcome.result), of: message.content.origin, publishing: followUps)
        for followUp in followUps {
            self.add(followUp.message[...], origin: .followUp(key: followUp.key), lineNumber: nil)
        }
    }

    func write(_ outcome: PrintedOutcome, of origin: TaskOrigin, publishing followUps: [FollowUp] = []) {
        self.hasUnflushed = true
        if outcome.line.state == TaskOutcome.State.success.rawValue {
            self.counts.succeeded += 1
        } else {
            self.counts.failed += 1
        }
        guard let journal else { return self.output.append(outcome) }
        do {
            let (record, large) = outcome.record()
            try journal.add(record, large: large, of: origin, publishing: followUps)
            // Printed by endPass, once the journal has it.
            self.unprinted.append(outcome)
        } catch {
            self.failure = "\(error)"
        }
    }

    private var unprinted: [PrintedOutcome] = []
    /// Whether an outcome has come since the last flush: one that comes after ``endPass(now:)`` needs another pass.
    private var hasUnflushed = false

    // MARK: The pass

    public func endPass(now: Instant) {
        self.messages.advance(now: now, wall: wallNanoseconds())
        self.readIfWanted()
        self.flush()
    }

    private var wantsInput: Bool {
        self.acceptsInput && self.failure == nil && self.heldBytes < self.heldBytesLimit
            && self.messages.readyCount < Self.mostReady && self.output.pendingBytes < Self.mostPendingOutput
    }

    private func readIfWanted() {
        guard self.wantsInput else { return }
        do {
            switch try self.input.read() {
            case .bytes(let bytes, let input):
                self.splitter.feed(bytes)
                while let line = self.splitter.next() { self.add(line, input: input) }
                try self.spoolLargeLine()
            case .end(let input):
                if let line = self.splitter.finish() { self.add(line, input: input) }
                self.splitter = LineSplitter()
            case .nothing: break
            }
            self.input.wait()
        } catch {
            self.failure = "cannot read the input: \(error)"
        }
    }

    private func flush() {
        self.hasUnflushed = false
        do {
            try self.journal?.flush()
            for outcome in self.unprinted { self.output.append(outcome) }
            self.unprinted.removeAll(keepingCapacity: true)
        } catch {
            self.failure = "\(error)"
        }
        do {
            if try !self.output.flush() { self.failure = "nobody reads standard output any more" }
        } catch {
            self.failure = "cannot write to standard output: \(error)"
        }
    }

    public func finish(now: Instant) {
        self.flush()
        let deadline = monotonicNanoseconds() + Self.patienceForReader.wholeNanoseconds
        while self.output.pendingBytes > 0, self.failure == nil, monotonicNanoseconds() < deadline {
            self.output.waitForReader(atMost: .milliseconds(100))
            self.flush()
        }
        if self.output.pendingBytes > 0, self.failure == nil {
            self.failure = "the reader of standard output is too slow: the last outcomes were not written"
        }
    }

    public func nextWake(now: Instant) -> Instant {
        if self.hasUnflushed || self.output.needsFlush || self.wantsInput && self.input.canRead { return now }
        let due = self.messages.nextDue
        var next = due.monotonic ?? .distantFuture
        if let wall = due.wall {
            // Looked at again every second, in case the wall clock is set.
            let wait = max(0, min(wall - wallNanoseconds(), 1_000_000_000))
            next = min(next, now + .nanoseconds(wait))
        }
        return next
    }
}
