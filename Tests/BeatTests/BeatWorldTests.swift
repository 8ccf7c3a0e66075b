import Beat
import Schedules
import Supervision
import Testing

/// Several machines and one server in virtual time: answers are late or lost, schedulers are killed, or stopped while
/// they believe to have the lead.
struct BeatWorldTests {
    @Test func eachInstantIsFiredOnce() {
        var differences = 0
        for seed: UInt64 in 1...10 {
            var world = World(seed: seed)
            world.run(milliseconds: 20_000)
            self.check(world)
            differences += world.differences
        }
        #expect(differences > 5, "too few came into each other's way")
    }

    private func check(_ world: World) {
        for entry in World.entries {
            let fired = world.server.fired[entry.name] ?? []
            #expect(fired.count > 60, "\(entry.name): only \(fired.count)")
            let steps = Set(zip(fired, fired.dropFirst()).map { $1 - $0 })
            #expect(steps == [World.interval], "\(entry.name): \(steps)")
        }
        #expect(world.leaders.count > 3, "only \(world.leaders.count) had the lead")
    }
}

private struct World {
    static let interval: Int64 = 200
    static let entries = (0..<3).map { index in
        var entry = BeatEntry(name: "e\(index)", task: "t", schedule: .interval(milliseconds: Self.interval))
        entry.missed = MissedRuns(.all)
        return entry
    }

    /// The server, which carries out what reaches it.
    struct Server {
        var states: [String: String] = [:]
        var leader: (name: Int, until: Int)?
        var fired: [String: [Int64]] = [:]

        mutating func lead(_ name: Int, at time: Int) -> Bool {
            if let leader, leader.until > time, leader.name != name { return false }
            self.leader = (name, time + 1_000)
            return true
        }

        mutating func perform(_ transition: Transition, at time: Int) -> BeatMachine.Outcome {
            let stored = self.states[transition.entry.name] ?? ""
            guard stored == transition.expected else { return .differs(stored) }
            guard time >= transition.after.due else { return .early }
            self.states[transition.entry.name] = transition.after.text
            if case .send(let due) = transition.kind {
                self.fired[transition.entry.name, default: []].append(due.milliseconds)
            }
            return .happened(transition.after.text)
        }
    }

    /// A scheduler, and what is under way between it and the server.
    struct Scheduler {
        let name: Int
        var machine = BeatMachine(entries: World.entries, lease: .seconds(1))
        var sleepsUntil = 0
        /// Until then what it sends takes longer than its lead lasts.
        var isSlowUntil = 0
        var reconnectsAt: Int? = 0
        var requests: [(at: Int, action: BeatMachine.Action, sent: Int)] = []
        var answers: [(at: Int, hear: (inout BeatMachine, Instant) -> Void)] = []
    }

    var server = Server()
    var leaders: Set<Int> = []
    var differences = 0
    private var random: SeededGenerator
    private var schedulers: [Scheduler] = []
    private var names = 0
    private var ids = 0

    init(seed: UInt64) {
        self.random = SeededGenerator(seed: seed)
        for _ in 0..<3 { self.schedulers.append(self.newScheduler()) }
    }

    private mutating func newScheduler() -> Scheduler {
        self.names += 1
        return Scheduler(name: self.names)
    }

    mutating func run(milliseconds: Int) {
        for time in 0..<milliseconds {
            for index in self.schedulers.indices {
                self.reachServer(index, time)
                self.disturb(index, time)
                if self.schedulers[index].sleepsUntil <= time { self.act(index, time) }
            }
        }
    }

    private static func instant(_ time: Int) -> Instant { Instant(nanoseconds: UInt64(time + 1_000) * 1_000_000) }

    /// What is on its way goes on also while its sender is stopped or dead.
    private mutating func reachServer(_ index: Int, _ time: Int) {
        let due = self.schedulers[index].requests.filter { $0.at <= time }
        self.schedulers[index].requests.removeAll { $0.at <= time }
        for request in due {
            let (name, answerAt) = (self.schedulers[index].name, time + Int.random(in: 0...3, using: &self.random))
            let seconds = Double(time) / 1_000
            switch request.action {
            case .askLead:
                let isOurs = self.server.lead(name, at: time)
                if isOurs { self.leaders.insert(name) }
                self.schedulers[index].answers.append(
                    (
                        answerAt,
                        {
                            $0.leadAnswered(
                                isOurs: isOurs, serverSeconds: seconds, askedAt: Self.instant(request.sent), now: $1)
                        }
                    ))
            case .readStates:
                let states = self.server.states
                self.schedulers[index].answers.append((answerAt, { machine, _ in machine.statesRead(states) }))
            case .perform(let transition):
                let outcome = self.server.perform(transition, at: time)
                if case .differs = outcome { self.differences += 1 }
                self.schedulers[index].answers.append(
                    (answerAt, { $0.answered(transition, outcome, serverSeconds: seconds, now: $1) }))
            }
        }
    }

    private mutating func disturb(_ index: Int, _ time: Int) {
        switch Int.random(in: 0..<1_500, using: &self.random) {
        case 0:  // Killed, and another one is started; what it had sent still arrives.
            let under = self.schedulers[index].requests
            self.schedulers[index] = self.newScheduler()
            for request in under where Bool.random(using: &self.random) {
                if case .perform(let transition) = request.action {
                    _ = self.server.perform(transition, at: time)
                }
            }
        case 1:  // Stopped for longer than its lead lasts, with what is under way held back.
            self.schedulers[index].sleepsUntil = time + 1_500
            for place in self.schedulers[index].requests.indices { self.schedulers[index].requests[place].at += 1_400 }
        case 2: self.schedulers[index].isSlowUntil = time + 600
        case 3:  // The connection ends; of what was under way some arrives, and nothing is answered.
            self.schedulers[index].answers = []
            self.schedulers[index].requests.removeAll { _ in Bool.random(using: &self.random) }
            for place in self.schedulers[index].requests.indices { self.schedulers[index].requests[place].at = time }
            self.reachServer(index, time)
            self.schedulers[index].answers = []
            self.schedulers[index].machine.disconnected()
            self.schedulers[index].reconnectsAt = time + 300
        default: break
        }
    }

    private mutating func act(_ index: Int, _ time: Int) {
        let now = Self.instant(time)
        if let at = self.schedulers[index].reconnectsAt, at <= time {
            self.schedulers[index].reconnectsAt = nil
            self.schedulers[index].machine.connected(now: now)
        }
        let heard = self.schedulers[index].answers.filter { $0.at <= time }
        self.schedulers[index].answers.removeAll { $0.at <= time }
        for answer in heard { answer.hear(&self.schedulers[index].machine, now) }
        var ids = self.ids
        let actions = self.schedulers[index].machine.due(now: now) {
            ids += 1
            return "id\(ids)"
        }
        self.ids = ids
        for action in actions {
            let isSlow = time < self.schedulers[index].isSlowUntil
            let delay = isSlow ? 1_300 : Int.random(in: 0...2, using: &self.random)
            self.schedulers[index].requests.append((time + delay, action, time))
        }
    }
}
