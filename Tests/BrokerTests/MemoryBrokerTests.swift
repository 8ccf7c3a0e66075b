import Broker
import Supervision
import Testing

@Suite struct MemoryBrokerTests {
    typealias Messages = MemoryBroker<Int>

    static func broker(pools: Int = 1) -> Messages { Messages(pools: pools) { $0 % pools } }

    static func message(_ content: Int, task: Int = 0, priority: Int = 0) -> Messages.Message {
        Messages.Message(task: task, priority: priority, content: content)
    }

    static func at(_ seconds: UInt64) -> Instant { Instant(nanoseconds: seconds * 1_000_000_000) }

    /// Takes all that is ready, without finishing it.
    static func drain(_ broker: inout Messages, pool: Int = 0) -> [Int] {
        var contents: [Int] = []
        while let (_, message) = broker.take(pool: pool) { contents.append(message.content) }
        return contents
    }

    @Test func messagesAreTakenInOrderOfArrival() {
        var broker = Self.broker()
        for content in 1...5 { broker.add(Self.message(content)) }
        #expect(broker.peek(pool: 0)?.content == 1)
        #expect(broker.readyCount == 5)
        #expect(Self.drain(&broker) == [1, 2, 3, 4, 5])
        #expect(broker.takenCount == 5)
        #expect(!broker.isEmpty)
    }

    @Test func theMostUrgentPriorityComesFirst() {
        var broker = Self.broker()
        for priority in [5, 0, 9, 3, 0, 9] { broker.add(Self.message(priority, priority: priority)) }
        #expect(Self.drain(&broker) == [0, 0, 3, 5, 9, 9])
    }

    @Test func poolsDoNotShareMessages() {
        var broker = Self.broker(pools: 2)
        for task in 0..<4 { broker.add(Self.message(task, task: task)) }
        #expect(broker.peek(pool: 1)?.content == 1)
        #expect(Self.drain(&broker, pool: 1) == [1, 3])
        #expect(broker.peek(pool: 1) == nil)
        #expect(Self.drain(&broker, pool: 0) == [0, 2])
    }

    @Test func anEmptyBrokerHasNothing() {
        var broker = Self.broker()
        #expect(broker.isEmpty)
        #expect(broker.peek(pool: 0) == nil)
        #expect(broker.take(pool: 0) == nil)
        #expect(broker.nextDue == (nil, nil))
    }

    @Test func delayedMessagesBecomeReadyInOrderOfTheirTime() {
        var broker = Self.broker()
        broker.add(Self.message(3), due: .at(Self.at(30)))
        broker.add(Self.message(1), due: .at(Self.at(10)))
        broker.add(Self.message(2), due: .at(Self.at(10)))
        #expect(broker.delayedCount == 3)
        #expect(broker.peek(pool: 0) == nil)
        #expect(broker.nextDue == (Self.at(10), nil))
        broker.advance(now: Self.at(9), wall: .max)
        #expect(Self.drain(&broker) == [])
        broker.advance(now: Self.at(10), wall: 0)
        #expect(Self.drain(&broker) == [1, 2])
        broker.advance(now: Self.at(31), wall: 0)
        #expect(Self.drain(&broker) == [3])
        #expect(broker.delayedCount == 0)
    }

    @Test func anEtaFollowsTheWallClockOnly() {
        var broker = Self.broker()
        broker.add(Self.message(1), due: .wall(1_000))
        broker.add(Self.message(0), due: .wall(-5))
        #expect(broker.nextDue == (nil, -5))
        broker.advance(now: .distantFuture, wall: -6)
        #expect(Self.drain(&broker) == [])
        broker.advance(now: Self.at(0), wall: 1_000)
        #expect(Self.drain(&broker) == [0, 1])
    }

    @Test func aTimeThatNeverComesIsNotAnError() {
        var broker = Self.broker()
        broker.add(Self.message(1), due: .at(.distantFuture))
        broker.add(Self.message(2), due: .wall(.max))
        broker.advance(now: Self.at(1_000_000_000), wall: .max - 1)
        #expect(broker.delayedCount == 2)
        #expect(broker.nextDue.monotonic != nil)
    }

    @Test func whatIsGivenBackIsTakenNextWithItsCounts() {
        var broker = Self.broker()
        for content in 1...3 { broker.add(Self.message(content)) }
        let (tag, message) = broker.take(pool: 0)!
        broker.giveBack(Delivery(tag: tag, task: message.task, retries: 4, losses: 2))
        let again = broker.take(pool: 0)!
        #expect(again.message.content == 1)
        #expect(again.message.retries == 4 && again.message.losses == 2)
        #expect(again.tag != tag, "each handing-over has its own tag")
        #expect(Self.drain(&broker) == [2, 3])
    }

    @Test func severalGivenBackLastFirstKeepTheirOrder() {
        var broker = Self.broker()
        for content in 1...4 { broker.add(Self.message(content)) }
        let tags = (0..<3).map { _ in broker.take(pool: 0)!.tag }
        for tag in tags.reversed() { broker.giveBack(Delivery(tag: tag, task: 0)) }
        #expect(Self.drain(&broker) == [1, 2, 3, 4])
    }

    @Test func aRetryWaitsThenStandsAtTheEnd() {
        var broker = Self.broker()
        broker.add(Self.message(1))
        let (tag, _) = broker.take(pool: 0)!
        broker.retry(Delivery(tag: tag, task: 0, retries: 1), at: Self.at(5))
        broker.add(Self.message(2))
        broker.advance(now: Self.at(5), wall: 0)
        #expect(broker.takenCount == 0)
        #expect(Self.drain(&broker) == [2, 1])
    }

    @Test func aTagThatIsNotTakenChangesNothing() {
        var broker = Self.broker()
        broker.add(Self.message(1))
        let (tag, _) = broker.take(pool: 0)!
        #expect(broker.finish(tag)?.content == 1)
        #expect(broker.finish(tag) == nil)
        for unknown in [tag, DeliveryTag(99), DeliveryTag(0)] {
            broker.giveBack(Delivery(tag: unknown, task: 0))
            broker.retry(Delivery(tag: unknown, task: 0), at: Self.at(0))
        }
        #expect(broker.isEmpty)
    }

    // MARK: Against a naive reference

    /// The same rules in the plainest form: one array, searched from its front.
    struct Reference {
        struct Entry { var content, task, priority, retries, losses: Int }
        var ready: [Entry] = []
        var monotonic: [(due: UInt64, entry: Entry)] = []
        var wall: [(due: Int64, entry: Entry)] = []
        var taken: [DeliveryTag: Entry] = [:]

        mutating func advance(now: UInt64, wall wallNow: Int64) {
            let due = self.monotonic.filter { $0.due <= now }.enumerated().sorted {
                ($0.element.due, $0.offset) < ($1.element.due, $1.offset)
            }
            self.monotonic.removeAll { $0.due <= now }
            let wallDue = self.wall.filter { $0.due <= wallNow }.enumerated().sorted {
                ($0.element.due, $0.offset) < ($1.element.due, $1.offset)
            }
            self.wall.removeAll { $0.due <= wallNow }
            self.ready += due.map(\.element.entry) + wallDue.map(\.element.entry)
        }

        func next(pool: Int, pools: Int) -> Int? {
            let candidates = self.ready.indices.filter { self.ready[$0].task % pools == pool }
            return candidates.min { (self.ready[$0].priority, $0) < (self.ready[$1].priority, $1) }
        }
    }

    @Test(arguments: UInt64(1)...40) func randomHistoriesMatchTheReference(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let pools = Int.random(in: 1...3, using: &random)
        var broker = Self.broker(pools: pools)
        var reference = Reference()
        var now: UInt64 = 0
        var wallNow: Int64 = 0
        var lastContent = 0
        for _ in 0..<600 {
            switch Int.random(in: 0..<8, using: &random) {
            case 0...2:
                lastContent += 1
                let entry = Reference.Entry(
                    content: lastContent, task: Int.random(in: 0..<6, using: &random),
                    priority: Int.random(in: 0...9, using: &random), retries: 0, losses: 0)
                let message = Self.message(entry.content, task: entry.task, priority: entry.priority)
                switch Int.random(in: 0..<4, using: &random) {
                case 0:
                    let due = now + UInt64.random(in: 0...20, using: &random)
                    broker.add(message, due: .at(Instant(nanoseconds: due)))
                    reference.monotonic.append((due, entry))
                case 1:
                    let due = wallNow + Int64.random(in: -20...20, using: &random)
                    broker.add(message, due: .wall(due))
                    reference.wall.append((due, entry))
                default:
                    broker.add(message)
                    reference.ready.append(entry)
                }
            case 3, 4:
                let pool = Int.random(in: 0..<pools, using: &random)
                let expected = reference.next(pool: pool, pools: pools).map { reference.ready.remove(at: $0) }
                #expect(broker.peek(pool: pool)?.content == expected?.content, "seed \(seed)")
                let taken = broker.take(pool: pool)
                #expect(taken?.message.content == expected?.content, "seed \(seed)")
                #expect(taken?.message.retries == expected?.retries && taken?.message.losses == expected?.losses)
                if let taken, let expected { reference.taken[taken.tag] = expected }
            case 5:
                now += UInt64.random(in: 0...15, using: &random)
                wallNow += Int64.random(in: -10...15, using: &random)
                broker.advance(now: Instant(nanoseconds: now), wall: wallNow)
                reference.advance(now: now, wall: wallNow)
            default:
                let tags = reference.taken.keys.sorted { $0.number < $1.number }
                guard let tag = tags.randomElement(using: &random), var entry = reference.taken[tag] else { continue }
                reference.taken[tag] = nil
                entry.losses += 1
                let delivery = Delivery(tag: tag, task: entry.task, retries: entry.retries, losses: entry.losses)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: #expect(broker.finish(tag)?.content == entry.content)
                case 1:
                    broker.giveBack(delivery)
                    reference.ready.insert(entry, at: 0)
                default:
                    let due = now + UInt64.random(in: 0...20, using: &random)
                    broker.retry(delivery, at: Instant(nanoseconds: due))
                    reference.monotonic.append((due, entry))
                }
            }
            #expect(broker.readyCount == reference.ready.count, "seed \(seed)")
            #expect(broker.delayedCount == reference.monotonic.count + reference.wall.count, "seed \(seed)")
            #expect(broker.takenCount == reference.taken.count, "seed \(seed)")
            #expect(broker.nextDue.monotonic?.nanoseconds == reference.monotonic.map(\.due).min(), "seed \(seed)")
            #expect(broker.nextDue.wall == reference.wall.map(\.due).min(), "seed \(seed)")
        }
    }
}

@Suite struct TaskDirectoryTests {
    @Test func namesHaveTheirIndexes() {
        let directory = TaskDirectory(names: ["tasks.add", "größer", ""])
        #expect(directory.index(of: Array("tasks.add".utf8)[...]) == 0)
        #expect(directory.index(of: Array("xx größer".utf8).dropFirst(3)) == 1)
        #expect(directory.index(of: []) == 2)
        #expect(directory.index(of: Array("tasks.ad".utf8)[...]) == nil)
    }
}
