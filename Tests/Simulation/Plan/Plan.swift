import Supervision

/// All that a seed decides beforehand: workers, messages, faults. What is left to chance while it is played follows from
/// the seed as well.
public struct Plan: Sendable, Hashable {
    /// The seed that it was made of.
    public let seed: UInt64
    public var workers = 2
    public var children = 2
    public var childConcurrency = 1
    public var maxTasksPerChild: Int?
    public var workerTimeout: Duration = .seconds(6)
    public var visibilityTimeout: Duration = .seconds(60)
    public var maxDeliveries = 20
    public var queues = ["celery"]
    /// How long faults and messages come.
    public var storm: Duration = .seconds(15)
    /// Whether writes to the server take only some of the bytes.
    public var shortWrites = false
    /// Whether answers come in pieces.
    public var splitReplies = false
    public var messages: [PlannedMessage] = []
    public var chords: [PlannedChord] = []
    public var faults: [Fault] = []

    /// Bytes of the largest message that is run.
    static let largestMessage = 8_192

    /// The plan of a seed.
    public init(seed: UInt64) {
        self.seed = seed
        var maker = PlanMaker(seed: seed)
        maker.fill(&self)
        var binder = ChordMaker(seed: seed)
        binder.fill(&self)
    }
}

/// Makes chords of messages that are there, with chance of its own: what else a seed decides stays as it is.
private struct ChordMaker {
    private var random: SeededGenerator

    init(seed: UInt64) { self.random = SeededGenerator(seed: seed ^ 0xC40_4D5) }

    mutating func fill(_ plan: inout Plan) {
        guard Int.random(in: 0..<100, using: &self.random) < 25 else { return }
        for number in 0..<Int.random(in: 1...2, using: &self.random) {
            let free = plan.messages.indices.filter { Self.canBePart(plan.messages[$0]) }
            let count = Int.random(in: 1...4, using: &self.random)
            guard free.count >= count else { return }
            let places = free.shuffled(using: &self.random).prefix(count)
            let chord = PlannedChord(number: number, parts: places.map { plan.messages[$0].id })
            for place in places { plan.messages[place].chord = chord }
            plan.chords.append(chord)
        }
    }

    /// One that is acknowledged before it runs may be lost with its worker, and its chord with it. A body that cannot be
    /// read names no chord.
    private static func canBePart(_ message: PlannedMessage) -> Bool {
        message.chord == nil && message.task != .early && [.task, .unknown].contains(message.form)
    }
}

/// Draws a plan: each seed has a few kinds of fault and of work only, so that rare ones meet each other undisturbed.
private struct PlanMaker {
    private var random: SeededGenerator

    init(seed: UInt64) { self.random = SeededGenerator(seed: seed &* 0x9E37_79B9_7F4A_7C15 ^ 0xA5A5) }

    private mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &self.random) < percent }
    private mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self.random) }
    private mutating func one<Value>(of values: [Value]) -> Value { values.randomElement(using: &self.random)! }

    private mutating func time(_ range: ClosedRange<Int>) -> Duration { .milliseconds(self.number(range)) }

    mutating func fill(_ plan: inout Plan) {
        plan.workers = self.one(of: [1, 2, 2, 2, 3])
        plan.children = self.number(1...3)
        plan.childConcurrency = self.one(of: [1, 1, 1, 2])
        plan.maxTasksPerChild = self.one(of: [nil, nil, 1, 5])
        plan.workerTimeout = .seconds(self.one(of: [3, 6, 10]))
        plan.visibilityTimeout = .seconds(self.one(of: [30, 60, 3_600]))
        plan.maxDeliveries = self.one(of: [3, 20, 20])
        plan.queues = self.chance(30) ? ["celery", "video"] : ["celery"]
        plan.shortWrites = self.chance(20)
        plan.splitReplies = self.chance(20)
        plan.storm = .seconds(self.one(of: [5, 10, 20]))
        let isSlow = self.chance(4)
        if isSlow { (plan.workers, plan.workerTimeout, plan.storm) = (2, .seconds(3), .seconds(40)) }
        self.addMessages(to: &plan)
        if isSlow { self.addLateReturns(to: &plan) } else { self.addFaults(to: &plan) }
    }

    // MARK: Messages

    private mutating func addMessages(to plan: inout Plan) {
        let end = Int(plan.storm.components.seconds) * 1_000
        let tasks = self.some(of: SimulatedTask.allCases, percent: 35, atLeast: .plain)
        let works = self.some(of: Self.works, percent: 20, atLeast: .succeed)
        for number in 0..<self.number(4...28) {
            var message = PlannedMessage(number: number, at: self.time(0...end))
            message.task = self.one(of: tasks)
            message.work = self.chance(55) ? .succeed : self.one(of: works)
            message.runs = self.chance(70) ? self.time(0...40) : self.time(100...4_000)
            message.followUps = self.chance(15) ? self.number(1...2) : 0
            message.queue = self.one(of: plan.queues)
            message.priority = self.chance(15) ? self.one(of: [3, 9]) : 0
            message.countdown = self.chance(10) ? Double(self.number(-2_000...6_000)) / 1_000 : nil
            if self.chance(4) { message.form = self.one(of: PlannedMessage.Form.allCases) }
            plan.messages.append(message)
        }
    }

    private static let works: [Work] = [
        .succeed, .fail, .retry(times: 1, milliseconds: 0), .retry(times: 2, milliseconds: 700), .reject,
        .crash(times: 1), .crash(times: 9), .exit, .hang, .giveUp, .garbage, .leaveProcess, .reportTwice,
        .dieReporting, .dieReported, .killWorker(times: 1), .killWorker(times: 99),
    ]

    private mutating func some<Value>(of values: [Value], percent: Int, atLeast: Value) -> [Value] {
        let chosen = values.filter { _ in self.chance(percent) }
        return chosen.isEmpty ? [atLeast] : chosen
    }

    // MARK: Faults

    private mutating func addFaults(to plan: inout Plan) {
        guard !self.chance(4) else { return }
        let kinds = (0..<Self.kindsOfFault).filter { _ in self.chance(16) }
        guard !kinds.isEmpty else { return }
        let end = Int(plan.storm.components.seconds) * 1_000
        for _ in 0..<self.number(1...10) {
            let kind = self.fault(self.one(of: kinds), plan)
            plan.faults.append(Fault(at: self.time(50...end), kind: kind))
        }
        plan.faults.sort { $0.at < $1.at }
    }

    /// What others decide about a silent worker takes so long that it may come back, take something and be silent again
    /// meanwhile. Hardly any other seed is so slow.
    private mutating func addLateReturns(to plan: inout Plan) {
        plan.faults.append(
            Fault(at: self.time(50...500), kind: .slowNetwork(by: self.time(2_500...4_000), .seconds(60))))
        for _ in 0..<self.number(2...4) {
            let kind = Fault.Kind.wakeToDie(self.number(0...1), self.time(8_000...24_000), acts: self.number(1...3))
            plan.faults.append(Fault(at: self.time(500...20_000), kind: kind))
        }
        plan.faults.sort { $0.at < $1.at }
    }

    private static let kindsOfFault = 30

    private mutating func fault(_ kind: Int, _ plan: Plan) -> Fault.Kind {
        let worker = self.number(0...plan.workers - 1)
        let short = self.time(10...3_000)
        let long = self.time(100...15_000)
        switch kind {
        case 0, 1: return .killWorker(worker, acts: self.number(0...12))
        case 2: return .stopWorker(worker, self.time(500...25_000))
        case 3: return .terminateWorker(worker, again: self.one(of: [0, 0, 1, 2]))
        case 4: return .quitWorker(worker)
        case 5: return .reloadWorker(worker)
        case 6: return .resizeWorker(worker, by: self.one(of: [-1, 1, 2]))
        case 7: return .killChild(worker, signal: self.chance(50))
        case 8: return .stopChild(worker)
        case 9: return .closePipes(worker)
        case 10:
            return .failForks(worker, count: self.number(1...4), errno: self.one(of: ["EAGAIN", "ENOMEM", "EMFILE"]))
        case 11: return .failBoots(worker, count: self.number(1...2))
        case 12: return .hangBoots(worker, count: 1)
        case 13: return .killTemplate(worker)
        case 14: return .slowPipes(worker, long)
        case 15: return .shortMemory(worker, short)
        case 16: return .revoke(worker, kill: self.chance(50))
        case 17: return .cut(worker, self.one(of: CutMode.allCases))
        case 18: return .silence(worker)
        case 19: return .slowNetwork(by: self.time(10...4_000), long)
        case 20: return .stopServer(long)
        case 21: return self.chance(70) ? .restartServer(short) : .emptyServer(short)
        case 22: return .flush
        case 23: return .failOver(behind: self.time(10...4_000), short)
        case 24: return .refuse(self.one(of: ServerState.allCases), self.time(100...6_000))
        case 25: return .refuseConnections(short)
        case 26: return .wakeToDie(worker, self.time(500...12_000), acts: self.number(1...12))
        case 27: return .cutTake(worker)
        case 28: return self.chance(50) ? .forgetScripts : .breakKey(self.one(of: Self.breakable), short)
        default: return .jump(worker, seconds: self.one(of: [-86_400, -5, 5, 86_400]))
        }
    }

    /// Keys that may be of another type for a while.
    private static let breakable = ["celery", "video", "celeriac.dead", "celeriac.scheduled", "unacked_index"]
}

extension Plan {
    /// Chords none of whose parts has been left out.
    var wholeChords: [PlannedChord] {
        let ids = Set(self.messages.map(\.id))
        return self.chords.filter { ids.isSuperset(of: $0.parts) }
    }

    /// The plan without what changes keys behind the back of everybody.
    public var withoutLossOfData: Plan {
        var plan = self
        plan.faults.removeAll { fault in
            switch fault.kind {
            case .flush, .emptyServer, .failOver, .breakKey: true
            default: false
            }
        }
        return plan
    }

    /// The plan in lines, for people.
    public var description: [String] {
        var lines = [
            "seed \(self.seed): \(self.workers) workers of \(self.children) children, \(self.childConcurrency) tasks in each, "
                + "maxTasksPerChild \(self.maxTasksPerChild.map(String.init) ?? "none"), worker_timeout "
                + "\(self.workerTimeout.unitDescription), visibility_timeout \(self.visibilityTimeout.unitDescription), "
                + "max_deliveries \(self.maxDeliveries), storm \(self.storm.unitDescription)"
        ]
        for (place, fault) in self.faults.enumerated() { lines.append("  fault \(place) \(fault)") }
        for message in self.messages {
            lines.append(
                "  message \(message.number) at \(message.at.unitDescription): \(message.form) \(message.task) "
                    + "\(message.work), \(message.runs.unitDescription), \(message.followUps) to follow"
                    + (message.chord.map { ", part of \($0.id)" } ?? ""))
        }
        return lines
    }
}
