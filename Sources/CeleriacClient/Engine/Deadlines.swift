import HeapModule
import Supervision

/// When the time of calls is over. A call that ends earlier leaves its entry behind; when most are such, they go.
struct Deadlines {
    private struct Entry: Comparable {
        let instant: Instant
        let id: UInt64

        static func < (left: Entry, right: Entry) -> Bool { left.instant < right.instant }
    }

    private var entries = Heap<Entry>()

    /// The earliest.
    var next: Instant { self.entries.min?.instant ?? .distantFuture }

    /// Adds a call's; one that never comes needs no entry.
    mutating func add(_ instant: Instant, for id: UInt64) {
        if instant != .distantFuture { self.entries.insert(Entry(instant: instant, id: id)) }
    }

    /// The next call whose time is over.
    mutating func popDue(now: Instant) -> UInt64? {
        guard self.next <= now else { return nil }
        return self.entries.removeMin().id
    }

    /// Forgets calls that are over, once they are the most.
    mutating func compact(alive count: Int, isAlive: (UInt64) -> Bool) {
        guard self.entries.count > 2 * count + 1_024 else { return }
        self.entries = Heap(self.entries.unordered.filter { isAlive($0.id) })
    }
}
