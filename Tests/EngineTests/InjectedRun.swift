import EngineSupport
import Glibc
import JSON
import Syscalls
import Testing

/// A call and the error that it fails with.
struct InjectedFault: CustomTestStringConvertible, CustomStringConvertible, Sendable {
    /// Whose calls are meant, and from when on they are counted.
    enum Reach: String {
        /// The master's, from its start.
        case master = "in the master"
        /// Those of each process, from its start.
        case each = "in each process"
        /// Those of each process of a worker that is up, from then on; of later ones from their start.
        case running = "once it is up"
    }

    let call: String
    let error: String
    let reach: Reach

    var description: String { "\(self.call) \(self.error) \(self.reach.rawValue)" }
    var testDescription: String { self.description }
}

/// A run in which one call fails.
struct InjectedRun {
    private let injection: Tracer.Injection
    private let reach: InjectedFault.Reach
    private let program: Program
    private let tracer: Program?
    private let log: String

    private static let lines = [
        call("tasks.add", 1, 2, id: "add"), call("tasks.sleep", 0.02, id: "sleep"),
        call("demo.daemon", id: "daemon"), call("demo.exit", 3, id: "exit"),
        call("tasks.add", 3, 4, id: "last"),
    ]
    private static let mostLosses = 3

    init(_ fault: InjectedFault, _ occurrence: Int, _ scratch: ScratchDirectory) throws {
        self.injection = Tracer.Injection(fault.call, fault.error, occurrence, whole: fault.reach != .master)
        self.reach = fault.reach
        self.log = scratch.file("trace-\(occurrence)")
        let command = [
            Executable.demo.path, "run", "-c", "2", "--log-format", "json", "--log-level", "info", "--max-losses",
            "\(Self.mostLosses)", "--journal", scratch.file("journal-\(occurrence)"),
        ]
        if fault.reach == .running {
            let program = try Program(command: command)
            // The second is ordered with the first.
            try program.wait(for: "its children") { program.children.count == 2 }
            self.tracer = try Tracer.attach(self.injection, to: program.family, log: self.log)
            self.program = program
        } else {
            self.program = try Program(command: Tracer.command(self.injection, command, log: self.log))
            self.tracer = nil
        }
        self.program.send(Self.lines)
        self.program.closeInput()
    }

    /// Whether the run came to its fault.
    var hasStruck: Bool { Tracer.hasStruck(log: self.log) }

    /// Waits for its end, and returns the status.
    func judge() throws -> CInt {
        do {
            let status = try self.program.finish(within: 60)
            try self.tracer?.finish(within: 10)
            // On a busy machine the tracer may be too late, and the program does not start.
            if status != -SIGALRM { self.judge(status) }
            return status
        } catch let error as NoOutcome where error.line.hasPrefix("OVERVIEW") {
            // The language's runtime could not read the command line: the program says how it is used.
            return 0
        }
    }

    private func judge(_ status: CInt) {
        let words = Comment(
            rawValue: "\(self.injection) \(self.reach.rawValue): status \(status)\n"
                + self.program.errorText.suffix(2_000))
        // 127: the loader could not load the program.
        #expect([0, 1, 2, 3, 127].contains(status), words)
        let ids = self.program.outcomes.compactMap(\.id)
        #expect(Set(ids).count == ids.count, words)
        guard status < 2 else { return #expect(!self.program.errorText.isEmpty, words) }
        #expect(Set(ids) == ["add", "sleep", "daemon", "exit", "last"], words)
        for outcome in self.program.outcomes where outcome.state != "SUCCESS" {
            #expect(self.mayFail(outcome), words)
        }
    }

    /// What fails in each process may also fail in the task that starts others, and lose each child in which a task
    /// is tried.
    private func mayFail(_ outcome: Outcome) -> Bool {
        if outcome.id == "exit" { return true }
        guard self.reach != .master else { return false }
        return outcome.id == "daemon" || outcome.attempts == Self.mostLosses
    }
}
