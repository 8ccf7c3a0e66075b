import EngineSupport
import Glibc
import JSON
import Schedules

/// A server, and schedulers of one configuration.
final class BeatPlace {
    let server: RedisServer
    private let scratch: ScratchDirectory
    private let config: String

    init(_ configuration: String, server: RedisServer? = nil) throws {
        self.server = try server ?? RedisServer()
        self.scratch = try ScratchDirectory()
        self.config = try self.scratch.write(configuration, to: "beat.toml")
    }

    /// An entry with an interval.
    static func entry(_ name: String, task: String = "tasks.add", every: String, _ further: String = "") -> String {
        "[schedule.\(name)]\ntask = \"\(task)\"\nevery = \"\(every)\"\n\(further)\n"
    }

    /// Starts a scheduler, and waits until it hears signals.
    func start(_ arguments: String..., executable: Executable = .plain) throws -> Program {
        let program = try self.launch(arguments, executable)
        try program.wait(for: "the banner") { !program.outputLines.isEmpty }
        return program
    }

    /// Starts a scheduler that may not come so far.
    func launch(_ arguments: String...) throws -> Program { try self.launch(arguments, .plain) }

    private func launch(_ arguments: [String], _ executable: Executable) throws -> Program {
        let command = [
            executable.path, "beat", "-b", self.server.url(), "--config", self.config, "--log-format", "json",
        ]
        return try Program(command: command + arguments, expectsOutcomes: false)
    }

    /// Starts a worker with a scheduler beside it.
    func worker() throws -> Program {
        let command = [
            Executable.demo.path, "worker", "-B", "-c", "1", "-b", self.server.url(), "--result-backend",
            self.server.url(), "--config", self.config, "--log-format", "json",
        ]
        return try Program(command: command, expectsOutcomes: false)
    }

    /// Runs `schedule` with these arguments to its end.
    func schedule(_ arguments: String...) throws -> (status: CInt, lines: [String], errors: String) {
        let servers = arguments.first == "next" ? [] : ["-b", self.server.url()]
        let command = [Executable.plain.path, "schedule"] + arguments + ["--config", self.config]
        let program = try Program(command: command + servers, expectsOutcomes: false)
        return (try program.finish(), program.outputLines, program.errorText)
    }

    /// Asks a scheduler to stop, and sees that it does.
    static func stop(_ beat: Program) throws {
        beat.signal(SIGTERM)
        guard try beat.finish(within: 5) == 0 else { throw NeverHappened(what: "a good end", seconds: 5) }
    }

    // MARK: What was sent

    /// The messages in a queue, the first one first.
    func messages(_ queue: String = "celery") throws -> [JSONValue] {
        try self.server.list(queue).reversed().map { try JSONValue(parsing: Array($0.utf8)) }
    }

    /// The instants that the messages of a queue are for, in milliseconds since 1970.
    func instants(_ queue: String = "celery") throws -> [Int64] {
        try self.messages(queue).compactMap { message in
            ISO8601.seconds(parsing: message["headers"]?["celeriac_due"]?.text ?? "").map {
                Int64(($0 * 1_000).rounded())
            }
        }
    }

    /// The state of an entry.
    func state(_ name: String) throws -> JSONValue {
        let text = try self.server.command("HGET", "celeriac.schedule", name).text ?? "null"
        return try JSONValue(parsing: Array(text.utf8))
    }

    /// Has an entry begun so many milliseconds ago.
    func begin(_ name: String, _ definition: String, ago: Int64) throws {
        let time = try self.server.command("TIME").texts.compactMap { Int64($0) }
        let due = time[0] * 1_000 + time[1] / 1_000 - ago
        let state = #"{"definition":"\#(definition)","due":\#(due),"runs":0,"skipped":0}"#
        try self.server.command("HSET", "celeriac.schedule", name, state)
    }
}

/// The distances between instants that follow each other.
func distances(_ instants: [Int64]) -> Set<Int64> { Set(zip(instants, instants.dropFirst()).map { $1 - $0 }) }
