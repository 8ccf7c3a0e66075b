import EngineSupport
import Glibc
import RedisSupport
import Supervision
import Syscalls

/// Does to processes, connections and the server what can happen to them, at random, and undoes what must end.
final class Chaos {
    /// What can happen, and how often beside the others.
    enum Fault: String, CaseIterable {
        case killChild, stopChild, killTemplate, killWorker, stopWorker, endWorker, endWorkerColdly
        case cut, cutSoon, delay, split, swallowRequests, swallowReplies, refuse, killClients
        case killServer, stopServer, forgetScripts, reload, reloadNonsense, grow, shrink

        var weight: Int {
            switch self {
            case .killChild: 30
            case .cut, .cutSoon, .stopChild: 10
            case .reload, .grow, .shrink, .delay: 4
            case .killWorker, .stopWorker, .endWorker, .killClients, .forgetScripts: 3
            case .killTemplate, .endWorkerColdly, .split, .swallowRequests, .swallowReplies, .refuse: 2
            case .reloadNonsense, .killServer, .stopServer: 1
            }
        }
    }

    private struct Undoing {
        let due: UInt64
        let act: () throws -> Void
    }

    private let place: SoakPlace
    private let workers: [SoakWorker]
    private let listener: Listener
    private var random: SeededGenerator
    private var undoings: [Undoing] = []
    private var next: UInt64 = 0
    /// Whether the server answers.
    private(set) var serverAnswers = true
    /// How often each has happened.
    private(set) var counts: [Fault: Int] = [:]

    init(_ place: SoakPlace, _ workers: [SoakWorker], _ listener: Listener, seed: UInt64) {
        (self.place, self.workers, self.listener) = (place, workers, listener)
        self.random = SeededGenerator(seed: seed &+ 1)
    }

    /// Does what is due, and something new now and then.
    func go() throws {
        try self.undo { $0.due <= monotonicNanoseconds() }
        guard monotonicNanoseconds() >= self.next else { return }
        self.next = monotonicNanoseconds() + UInt64.random(in: 30...300, using: &self.random) * 1_000_000
        let fault = self.draw()
        if try self.perform(fault) { self.counts[fault, default: 0] += 1 }
    }

    /// Undoes all that is still to be undone.
    func rest() throws { try self.undo { _ in true } }

    private func undo(_ isDue: (Undoing) -> Bool) throws {
        let due = self.undoings.filter(isDue)
        self.undoings.removeAll(where: isDue)
        for undoing in due { try undoing.act() }
    }

    private func later(_ milliseconds: ClosedRange<UInt64>, _ act: @escaping () throws -> Void) {
        let wait = UInt64.random(in: milliseconds, using: &self.random) * 1_000_000
        self.undoings.append(Undoing(due: monotonicNanoseconds() + wait, act: act))
    }

    private func draw() -> Fault {
        var left = Int.random(in: 0..<Fault.allCases.reduce(0) { $0 + $1.weight }, using: &self.random)
        return Fault.allCases.first {
            left -= $0.weight
            return left < 0
        }!
    }

    /// Returns whether there was anybody to do it to.
    private func perform(_ fault: Fault) throws -> Bool {
        switch fault {
        case .killServer, .stopServer, .forgetScripts: return try self.disturbServer(fault)
        default: break
        }
        guard let worker = self.workers.filter(\.runs).randomElement(using: &self.random) else { return false }
        switch fault {
        case .killChild, .stopChild, .killTemplate: return self.disturbProcess(fault, of: worker)
        case .killWorker, .stopWorker, .endWorker, .endWorkerColdly: return self.disturb(fault, worker)
        case .reload, .reloadNonsense, .grow, .shrink: return try self.command(fault, worker)
        case .killClients: return try self.killClients()
        default: self.disturbConnections(fault, of: worker)
        }
        return true
    }

    /// A program that has not come up yet ends, or stops, by signals that it hears later.
    private func command(_ fault: Fault, _ worker: SoakWorker) throws -> Bool {
        guard worker.isConnected else { return false }
        if fault == .reload || fault == .reloadNonsense {
            try self.place.configure(worker.number, isValid: fault == .reload)
        }
        worker.program.signal(fault == .grow ? SIGTTIN : fault == .shrink ? SIGTTOU : SIGHUP)
        return true
    }

    // MARK: Processes

    private func disturbProcess(_ fault: Fault, of worker: SoakWorker) -> Bool {
        let program = worker.program
        let victims = fault == .killTemplate ? program.templates : program.children
        guard let victim = victims.randomElement(using: &self.random) else { return false }
        program.kill(victim, fault == .stopChild ? SIGSTOP : SIGKILL)
        if fault == .stopChild { self.later(50...1_500) { program.kill(victim, SIGCONT) } }
        return true
    }

    /// The first worker lives for ever: its growth is measured. One that has just started is let be.
    private func disturb(_ fault: Fault, _ worker: SoakWorker) -> Bool {
        let program = worker.program
        if fault == .stopWorker {
            program.signal(SIGSTOP)
            self.later(100...4_000) { program.signal(SIGCONT) }
            return true
        }
        guard worker.number > 0, worker.isConnected else { return false }
        if fault == .killWorker { worker.kill() } else { worker.terminate() }
        if fault == .endWorkerColdly { self.later(50...500) { program.signal(SIGQUIT) } }
        return true
    }

    // MARK: Connections

    private func disturbConnections(_ fault: Fault, of worker: SoakWorker) {
        worker.isDisturbed = true
        let proxy = worker.proxy
        switch fault {
        case .cut: proxy.cutAll()
        case .cutSoon: proxy.faults.cutAfter = Int.random(in: 0...3_000, using: &self.random)
        case .delay: proxy.faults.delay = .milliseconds(Int.random(in: 5...150, using: &self.random))
        case .split: proxy.faults.splits = true
        case .swallowRequests: proxy.faults.swallowsRequests = true
        case .swallowReplies: proxy.faults.swallowsReplies = true
        default: proxy.faults.refuses = true
        }
        guard fault != .cut else { return }
        // What was swallowed is missed by the deadline of an answer, ten seconds; a cut ends most of these waits.
        let swallows = fault == .swallowRequests || fault == .swallowReplies
        let isPatient = swallows && Int.random(in: 0..<4, using: &self.random) == 0
        self.later(200...2_000) {
            worker.isDisturbed = true
            proxy.faults = ProxyFaults()
            if swallows, !isPatient { proxy.cutAll() }
        }
    }

    private func killClients() throws -> Bool {
        guard self.serverAnswers else { return false }
        let clients = try self.place.server.command("CLIENT", "LIST", "TYPE", "normal").text ?? ""
        let ids = clients.split(separator: "\n").filter { $0.contains("name=celeriac") }
            .compactMap { $0.split(separator: " ").first?.dropFirst(3) }
        guard let id = ids.randomElement(using: &self.random) else { return false }
        for worker in self.workers { worker.isDisturbed = true }
        try self.place.server.command("CLIENT", "KILL", "ID", String(id))
        return true
    }

    // MARK: The server

    private func disturbServer(_ fault: Fault) throws -> Bool {
        guard self.serverAnswers else { return false }
        for worker in self.workers { worker.isDisturbed = true }
        switch fault {
        case .forgetScripts: try self.place.server.command("SCRIPT", "FLUSH")
        case .killServer:
            try self.listener.disconnect()
            try self.place.server.kill()
            self.serverAnswers = false
            self.later(50...1_500) { try self.restart() }
        default:
            self.place.server.pause()
            self.serverAnswers = false
            self.later(100...3_000) {
                self.place.server.resume()
                self.serverAnswers = true
            }
        }
        return true
    }

    private func restart() throws {
        try self.place.server.restart()
        try self.listener.connect(self.place.server)
        self.serverAnswers = true
    }
}
