import EngineSupport
import Foundation
import Glibc
import RedisSupport
import Syscalls

/// A run: rounds of load and faults, each with a rest after it, and a last round that begins when all have stopped.
final class Soak {
    private let options: SoakOptions
    private let place: SoakPlace
    private let workers: [SoakWorker]
    private let listener = Listener()
    private let chaos: Chaos
    private(set) var producer: Producer
    private(set) var judge: Judge
    private(set) var growth = Growth()
    private(set) var produced = 0
    private(set) var rounds = 0
    /// Messages that waited when all workers had stopped.
    private(set) var waitedAtStop = 0
    private let start = monotonicNanoseconds()
    private var nextProgress: UInt64 = 0
    private var nextRefill: UInt64 = 0

    /// Most messages that wait: as many as the workers get through in some seconds.
    private static let backlog = 400
    /// How long a rest may take until nothing is left to be done.
    private static let patience = 90.0

    init(_ options: SoakOptions) throws {
        self.options = options
        self.place = try SoakPlace(executable: options.executable, children: options.children)
        try self.listener.connect(self.place.server)
        self.workers = try (0..<options.workers).map { [place] in try SoakWorker($0, place) }
        self.chaos = Chaos(self.place, self.workers, self.listener, seed: options.seed)
        self.producer = Producer(seed: options.seed)
        self.judge = Judge(self.place.server, self.listener)
    }

    var faults: [Chaos.Fault: Int] { self.chaos.counts }
    var elapsed: Double { Double(monotonicNanoseconds() - self.start) / 1e9 }

    func run() throws {
        try self.waitForWorkers()
        let length = min(30, max(8, self.options.seconds / 4))
        while self.judge.breaches.isEmpty, self.elapsed + length < self.options.seconds || self.rounds < 2 {
            self.rounds += 1
            try self.storm(seconds: length * 0.7)
            try self.rest()
            let gauge = try Gauge(self.workers[0].program, self.place.server, tasks: self.judge.judged)
            self.growth.add(gauge)
        }
        try self.stopInTheMiddle()
        try self.rest()
        try self.end()
    }

    // MARK: The parts of a round

    private func storm(seconds: Double) throws {
        try self.turn(seconds: seconds) {
            try self.chaos.go()
            try self.refill()
        }
    }

    /// No faults any more: everything must come to its end.
    private func rest() throws {
        try self.chaos.rest()
        try self.waitForWorkers()
        let isDrained = try self.turn(seconds: Self.patience, until: { try self.isAtRest() })
        guard isDrained else {
            return self.judge.breach("not finished after \(Self.patience) s: \(try self.whatIsLeft())")
        }
        try self.judge.judgeAll()
        let files = self.place.leftFiles()
        if !files.isEmpty { self.judge.breach("files are left: \(files)") }
    }

    /// Nothing is to be done, and workers that were killed are forgotten.
    private func isAtRest() throws -> Bool {
        guard try self.judge.waiting() == (0, 0) else { return false }
        return try self.place.server.command("SCARD", "celeriac.workers").integer == self.workers.count
    }

    /// Tells all workers to end while there is work, and looks at what they leave.
    private func stopInTheMiddle() throws {
        guard self.judge.breaches.isEmpty else { return }
        try self.turn(seconds: 3) { try self.refill() }
        for worker in self.workers { worker.terminate() }
        _ = try self.turn(seconds: 30, replaces: false) { self.workers.allSatisfy { $0.program.exit != nil } }
        self.waitedAtStop = try self.judge.judgeStop()
        try self.turn(seconds: 0.1) {}
    }

    private func end() throws {
        try self.endAll()
        try self.forgetOthers()
        for breach in self.growth.breaches { self.judge.breach(breach) }
        let known = ["celeriac.epoch", "celeriac.admitted", "celeriac.rate.tasks.mul"]
        // Where a worker that is starting waits for greetings, it may be killed: Celery's workers leave such queues as well.
        let keys = try self.place.server.command("KEYS", "*").texts.filter {
            !known.contains($0) && !$0.hasSuffix("reply.celery.pidbox")
        }
        if !keys.isEmpty { self.judge.breach("keys are left: \(keys.sorted().prefix(20))") }
        let groups = Set(self.workers.flatMap(\.pids)).map { "/celeriac-\($0)" }
        let left = ControlGroupList.workers.filter { path in groups.contains { path.hasSuffix($0) } }
        if !left.isEmpty { self.judge.breach("control groups are left: \(left)") }
    }

    private func endAll() throws {
        for worker in self.workers { worker.terminate() }
        _ = try self.turn(seconds: 30, replaces: false) { self.workers.allSatisfy { $0.program.exit != nil } }
        for worker in self.workers { for breach in worker.judgeEnd() { self.judge.breach(breach) } }
    }

    /// A worker whose connection was lost not long ago does not sign off: something may yet come under its name. One that
    /// nothing has happened to forgets it.
    private func forgetOthers() throws {
        let last = self.workers[0]
        try last.replace()
        let isAlone = try self.turn(seconds: 30, replaces: false) {
            try last.isConnected && self.place.server.command("SCARD", "celeriac.workers").integer == 1
        }
        if !isAlone { self.judge.breach("workers that have ended are still known") }
        last.terminate()
        _ = try self.turn(seconds: 30, replaces: false) { last.program.exit != nil }
        for breach in last.judgeEnd() { self.judge.breach(breach) }
    }

    // MARK: Turns

    /// Serves everything for so long.
    private func turn(seconds: Double, _ act: () throws -> Void) throws {
        _ = try self.turn(seconds: seconds, replaces: true) {
            try act()
            return false
        }
    }

    /// Serves everything until `condition` holds, for at most so long; returns whether it does.
    private func turn(seconds: Double, replaces: Bool = true, until condition: () throws -> Bool) throws -> Bool {
        let deadline = monotonicNanoseconds() + UInt64(seconds * 1e9)
        while monotonicNanoseconds() < deadline {
            for worker in self.workers { worker.program.poll() }
            if self.chaos.serverAnswers { try self.listener.collect() }
            if replaces { try self.replaceEnded() }
            self.showProgress()
            if try condition() { return true }
            if Interruption.hasCome { throw Interruption() }
            usleep(3_000)
        }
        return false
    }

    private func replaceEnded() throws {
        for worker in self.workers where worker.program.exit != nil {
            for breach in worker.judgeEnd() { self.judge.breach(breach) }
            try worker.replace()
        }
    }

    private func refill() throws {
        guard self.chaos.serverAnswers, monotonicNanoseconds() >= self.nextRefill else { return }
        self.nextRefill = monotonicNanoseconds() + 20_000_000
        let waiting = try self.judge.waiting()
        for _ in waiting.queued + waiting.elsewhere..<max(waiting.queued + waiting.elsewhere, Self.backlog) {
            let message = self.producer.next()
            self.judge.expect(message)
            try self.place.server.command("LPUSH", message.list, message.text)
            self.produced += 1
        }
    }

    private func waitForWorkers() throws {
        let isReady = try self.turn(seconds: 60, until: { self.workers.allSatisfy { $0.runs && $0.isConnected } })
        guard !isReady else { return }
        for worker in self.workers where !worker.isConnected {
            self.judge.breach("worker \(worker.number) does not come up: \(worker.lastWords)")
        }
    }

    private func whatIsLeft() throws -> String {
        for worker in self.workers { worker.program.signal(SIGUSR1) }
        _ = try self.turn(seconds: 1) { false }
        let words = self.workers.map { "worker \($0.number): \($0.lastWords)" }.joined(separator: "\n")
        return "\(try self.judge.whatWaits())\n\(words)"
    }

    private func showProgress() {
        guard monotonicNanoseconds() >= self.nextProgress else { return }
        self.nextProgress = monotonicNanoseconds() + 10_000_000_000
        let faults = self.faults.values.reduce(0, +)
        let line =
            "\(Int(self.elapsed)) of \(Int(self.options.seconds)) s, \(self.produced) messages sent, "
            + "\(self.judge.judged) tasks judged, \(faults) faults\n"
        FileHandle.standardError.write(Data(line.utf8))
    }
}

/// Somebody wants it to end; what it has started ends with it.
struct Interruption: Error, CustomStringConvertible {
    let description = "interrupted"
    nonisolated(unsafe) fileprivate static var hasCome = false

    static func listen() {
        for number in [SIGINT, SIGTERM] { signal(number) { _ in Interruption.hasCome = true } }
    }
}
