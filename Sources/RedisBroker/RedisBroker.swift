import Broker
import Celery
import Configuration
import DequeModule
import JSON
import Logging
import Reactor
import Redis
import RemoteControl
import Signing
import Supervision
import Syscalls
import Wire
import WorkerStatus

/// A broker on a Redis server, in the layout of Celery's own transport, so that Python workers can share its queues.
///
/// Its duties:
///
/// 1. take messages, as many as can start, in one step with recording them (`RedisBroker+Taking.swift`);
/// 2. put each where it belongs: into a child, aside until it is due, to the dead letters (`RedisBroker+Arrivals.swift`);
/// 3. end deliveries with all their effects in one step (`RedisBroker+Settling.swift`, `RedisBroker+Endings.swift`);
/// 4. keep leases alive, and recover those of dead workers (`RedisBroker+Leases.swift`, `RedisBroker+Recovery.swift`);
/// 5. pass on what workers are asked (`Remote/RedisBroker+Requests.swift`);
/// 6. know what was called off (`Remote/RedisBroker+Revocations.swift`);
/// 7. tell of tasks and of itself (`Remote/RedisBroker+Events.swift`);
/// 8. look how much waits (`Remote/RedisBroker+Queues.swift`).
///
/// Every delivery has a tag of its own, never used again. It is the fence: when another worker has been given the
/// message, the tag is gone, and whatever this worker still says about it changes nothing.
public final class RedisBroker: Broker {
    let options: RedisBrokerOptions
    let keys: BrokerKeys
    let directory: TaskDirectory
    let profiles: TaskProfiles
    let logger: Logger
    var documents: ResultDocuments?
    var lists: QueueLists
    /// The queues that are taken from; commands change them.
    var queues: [WeightedQueue]
    let url: ServerURL
    /// The way to a server; each connection has one of its own.
    let endpoint: (ServerURL) -> any Endpoint

    var loop: (any EventLoop)!
    var commands: RedisConnection!
    var notices: RedisConnection!
    /// The number by which the server knows the second connection.
    var noticesID: Int?
    var isSubscribed = false
    var serverVersion = 0
    var digests: [String: String] = [:]
    var epoch = ""
    var serverClock = ServerClock()
    var isServing = false

    var taking = TakeMachine()
    var places = 0
    var held: [UInt64: HeldMessage] = [:]
    var waiting: [Deque<UInt64>]
    var unansweredTakes: [Range<UInt64>] = []
    /// Takes whose answers were lost, and until when to look for what they brought.
    var lostTakes: [(numbers: Range<UInt64>, until: Instant)] = []
    /// Questions under way about what lost takes brought.
    var unansweredAdoptions = 0
    var lastNumber: UInt64 = 0
    var order: QueueRotation
    var random: SeededGenerator

    var settlements = Deque<Settlement>()
    var unansweredSettlements = Deque<[Settlement]>()
    var settleNotBefore = Instant(nanoseconds: 0)
    /// Where results go; `nil` when that is the broker's server, or nowhere.
    var resultServer: ResultServer?

    /// Messages whose start was asked for and not answered.
    var unadmitted: [UInt64] = []
    /// Messages whose claim was asked for and not answered.
    var unclaimed: [UInt64] = []
    /// Messages that ask for a join, whose parts were asked for and not answered.
    var unjoined: [UInt64] = []
    /// What messages are checked and signed with; `nil` checks none. May be changed while the worker works.
    public var messageKeys: MessageKeys?
    /// Lets signed requests in. Opens when the worker begins to listen.
    var gate = RequestGate(now: 0)

    var nextRenewal = Instant(nanoseconds: 0)
    var nextRecovery = Instant(nanoseconds: 0)
    var isRecovering = false
    /// Whether to look for deliveries that had ended here and are back at the server.
    var lookingBack = LookingBack.done
    /// Tags of others whose messages are on their way back.
    var recovering: Set<String> = []
    /// What the log has been told of the server.
    var told = ToldOnce()
    var ids: TaskIDGenerator
    /// This worker's name in tags and keys: random, never used again.
    let worker: String
    /// What its sign of life says: a JSON object.
    let about: [UInt8]
    var isStopping = false
    var failure: String?

    /// Who answers what workers are asked; `nil` leaves all unanswered. Set before the start.
    public weak var handler: (any RequestHandler)?
    /// Ends the attempt of a delivery: kills it, or tells it to stop. Set before the start.
    public var endAttempt: (DeliveryTag, _ kills: Bool) -> Void = { _, _ in }
    /// Called when the loop is there, for what else is to be served in it.
    public var onStart: (any EventLoop) -> Void = { _ in }
    var link: RemoteLink?
    var hasGreeted = false
    var greeting: Greeting?
    /// The worker's Lamport clock.
    public internal(set) var clock = LamportClock()
    /// What was called off.
    public internal(set) var revocations = Revocations()
    /// Whether events of tasks are sent.
    public var sendsTaskEvents: Bool
    var events: EventBatch
    /// When events that wait go out at the latest.
    var eventsDue = Instant.distantFuture
    /// The machine's load, for heartbeats.
    public var readLoad: () -> [Double] = loadAverages
    var isOnline = false
    var nextHeartbeat = Instant(nanoseconds: 0)
    /// How often each task was started here.
    public internal(set) var startedByTask: [Int]

    /// Counts what becomes of each task. The master counts here as well.
    public let meters: TaskMeters
    /// Dead letters by reason.
    public internal(set) var deadByReason: [DeadLetter.Reason: Int] = [:]
    /// A look at the queues that is under way.
    var queueLook: QueueLook?
    var queueWatch = QueueWatch()

    /// What has been done; for logs and tests.
    public internal(set) var counts = Counts()

    /// Counts of a broker's life.
    public struct Counts: Equatable, Sendable {
        /// Messages taken.
        public var taken = 0
        /// Deliveries ended.
        public var settled = 0
        /// Deliveries that had been given to another worker when this one ended them.
        public var stale = 0
        /// Dead letters.
        public var dead = 0
        /// Messages of dead workers that were handed back.
        public var recovered = 0
    }

    /// A broker that has not connected yet.
    ///
    /// - Parameter endpoint: the way to a server, by default over the network.
    public init(
        url: ServerURL, options: RedisBrokerOptions, directory: TaskDirectory, profiles: TaskProfiles, pools: Int,
        logger: Logger, seed: UInt64, endpoint: @escaping (ServerURL) -> any Endpoint = { $0.endpoint() }
    ) {
        self.url = url
        self.endpoint = endpoint
        self.options = options
        self.keys = BrokerKeys(prefix: options.keyPrefix)
        self.directory = directory
        self.profiles = profiles
        self.logger = logger
        self.documents = options.results.map { ResultDocuments(options: $0, nodeName: options.nodeName) }
        self.lists = QueueLists(options.queues.map(\.name), keys: self.keys)
        self.queues = options.queues
        self.order = QueueRotation(options.queueOrder, queues: options.queues)
        self.waiting = Array(repeating: Deque(), count: pools)
        self.ids = TaskIDGenerator(seed: seed)
        self.random = SeededGenerator(seed: seed ^ 0x5EED)
        self.worker = String(decoding: self.ids.next(), as: UTF8.self)
        let about: JSONValue = ["name": .string(options.nodeName), "pid": .number(JSONNumber(Int(ownProcessID)))]
        self.about = about.serialized()
        self.sendsTaskEvents = options.sendsTaskEvents
        self.events = EventBatch(node: options.nodeName, pid: Int(ownProcessID))
        self.startedByTask = Array(repeating: 0, count: directory.names.count)
        self.meters = TaskMeters(tasks: directory.names.count)
    }

    public func start(on loop: any EventLoop) throws {
        self.loop = loop
        let login = self.url.login(name: "celeriac")
        self.commands = RedisConnection(
            to: self.endpoint(self.url), login: login, on: loop, owner: self, seed: self.random.next())
        self.notices = RedisConnection(
            to: self.endpoint(self.url), login: login, on: loop, owner: self, seed: self.random.next())
        self.commands.start()
        self.notices.start()
        self.startResultServer(loop)
        self.startRemoteControl(on: loop)
        self.onStart(loop)
    }

    private func startResultServer(_ loop: any EventLoop) {
        guard let url = self.options.results?.server else { return }
        let server = ResultServer(url: url, endpoint: self.endpoint(url), logger: self.logger) { [unowned self] in
            self.settlements.append($0)
        }
        server.connected = { [unowned self] in self.askAgainForParts() }
        server.start(on: loop, seed: self.random.next())
        self.resultServer = server
    }

    public var status: BrokerStatus {
        var status = BrokerStatus()
        status.waiting = self.waitingCount
        status.mayHaveMore = self.taking.mayHaveMore
        status.failure = self.failure ?? self.resultServer?.failure
        return status
    }

    var waitingCount: Int { self.waiting.reduce(0) { $0 + $1.count } }

    // MARK: The pass

    public func endPass(now: Instant) {
        self.commands.timePassed(now: now)
        self.notices.timePassed(now: now)
        self.resultServer?.endPass(now: now)
        self.link?.endPass(now: now)
        self.endQueueLook(now: now)
        if self.isServing {
            // The sign of life comes first: nobody looks for what a worker held that was never known.
            self.keepLeases(now: now)
            self.returnUnplaced(now: now)
            self.takeIfWanted(now: now)
            self.sendSettlements(now: now)
            self.sendEvents(now: now)
            self.endGreeting(now: now)
        }
        self.commands.flush()
        self.notices.flush()
        FaultPoint.written()
    }

    public func nextWake(now: Instant) -> Instant {
        var next = min(self.commands.nextWake, self.notices.nextWake)
        if let resultServer { next = min(next, resultServer.nextWake) }
        if let link { next = min(next, link.nextWake) }
        if let queueLook { next = min(next, queueLook.until) }
        guard self.isServing else { return next }
        if !self.isStopping, !self.queues.isEmpty {
            next = min(next, self.taking.nextWake(places: self.takeablePlaces))
        }
        next = min(next, min(self.nextRenewal, min(self.nextHeartbeat, self.eventsDue)))
        // One that is under way goes on when it is answered, however late that is.
        if !self.isRecovering { next = min(next, self.nextRecovery) }
        if let greeting { next = min(next, greeting.until) }
        if !self.settlements.isEmpty, self.canSettle { next = min(next, self.settleNotBefore) }
        return min(next, self.nextReturn)
    }

    // MARK: The end

    public func stopTaking(now: Instant) {
        guard !self.isStopping else { return }
        self.isStopping = true
        for pool in self.waiting.indices {
            // Last first: each goes to the front of its list.
            while let number = self.waiting[pool].popLast() { self.leaveToOthers(number) }
        }
    }

    /// The message goes back, as it came if its task has not started. A task that has failed is over, unless something
    /// follows from that which no child has told.
    func leaveToOthers(_ number: UInt64) {
        guard let message = self.held[number], let failure = message.failure,
            !message.isFollowed || message.isAcknowledged
        else {
            if self.held[number]?.hasStarted == true { self.held[number]!.toldEnd = self.end(.cancelled) }
            return self.putBack(number, front: true)
        }
        self.settle(number, message, failure, dead: message.deathReason ?? self.deathReason(failure))
    }

    public func finish(now: Instant) {
        guard self.commands != nil else { return }
        let deadline = self.loop.now + .seconds(5)
        self.waitUntil(deadline) { self.unsettled == 0 && !self.mayHoldMore }
        if self.unsettled > 0 { self.tellUnsettled() }
        if self.isServing { self.tellOfWorker(.offline) }
        // One that may still hold something stays known, so that others look for it when its sign of life has expired.
        if self.isServing, self.unsettled == 0, !self.mayHoldMore, self.lostTakes.isEmpty { self.signOff(deadline) }
        self.commands.stop()
        self.notices.stop()
        self.resultServer?.stop()
        self.link?.stop()
    }

    /// Whether an answer is under way that may bring messages, which then go back.
    private var mayHoldMore: Bool {
        !self.unansweredTakes.isEmpty || self.unansweredAdoptions > 0 || !self.unadmitted.isEmpty
            || !self.unclaimed.isEmpty || !self.unjoined.isEmpty || self.lookingBack != .done
    }

    private func tellUnsettled() {
        self.failure = "\(self.unsettled) deliveries could not be ended"
        self.logger.error(
            "broker.unsettled",
            metadata: ["deliveries": "\(self.unsettled)", "connected": "\(self.isServing)"])
    }

    private func signOff(_ deadline: Instant) {
        // No further sign of life behind the last word.
        (self.nextRenewal, self.nextRecovery) = (.distantFuture, .distantFuture)
        self.nextHeartbeat = .distantFuture
        var isAnswered = false
        self.commands.send(Command("DEL", self.keys.worker(self.worker))) { _ in }
        self.commands.send(Command("SREM", self.keys.workers, self.worker)) { _ in isAnswered = true }
        self.waitUntil(deadline) { isAnswered }
    }

    private func waitUntil(_ deadline: Instant, _ condition: () -> Bool) {
        var now = self.loop.now
        while !condition(), now < deadline {
            self.endPass(now: now)
            try? self.loop.wait(until: min(deadline, self.nextWake(now: now)))
            now = self.loop.now
        }
    }
}
