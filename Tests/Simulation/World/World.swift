import Celery
import Redis
import Supervision

/// One simulated run: workers, their processes, a server and what befalls them, in virtual time and in one thread.
final class World {
    /// Where the virtual clock begins.
    static let start = Instant(nanoseconds: 1_000_000_000_000)
    /// What the wall clock shows then, in seconds since 1970.
    static let wallStart: UInt64 = 1_700_000_000

    let plan: Plan
    let mutation: Mutation?
    private(set) var now = World.start
    private var agenda: Agenda
    /// Decides all that the plan leaves open.
    var random: SeededGenerator
    var trace: Trace
    var reached = Reached()
    private(set) var violations: [Violation] = []
    let engine: ScriptEngine
    private(set) var server: SimulatedServer!
    private(set) var judge: Judge!
    /// By place: each holds one worker after the other.
    private(set) var workers: [WorkerProcess?]
    /// All workers that ever were: their children may outlive them for a moment.
    private var everyWorker: [WorkerProcess] = []
    /// All connections that were ever made, by descriptor.
    var links: [CInt: Link] = [:]
    var lastDescriptor: CInt = 100
    /// Whether faults may strike.
    private(set) var isCalm = false
    private var steps = 0
    private var incarnations = 0

    /// More than any run that goes well takes.
    private static let mostSteps = 300_000

    init(_ plan: Plan, mutation: Mutation?, engine: ScriptEngine, keepsLines: Bool) {
        self.plan = plan
        self.mutation = mutation
        self.engine = engine
        var random = SeededGenerator(seed: plan.seed ^ 0x51D_EC0DE)
        self.agenda = Agenda(seed: random.next())
        self.random = random
        self.trace = Trace(keepsLines: keepsLines)
        self.workers = Array(repeating: nil, count: plan.workers)
        self.server = SimulatedServer(self)
        self.judge = Judge(self)
    }

    // MARK: Chance

    func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &self.random) < percent }

    func microseconds(_ range: ClosedRange<Int64>) -> Duration {
        .microseconds(Int64.random(in: range, using: &self.random))
    }

    // MARK: Time

    func at(_ time: Instant, _ action: @escaping () -> Void) { self.agenda.add(at: max(time, self.now), action) }

    func after(_ wait: Duration, _ action: @escaping () -> Void) { self.at(self.now + wait, action) }

    /// Lets happen what is to happen until a time, or until somebody has what it waits for.
    func run(until limit: Instant, while goesOn: () -> Bool) {
        while goesOn(), self.agenda.next <= limit, let next = self.agenda.take() {
            self.now = max(self.now, next.time)
            self.steps += 1
            if self.steps > Self.mostSteps {
                self.broke(.spins, "more than \(Self.mostSteps) steps: somebody never rests")
                return
            }
            next.action()
        }
        if goesOn() { self.now = max(self.now, limit) }
    }

    func note(_ code: Trace.Code, _ first: UInt64 = 0, _ second: UInt64 = 0, _ text: () -> String) {
        self.trace.note(self.now, code, first, second, text)
    }

    func broke(_ rule: Rule, _ text: String) {
        guard self.violations.count < 8 else { return }
        self.violations.append(Violation(rule: rule, text: text, time: self.now))
        self.note(.ended, 1) { "VIOLATION \(rule.rawValue): \(text)" }
    }

    // MARK: The run

    /// Plays the plan, then lets all faults end and waits until all is done.
    func play() {
        for place in self.workers.indices { self.startWorker(place) }
        for chord in self.plan.chords { self.server.receive(chord) }
        for message in self.plan.messages { self.at(Self.start + message.at) { self.send(message) } }
        for fault in self.plan.faults { self.at(Self.start + fault.at) { self.strike(fault) } }
        self.run(until: Self.start + self.plan.storm) { self.violations.isEmpty }
        guard self.violations.isEmpty else { return }
        self.calmDown()
    }

    /// Time after the last fault within which all must be over.
    private var bound: Duration {
        let slow = self.plan.messages.count { $0.task == .alone }
        let deadly = self.plan.messages.count { $0.work == .killWorker(times: 99) }
        let recovery = self.plan.workerTimeout * 2 + .seconds(5)
        // An hour is for Python workers: what ours held must be found by their missing signs of life.
        let visibility = min(self.plan.visibilityTimeout, .seconds(60))
        return .seconds(150) + visibility + .seconds(20) * slow
            + recovery * (deadly * self.plan.maxDeliveries)
    }

    /// A child that begins nothing is given up after half a minute.
    private var timeToTidy: Duration { .seconds(45) + self.plan.workerTimeout * 3 }

    private func calmDown() {
        self.isCalm = true
        self.note(.fault) { "calm" }
        self.server.recover()
        let limit = self.now + self.bound
        while self.now < limit, self.violations.isEmpty, !self.judge.isAllDone {
            self.run(until: min(limit, self.now + .milliseconds(200))) { self.violations.isEmpty }
        }
        guard self.violations.isEmpty else { return }
        // What is left at the server of workers that are gone takes a few looks more.
        var rest = self.now + self.timeToTidy
        while self.now < rest, self.violations.isEmpty, !self.judge.isTidy {
            self.run(until: min(rest, self.now + .milliseconds(200))) { self.violations.isEmpty }
            // One that still stands still can do nothing about it.
            if self.workers.contains(where: { $0?.isStopped == true }) { rest = self.now + self.timeToTidy }
        }
        self.judge.judgeEnd()
    }

    /// What refers to each other in circles is let go.
    func takeApart() {
        for worker in self.workers { worker?.release() }
        self.agenda = Agenda(seed: 0)
        self.links = [:]
        self.everyWorker = []
        self.server = nil
        self.judge = nil
    }

    private func send(_ message: PlannedMessage) {
        guard self.server.isUp, !self.server.isStalled, !self.server.refusesWrites else {
            // A client tries again.
            return self.after(.milliseconds(500)) { self.send(message) }
        }
        self.server.receive(message)
    }

    // MARK: Workers

    func startWorker(_ place: Int) {
        guard self.workers[place] == nil else { return }
        self.incarnations += 1
        let worker = WorkerProcess(self, place: place, incarnation: self.incarnations)
        self.workers[place] = worker
        self.everyWorker.append(worker)
        worker.start()
    }

    /// A worker's process is gone; somebody starts another one.
    func workerEnded(_ worker: WorkerProcess) {
        guard self.workers[worker.place] === worker else { return }
        self.workers[worker.place] = nil
        self.judge.workerEnded(worker)
        self.after(self.microseconds(1_000...3_000_000)) { [place = worker.place] in self.startWorker(place) }
    }
}

/// A rule that was broken.
public struct Violation: Sendable, Equatable {
    /// Which one.
    public let rule: Rule
    /// How.
    public let text: String
    /// When, in virtual time.
    public let time: Instant
}

/// What must hold: the invariants of `docs/invariants.md`, and that a run ends.
public enum Rule: String, Sendable, CaseIterable {
    case onePlace = "I1"
    case outcomeBeforeEnd = "I2"
    case atLeastOnce = "I3"
    case boundedDeliveries = "I4"
    case fence = "I5"
    case earlyOnce = "I6"
    case noInvention = "I7"
    case completeDeadLetters = "I8"
    case oneChild = "I12"
    case poolSize = "I14"
    case hardLimit = "I15"
    case cleanChild = "clean child"
    /// A chord ends, as its parts have.
    case chord
    case outcomeCounts = "I21"
    case shutdown = "I22"
    case tidy = "tidy"
    /// Who holds something is known at the server.
    case known
    case spins
    case simulation
}
