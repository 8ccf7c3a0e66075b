import Celery
import Configuration

/// The lists of the queues that a worker takes from: one for each queue and priority step.
struct QueueLists {
    /// One list.
    struct List {
        /// The queue's name.
        let queue: String
        /// The list's key.
        let key: String
        /// What ends the entry in the hash of unacknowledged messages: exchange and routing key.
        let entryEnd: [UInt8]
    }

    private let lists: [String: [List]]
    private let steps: Int
    /// Messages that ask for joins of chords come first: the parts have waited already.
    private let joins: List

    init(_ queues: [String], keys: BrokerKeys) {
        self.steps = BrokerKeys.prioritySteps.count
        let joins = ChordPart.joinQueue
        self.joins = List(queue: joins, key: keys.queue(joins), entryEnd: Self.entryEnd(joins))
        self.lists = Dictionary(
            uniqueKeysWithValues: queues.map { queue in
                (
                    queue,
                    BrokerKeys.prioritySteps.map { step in
                        List(queue: queue, key: keys.queue(queue, priority: step), entryEnd: Self.entryEnd(queue))
                    }
                )
            })
    }

    /// Whoever restores an entry finds the list by exchange and routing key. The anonymous exchange names the queue
    /// that the message came from, and no other, whatever exchange it was sent to.
    private static func entryEnd(_ queue: String) -> [UInt8] {
        var bytes = Array(", \"\", ".utf8)
        bytes += jsonString(queue)
        bytes.append(UInt8(ascii: "]"))
        return bytes
    }

    /// Whether a key is that of one of the lists.
    func contains(_ key: String) -> Bool {
        key == self.joins.key || self.lists.values.contains { lists in lists.contains { $0.key == key } }
    }

    /// All lists of the queues, the most urgent step of every queue first; before them that of joins.
    func inOrder(_ queues: [String]) -> [List] {
        [self.joins] + (0..<self.steps).flatMap { step in queues.compactMap { self.lists[$0]?[step] } }
    }
}

/// Which queue is asked first.
struct QueueRotation {
    private let order: QueueOrder
    private var queues: [WeightedQueue]

    init(_ order: QueueOrder, queues: [WeightedQueue]) {
        self.order = order
        self.queues = order == .sorted ? queues.sorted { $0.name < $1.name } : queues
    }

    /// The names in the order in which to ask this time.
    func next(using random: inout some RandomNumberGenerator) -> [String] {
        guard self.order == .weighted else { return self.queues.map(\.name) }
        var left = self.queues
        var names: [String] = []
        while !left.isEmpty {
            var draw = Int.random(in: 0..<left.reduce(0) { $0 + $1.weight }, using: &random)
            let index = left.firstIndex { queue in
                draw -= queue.weight
                return draw < 0
            }!
            names.append(left.remove(at: index).name)
        }
        return names
    }

    /// A queue has delivered.
    mutating func delivered(_ queue: String) {
        guard self.order == .roundRobin, self.queues.count > 1,
            let index = self.queues.firstIndex(where: { $0.name == queue })
        else { return }
        self.queues.append(self.queues.remove(at: index))
    }
}
