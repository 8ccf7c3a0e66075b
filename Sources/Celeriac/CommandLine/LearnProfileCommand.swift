import ArgumentParser
import Configuration
import JSON
import Prefork
import Sandbox
import SandboxPolicy
import Syscalls

/// `celeriac sandbox learn`
struct LearnProfileCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "learn", abstract: "Runs a command, or a task, and prints the profile that it needs.",
        discussion: """
            Nothing is denied; every system call is seen, so it runs many times slower. Run it with all that it may \
            ever meet: what did not happen is not learned.

            Exit status: 0 it ran and succeeded, 1 it failed, 3 it could not be started.
            """)

    @Option(help: "The task to run, instead of a command.")
    var task: String?
    @Option(help: "The task's positional arguments, a JSON array.")
    var args = "[]"
    @Option(help: "The task's keyword arguments, a JSON object.")
    var kwargs = "{}"
    @Option(help: "The configuration file (TOML). Default: $CELERIAC_CONFIG, else none.")
    var config: String?
    @Flag(help: "Print JSON.")
    var json = false
    @Argument(parsing: .postTerminator, help: "The command and its arguments, behind `--`.")
    var command: [String] = []

    func run() throws {
        var lesson = Lesson()
        let failure = try self.learn(&lesson)
        print(self.json ? lesson.json.description : lesson.text(name: self.task ?? self.command.first ?? "learned"))
        guard let failure else { return }
        printError(failure)
        throw ExitCode(RunSession.Status.someFailed.rawValue)
    }

    /// Returns what went wrong.
    private func learn(_ lesson: inout Lesson) throws -> String? {
        if let task = self.task { return try self.learn(task: task, &lesson) }
        guard !self.command.isEmpty else { throw UsageError(description: "-- and a command, or --task, is needed") }
        switch try LearningCommand.run(self.command, { lesson.add($0) }) {
        case .exited(0): return nil
        // Said by the process that should have become the command.
        case .exited(LearningCommand.notStarted): throw ExitCode(RunSession.Status.couldNotWork.rawValue)
        case .exited(let code): return "the command exited with code \(code)"
        case .signalled(let signal): return "the command was ended by \(Signal(signal).name)"
        }
    }

    private func learn(task: String, _ lesson: inout Lesson) throws -> String? {
        let worker = WorkerCommand.worker
        let input = try ConfigurationInput(path: self.config, flags: [:])
        let settings = try input.load(worker)
        guard settings.task(named: task) != nil else { throw UsageError(description: "there is no task '\(task)'") }
        let body = try JSONValue.array([JSONValue(parsing: self.args.utf8), JSONValue(parsing: self.kwargs.utf8), [:]])
        let program = TemplateRole.program(worker, settings, processors: input.processors)
        switch try LearningRun.run(program, task: task, body: body.serialized(), { lesson.add($0) }) {
        case .succeeded: return nil
        case .failed(let message): return "the task failed: \(message)"
        }
    }
}

extension Lesson {
    /// The profile as a section of the configuration.
    func text(name: String) -> String {
        var lines = [
            "[sandbox.\"\(name.split(separator: "/").last ?? "learned")\"]", "extends = \"\(self.base.name)\"",
        ]
        for (key, values) in self.lists where !values.isEmpty {
            lines.append("\(key) = [\(values.map { "\"\($0)\"" }.joined(separator: ", "))]")
        }
        return lines.joined(separator: "\n")
    }

    var json: JSONValue {
        var object: JSONObject = ["extends": .string(self.base.name)]
        for (key, values) in self.lists { object[key] = .array(values.map { .string($0) }) }
        object["calls"] = .array(self.calls.sorted().map { .string($0) })
        return .object(object)
    }

    private var lists: [(String, [String])] {
        let paths = self.missingPaths
        return [
            ("read", paths.read), ("write", paths.write), ("network", self.ports ?? []), ("allow", self.missingCalls),
        ]
    }
}
