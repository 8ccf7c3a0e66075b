import ArgumentParser
import Configuration
import InProcess
import Prefork
import Supervision
import Syscalls

extension Worker {
    /// Runs the program's command line, and ends the process: `run`, `worker`, `send`,
    /// `result`, `queues`, `purge`, `inspect`, `control`, `status`, `top`, `dead`, `why`, `leaks`, `leakcheck`, `beat`,
    /// `schedule`, `config`, `sandbox`.
    public func main() -> Never {
        if TemplateRole.isOurs { TemplateRole.run(self) }
        openStandardDescriptors()
        if BeatRole.isOurs { BeatRole.run(self) }
        WorkerCommand.worker = self
        WorkerCommand.runToExit()
    }
}

/// The command line of every worker program.
struct WorkerCommand: ParsableCommand {
    /// The worker whose program this is. Set once, before the command line is read; the process has one thread.
    nonisolated(unsafe) static var worker = Worker()

    /// Runs the command line and ends the process. What is wrong with usage or configuration ends it with status 2.
    static func runToExit() -> Never {
        do {
            var command = try self.parseAsRoot()
            try command.run()
        } catch let code as ExitCode {
            self.end(code.rawValue)
        } catch {
            guard self.exitCode(for: error) != .success else { self.exit(withError: error) }
            printError(maskingLogins(in: self.fullMessage(for: error)))
            exitNow(2)
        }
        self.end(0)
    }

    /// A command whose answer could not be written, to a full disk perhaps, has not done its work.
    private static func end(_ status: CInt) -> Never {
        if StandardOutput.flush() { exitNow(status) }
        printError("Error: standard output cannot be written")
        exitNow(RunSession.Status.couldNotWork.rawValue)
    }

    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: CommandLine.arguments.first.map { String($0.split(separator: "/").last ?? "celeriac") },
            abstract: "Runs tasks in supervised child processes with limits.",
            subcommands: [
                RunCommand.self, WorkCommand.self, SendCommand.self, ResultCommand.self, QueuesCommand.self,
                PurgeCommand.self, InspectCommand.self, ControlCommand.self, StatusCommand.self, TopCommand.self,
                DeadCommand.self, WhyCommand.self, LeaksCommand.self, LeakCheckCommand.self, BeatCommand.self,
                ScheduleCommand.self, ConfigCommand.self, SandboxCommand.self,
            ])
    }
}

/// `celeriac run`
struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Runs tasks from standard input or files, one JSON object a line.",
        discussion: """
            Each input line is an object with "task" and, as needed, "id", "args", "kwargs", "eta", "countdown", \
            "expires", "priority" (0 is the most urgent), "retries" and "limits". Each outcome is a line on standard \
            output, in the order of completion; nothing else is printed there.

            Exit status: 0 all tasks succeeded, 1 some did not, 2 wrong usage or configuration, 3 the worker could \
            not work, 4 stopped by a signal before the input was done.
            """)

    @Argument(help: "Files with task lines; - or none is standard input.")
    var files: [String] = []
    @Option(help: "The configuration file (TOML). Default: $CELERIAC_CONFIG, else none.")
    var config: String?
    @Option(
        help: """
            Keep outcomes in this file, durably: after a crash the same command goes on where it was, and each task \
            has exactly one outcome in the file.
            """)
    var journal: String?
    @Flag(inversion: .prefixedNo, help: "Show a progress line. Default: when standard error is a terminal.")
    var progress: Bool?
    @Flag(help: "At the end, print to standard error what each task leaves behind.")
    var leaks = false
    @OptionGroup(title: "Settings, each also a key of the configuration")
    var settings: SettingFlags

    func run() throws {
        let input = try ConfigurationInput(path: self.config, flags: self.settings.values)
        let session = RunSession(engine: try EngineSetup(WorkerCommand.worker, input))
        let status: RunSession.Status
        do {
            status = try session.run(
                inputs: self.inputs(), journalPath: self.journal, showsProgress: self.progress ?? isTerminal(2),
                showsLeaks: self.leaks)
        } catch let error as UsageError {
            throw error
        } catch {
            printError("\(error)")
            throw ExitCode(RunSession.Status.couldNotWork.rawValue)
        }
        throw ExitCode(status.rawValue)
    }

    private func inputs() throws -> [RunInput] {
        try (self.files.isEmpty ? ["-"] : self.files).map { name in
            if name == "-" { return RunInput(name: name, descriptor: 0) }
            do {
                return RunInput(name: name, descriptor: try openForReading(name))
            } catch {
                throw UsageError(description: "cannot read \(name): \(error)")
            }
        }
    }
}
