import HeapModule
import Supervision

/// What is still to happen, by time; of what happens at the same instant the seed decides which comes first.
struct Agenda {
    private struct Item: Comparable {
        let time: Instant
        let tie: UInt64
        let number: UInt64
        let action: () -> Void

        static func < (left: Item, right: Item) -> Bool {
            (left.time.nanoseconds, left.tie, left.number) < (right.time.nanoseconds, right.tie, right.number)
        }

        static func == (left: Item, right: Item) -> Bool { left.number == right.number }
    }

    private var items = Heap<Item>()
    private var random: SeededGenerator
    private var lastNumber: UInt64 = 0

    init(seed: UInt64) { self.random = SeededGenerator(seed: seed) }

    mutating func add(at time: Instant, _ action: @escaping () -> Void) {
        self.lastNumber += 1
        self.items.insert(Item(time: time, tie: self.random.next(), number: self.lastNumber, action: action))
    }

    /// The time of the next thing to happen.
    var next: Instant { self.items.min?.time ?? .distantFuture }

    mutating func take() -> (time: Instant, action: () -> Void)? {
        self.items.popMin().map { ($0.time, $0.action) }
    }
}
