import ArgumentParser
import Celery
import JSON
import RemoteControl
import Syscalls
import SystemPackage
import WorkerStatus

/// `celeriac top`
struct TopCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "top",
        abstract: "Shows what workers do, every second; keys end tasks, replace children, change their number.",
        discussion: """
            With --socket it shows the worker of this machine that listens there, otherwise all of ours that answer \
            through the broker.

            \(ClientStatus.help), 4 nobody answered.
            """)

    @Flag(help: "Print what is now, and end. So does --json, and where there is no terminal.") var once = false
    @OptionGroup(title: "Whom to ask") var question: QuestionFlags

    private static let request = ControlRequest("snapshot", ["parts": ["queues", "children"]])

    func run() throws {
        let replies = try self.question.ask(Self.request)
        if self.question.json { return print(QuestionFlags.json(replies)) }
        // Workers of Celery answer, too, and have none.
        let fleet = replies.compactMap { try? $0.snapshot() }
        if fleet.isEmpty, let first = replies.first { _ = try first.snapshot() }
        guard !self.once, isTerminal(0), isTerminal(1) else { return Self.printOnce(fleet) }
        let session = TopSession(self.question, Self.request, fleet)
        guard let reason = try session.run() else { return }
        printError(reason)
        throw ExitCode(ClientStatus.server.rawValue)
    }

    private static func printOnce(_ fleet: [WorkerSnapshot]) {
        let lines = TopScreen(fleet).lines(columns: terminalWidth() ?? 160, rows: .max / 2)
        for line in lines.dropLast() { print(line.text) }
    }
}

/// One `celeriac top` in a terminal.
final class TopSession {
    private let question: QuestionFlags
    private let request: ControlRequest
    private var screen: TopScreen
    /// What is done when the answer to the question at the foot is yes.
    private var pending: (() -> String)?
    private var isOver = false

    init(_ question: QuestionFlags, _ request: ControlRequest, _ fleet: [WorkerSnapshot]) {
        (self.question, self.request, self.screen) = (question, request, TopScreen(fleet))
    }

    /// Shows and obeys until somebody has had enough. Returns why it cannot go on, if it cannot.
    func run() throws -> String? {
        // A signal that ends it must not leave the terminal as it is.
        let ends = SignalSet([.terminate, .hangUp, .interrupt])
        try blockSignals(ends)
        let signals = try SignalDescriptor(ends)
        let terminal = try RawTerminal()
        var nextLook = monotonicNanoseconds() + 1_000_000_000
        while !self.isOver, signals.next() == nil {
            self.show(on: terminal)
            let now = monotonicNanoseconds()
            let wait = nextLook > now ? nextLook - now : 0
            guard let typed = terminal.typed(within: .nanoseconds(Int64(wait))) else { return nil }
            for key in TopKey.keys(in: typed) { self.obey(key) }
            guard monotonicNanoseconds() >= nextLook else { continue }
            do { try self.look() } catch { return "the workers cannot be asked any more: \(error)" }
            nextLook = monotonicNanoseconds() + 1_000_000_000
        }
        return nil
    }

    private func show(on terminal: borrowing RawTerminal) {
        let size = terminal.size()
        terminal.show(self.screen.lines(columns: size.columns, rows: size.rows).map { ($0.text, $0.isSelected) })
    }

    private func look() throws {
        let fleet = try self.question.replies(self.request).compactMap { try? $0.snapshot() }
        (self.screen.before, self.screen.fleet) = (self.screen.fleet, fleet)
    }

    // MARK: Keys

    private func obey(_ key: TopKey) {
        if let pending {
            self.pending = nil
            self.screen.message = key == .yes ? pending() : ""
            return
        }
        self.screen.message = ""
        switch key {
        case .quit: self.isOver = true
        case .up: self.screen.move(by: -1)
        case .down: self.screen.move(by: 1)
        case .terminate: self.askToTerminate()
        case .recycle:
            guard let row = self.screen.current, let pid = row.pid else { return }
            self.screen.message = self.tell(row.worker, "recycle", ["pid": .number(JSONNumber(Int(pid)))])
        case .grow: self.resize("pool_grow")
        case .shrink: self.resize("pool_shrink")
        case .yes, .other: break
        }
    }

    private func askToTerminate() {
        guard let row = self.screen.current, let id = row.taskID else {
            self.screen.message = "no task runs there"
            return
        }
        self.screen.message = "End the task \(id) on \(row.worker)? It will not run again. y or n"
        self.pending = { [unowned self] in
            self.tell(row.worker, "terminate", ["task_id": .string(id), "signal": "SIGKILL"])
        }
    }

    private func resize(_ method: String) {
        guard let worker = self.screen.current?.worker ?? self.screen.fleet.first?.worker.name else { return }
        self.screen.message = self.tell(worker, method, [:])
    }

    /// What the worker answers to a command.
    private func tell(_ worker: String, _ method: String, _ arguments: CeleryObject) -> String {
        do {
            let replies = try self.question.replies(ControlRequest(method, arguments), of: worker)
            guard let value = replies.first?.value else { return "\(worker) does not answer" }
            return "\(worker): \((value["ok"] ?? value["error"])?.asString ?? method)"
        } catch {
            return "\(worker): \(error)"
        }
    }
}
