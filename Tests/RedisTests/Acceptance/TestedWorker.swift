import EngineSupport
import Glibc
import JSON
import Syscalls

/// The worker that the acceptance tests judge.
final class TestedWorker {
    /// Whether it is a real Celery worker this time, so that it is the tests that are judged.
    static let isCelery = Environment.current["ACCEPTANCE_WORKER"] == "celery"

    /// Whether there is something to judge: a program that knows the command `worker`.
    static let workerExists: Bool = {
        guard !isCelery else { return true }
        let command = [Executable.demo.path, "worker", "--help"]
        guard let help = try? Program(command: command, expectsOutcomes: false), (try? help.finish()) == 0 else {
            return false
        }
        // A program that does not know it prints the help of the whole.
        return help.outputLines.contains { $0.contains("--result-backend") }
    }()

    let program: Program
    private let scratch: ScratchDirectory

    /// Starts it. It need not be ready: messages wait. Further arguments and lines of the configuration are ours alone.
    init(
        _ connection: PeerConnection, concurrency: Int = 2, queues: String = "celery", visibilityTimeout: String? = nil,
        arguments further: [String] = [], configuration: String = ""
    ) throws {
        self.scratch = try ScratchDirectory()
        if Self.isCelery {
            var connection = connection
            connection.settings["accept_content"] = ["json", "msgpack", "yaml"]
            self.program = try CeleryWorker(connection, concurrency: concurrency, queues: queues).program
        } else {
            let config = try self.scratch.write(
                Self.configuration(connection) + configuration, to: "worker.toml")
            let arguments = [
                "worker", "-b", connection.broker, "--result-backend", connection.backend, "-Q", queues, "-c",
                "\(concurrency)", "-n", "celeriac-\(UInt32.random(in: .min ... .max))@%h", "-l", "info", "--config",
                config,
            ]
            let timeout = visibilityTimeout.map { ["--visibility-timeout", $0] } ?? []
            self.program = try Program(
                command: [Executable.demo.path] + arguments + timeout + further, expectsOutcomes: false)
        }
    }

    convenience init(_ server: RedisServer, concurrency: Int = 2) throws {
        try self.init(PeerConnection(server), concurrency: concurrency)
    }

    /// `tasks.mark` and `tasks.note` as commands, doing what they do in `tasks.py`.
    private static func configuration(_ connection: PeerConnection) -> String {
        let note = "redis-cli -u \(connection.marks) RPUSH marks \\\"$2 $3\\\" >/dev/null && printf %s \\\"$1\\\""
        let script = "sleep \\\"$2\\\" && redis-cli -u \(connection.marks) RPUSH marks \\\"$1\\\""
        return """
            [tasks."tasks.mark"]
            command = ["sh", "-c", "\(script)", "mark", "{kwargs.key}", "{kwargs.seconds}"]
            stdin = "none"
            [tasks."tasks.note"]
            command = ["sh", "-c", "\(note)", "note", "{args[0]}", "{args[1]}", "{id}"]
            stdin = "none"

            """
    }

    /// Whether it has not ended.
    var isRunning: Bool {
        self.program.watch(seconds: 0.01)
        return self.program.exit == nil
    }

    /// Ends it with SIGKILL, and sees that what it has started ends by itself.
    func kill() throws {
        self.program.signal(SIGKILL)
        try self.program.finish(within: 5)
    }

    /// Asks it to finish its running tasks and to give back the others. Returns the exit status.
    func stop() throws -> CInt {
        self.program.signal(SIGTERM)
        return try self.program.finish(within: 20)
    }
}
