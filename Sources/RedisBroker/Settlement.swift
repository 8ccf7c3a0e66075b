import Celery
import DequeModule
import Redis

/// The end of a delivery, or a step of it, with all that happens in the same instant.
struct Settlement {
    /// One thing that happens.
    enum Effect {
        /// A message goes to the end of a list.
        case push(list: String, message: ArraySlice<UInt8>)
        /// A message goes to where a list is taken from.
        case pushFront(list: String, message: ArraySlice<UInt8>)
        /// A message waits until a time, in seconds since 1970.
        case schedule(at: Double, member: [UInt8])
        /// A record goes to the dead letters.
        case dead(id: String, record: [UInt8], at: Double)
        /// A result document is stored and published; `isFinal` when a stored success is to be left as it is.
        case store(key: String, seconds: Int, document: [UInt8], keepsSuccess: Bool)
        /// A result document is stored and published, unless the task has been started or has ended.
        case storeIfPending(key: String, seconds: Int, document: [UInt8])
        /// A chord begins: so many parts will return, to be put together as the saved group says.
        case begin(chord: String, size: Int64, tree: ArraySlice<UInt8>, seconds: Int)
        /// A part of a chord returns.
        case part(ReturnedPart)
        /// A chord has been joined.
        case over(chord: String, token: String)
        /// A condition: nothing happens when another has the claim to join a chord.
        case onlyIfClaimed(chord: String, token: String)
        /// A count of deliveries is deleted: the message is over.
        case forget(key: String)
        /// A slot of a limited task is free: a message that waits for one goes to where its list is taken from.
        case release(slots: String, tag: String)
        /// A signed message has ended: its signature is used up for so many seconds.
        case end(claim: String, seconds: Int)
        /// A delivery is not counted after all.
        case uncount(key: String)
        /// A condition: nothing happens when its worker shows that it lives.
        case onlyIfSilent(sign: String)
        /// A condition: nothing happens when the delivery was renewed less than so many seconds ago.
        case onlyIfAged(seconds: Int)
    }

    /// What became of it.
    enum Outcome: Equatable {
        case done
        /// The delivery was given to another worker, or a condition is not met: nothing happened.
        case stale
        /// The delivery is gone, and an earlier try may have ended it: its answer was lost.
        case unclear
        /// The server refused an effect: nothing happened.
        case refused(String)
    }

    /// The delivery's tag; empty when there is none to be ended.
    var tag: String
    /// The epoch in which it was taken.
    var epoch: String
    /// Whether the delivery ends.
    var ends = true
    /// What happens.
    var effects: [Effect] = []
    /// Whether it may have happened already: its answer was lost with a connection.
    var wasSent = false
    /// Hears what became of it.
    var then: ((Outcome) -> Void)?

    /// An end without effects.
    init(tag: String, epoch: String) {
        self.tag = tag
        self.epoch = epoch
    }

    /// Adds it to the arguments of the script.
    func write(to command: inout Command) {
        command.add(self.tag)
        command.add(self.epoch)
        command.add(self.ends ? "1" : "0")
        command.add(self.effects.reduce(0) { $0 + $1.count })
        for effect in self.effects { effect.write(to: &command) }
    }

    /// Bytes that it takes on the wire, roughly.
    var size: Int { self.effects.reduce(200) { $0 + $1.size } }
}

extension Settlement {
    /// The pause after a server refused a batch.
    static let pause: Duration = .milliseconds(500)

    fileprivate static let batchCount = 64
    fileprivate static let batchBytes = 1 << 20
}

extension Deque<Settlement> {
    /// Takes out the first ones, as many as go to a server at once.
    mutating func takeBatch() -> [Settlement] {
        var batch: [Settlement] = []
        var bytes = 0
        while let next = self.first, batch.count < Settlement.batchCount, bytes < Settlement.batchBytes {
            bytes += next.size
            batch.append(self.removeFirst())
        }
        return batch
    }
}

extension Settlement.Effect {
    /// Whether it happens where results are.
    var isAtResults: Bool {
        switch self {
        case .store, .storeIfPending, .begin, .part, .over: true
        default: false
        }
    }

    /// How many effects the script takes it for.
    fileprivate var count: Int { if case .part = self { 2 } else { 1 } }

    func write(to command: inout Command) {
        switch self {
        case .begin(let chord, let size, let tree, let seconds):
            Self.write("begin", chord, tree, third: "\(size) \(seconds)", to: &command)
        case .part(let part): part.write(to: &command)
        case .over(let chord, let token): Self.write("over", chord, Array(token.utf8)[...], to: &command)
        case .onlyIfClaimed(let chord, let token):
            Self.write("claimed", chord, Array(token.utf8)[...], to: &command)
        case .push(let list, let message): Self.write("push", list, message, to: &command)
        case .pushFront(let list, let message): Self.write("front", list, message, to: &command)
        case .schedule(let time, let member): Self.write("schedule", "\(time)", member[...], to: &command)
        case .dead(let id, let record, let time): Self.write("dead", id, record[...], third: "\(time)", to: &command)
        case .forget(let key): Self.write("forget", key, [], to: &command)
        case .release(let slots, let tag):
            let waiting = Array(BrokerKeys.waiting(forSlots: slots).utf8)
            Self.write("release", slots, waiting[...], third: tag, to: &command)
        case .end(let claim, let seconds): Self.write("end", claim, [], third: "\(seconds)", to: &command)
        case .uncount(let key): Self.write("uncount", key, [], to: &command)
        case .onlyIfSilent(let sign): Self.write("silent", sign, [], to: &command)
        case .onlyIfAged(let seconds): Self.write("aged", "\(seconds)", [], to: &command)
        case .store(let key, let seconds, let document, let keepsSuccess):
            Self.write(keepsSuccess ? "final" : "result", key, seconds, document, to: &command)
        case .storeIfPending(let key, let seconds, let document):
            Self.write("pending", key, seconds, document, to: &command)
        }
    }

    private static func write(
        _ kind: String, _ key: String, _ seconds: Int, _ document: [UInt8], to command: inout Command
    ) {
        command.add(kind)
        command.add(key)
        command.add(seconds)
        command.add(document)
    }

    fileprivate static func write(
        _ kind: String, _ first: String, _ second: ArraySlice<UInt8>, third: String = "", to command: inout Command
    ) {
        command.add(kind)
        command.add(first)
        command.add(second)
        command.add(third)
    }

    fileprivate var size: Int {
        switch self {
        case .push(_, let message), .pushFront(_, let message): message.count
        case .schedule(_, let member): member.count
        case .dead(_, let record, _): record.count
        case .store(_, _, let document, _), .storeIfPending(_, _, let document): document.count
        case .begin(_, _, let tree, _): tree.count
        case .part(let part): part.join.count + part.value.count
        case .forget, .uncount, .release, .end, .onlyIfSilent, .onlyIfAged, .over, .onlyIfClaimed: 0
        }
    }
}
