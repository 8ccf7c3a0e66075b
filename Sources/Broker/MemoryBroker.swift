import DequeModule
import HeapModule
import Supervision

/// The reference broker: messages in memory, taken by pool, most urgent priority first, in order of arrival.
///
/// A value without clocks or descriptors. What a message is made of is the caller's; the broker only keeps its place.
/// Every message is in exactly one place (invariant I1): a ready queue, the delayed ones, or taken.
public struct MemoryBroker<Content> {
    /// A message and what decides its place.
    public struct Message {
        /// Index of its task's profile.
        public var task: Int
        /// From 0, the most urgent, to 9.
        public var priority: Int
        /// Retries so far.
        public var retries: Int
        /// Children lost so far.
        public var losses = 0
        /// Not to start after this many nanoseconds since 1970; `nil` for never too late.
        public var expires: Int64?
        /// Limits of its own.
        public var ownLimits: SharedLimits?
        /// The caller's.
        public var content: Content

        /// A message that has not run.
        public init(task: Int, priority: Int = 0, retries: Int = 0, content: Content) {
            self.task = task
            self.priority = priority
            self.retries = retries
            self.content = content
        }
    }

    /// When a message may be taken.
    public enum Due: Equatable, Sendable {
        /// At once.
        case now
        /// At an instant of the monotonic clock: countdowns and back-offs.
        case at(Instant)
        /// At so many nanoseconds since 1970: an eta, which follows the wall clock when that is set.
        case wall(Int64)
    }

    private struct Delayed: Comparable {
        let due: Int64
        let order: UInt64
        let message: UInt64

        static func < (left: Delayed, right: Delayed) -> Bool {
            (left.due, left.order) < (right.due, right.order)
        }
    }

    private static var priorities: Int { 10 }

    private let poolOfTask: (Int) -> Int
    private var ready: [[Deque<Message>]]
    private var delayedMessages: [UInt64: Message] = [:]
    private var monotonic = Heap<Delayed>()
    private var wall = Heap<Delayed>()
    private var taken: [UInt64: Message] = [:]
    private var lastNumber: UInt64 = 0

    /// An empty broker.
    public init(pools: Int, poolOfTask: @escaping (Int) -> Int) {
        self.poolOfTask = poolOfTask
        self.ready = Array(repeating: Array(repeating: Deque(), count: Self.priorities), count: pools)
    }

    // MARK: Counts

    /// Messages that can be taken.
    public private(set) var readyCount = 0
    /// Messages that are not yet due.
    public var delayedCount: Int { self.delayedMessages.count }
    /// Messages that were taken and are not finished.
    public var takenCount: Int { self.taken.count }
    /// Whether no message is anywhere.
    public var isEmpty: Bool { self.readyCount == 0 && self.delayedMessages.isEmpty && self.taken.isEmpty }

    // MARK: Life of a message

    /// Adds a message behind all others of its priority.
    public mutating func add(_ message: Message, due: Due = .now) {
        switch due {
        case .now: self.makeReady(message, first: false)
        case .at(let instant): self.delay(message) { $0.monotonic.insert($1(Int64(clamping: instant.nanoseconds))) }
        case .wall(let nanoseconds): self.delay(message) { $0.wall.insert($1(nanoseconds)) }
        }
    }

    private mutating func makeReady(_ message: Message, first: Bool) {
        let pool = self.poolOfTask(message.task)
        if first {
            self.ready[pool][message.priority].prepend(message)
        } else {
            self.ready[pool][message.priority].append(message)
        }
        self.readyCount += 1
    }

    private mutating func delay(_ message: Message, _ insert: (inout Self, (Int64) -> Delayed) -> Void) {
        self.lastNumber += 1
        let number = self.lastNumber
        self.delayedMessages[number] = message
        insert(&self) { Delayed(due: $0, order: number, message: number) }
    }

    /// Makes ready what is due.
    public mutating func advance(now: Instant, wall: Int64) {
        while let next = self.monotonic.min, next.due <= Int64(clamping: now.nanoseconds) {
            self.release(self.monotonic.removeMin())
        }
        while let next = self.wall.min, next.due <= wall { self.release(self.wall.removeMin()) }
    }

    private mutating func release(_ delayed: Delayed) {
        guard let message = self.delayedMessages.removeValue(forKey: delayed.message) else { return }
        self.makeReady(message, first: false)
    }

    /// When the first delayed message is due: on the monotonic clock, and in nanoseconds since 1970.
    public var nextDue: (monotonic: Instant?, wall: Int64?) {
        (self.monotonic.min.map { Instant(nanoseconds: UInt64($0.due)) }, self.wall.min?.due)
    }

    /// The next message of a pool, left in its place.
    public func peek(pool: Int) -> Message? {
        if self.readyCount == 0 { return nil }
        // A loop and no key path: in a generic type one is built anew at each call, which took a tenth of the master.
        for queue in self.ready[pool] where !queue.isEmpty { return queue[0] }
        return nil
    }

    /// Takes the next message of a pool under a new tag.
    public mutating func take(pool: Int) -> (tag: DeliveryTag, message: Message)? {
        guard self.readyCount > 0, let priority = self.ready[pool].firstIndex(where: { !$0.isEmpty }) else {
            return nil
        }
        let message = self.ready[pool][priority].removeFirst()
        self.readyCount -= 1
        self.lastNumber += 1
        self.taken[self.lastNumber] = message
        return (DeliveryTag(self.lastNumber), message)
    }

    /// A message that was taken and has not come to its end.
    public func taken(_ tag: DeliveryTag) -> Message? { self.taken[tag.number] }

    /// The message is finished: forgets it. A tag that is not taken yields `nil`: its message went another way.
    public mutating func finish(_ tag: DeliveryTag) -> Message? { self.taken.removeValue(forKey: tag.number) }

    /// The message goes back to the front of its queue, with the delivery's counts.
    public mutating func giveBack(_ delivery: Delivery) {
        guard var message = self.taken.removeValue(forKey: delivery.tag.number) else { return }
        (message.retries, message.losses) = (delivery.retries, delivery.losses)
        self.makeReady(message, first: true)
    }

    /// The message waits, then goes to the end of its queue, with the delivery's counts.
    public mutating func retry(_ delivery: Delivery, at due: Instant) {
        guard var message = self.taken.removeValue(forKey: delivery.tag.number) else { return }
        (message.retries, message.losses) = (delivery.retries, delivery.losses)
        self.add(message, due: .at(due))
    }
}
