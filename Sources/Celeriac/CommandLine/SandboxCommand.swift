import ArgumentParser
import Configuration
import JSON
import Sandbox
import SandboxPolicy
import Syscalls

/// `celeriac sandbox`
struct SandboxCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sandbox", abstract: "Explains, tries and learns sandbox profiles.",
        subcommands: [ExplainProfileCommand.self, TestProfileCommand.self, LearnProfileCommand.self])
}

/// Which profile a command is about.
struct ProfileChoice: ParsableArguments {
    @Argument(help: "A profile: a built-in one or one of [sandbox]; or a task, for the profile that it runs in.")
    var name: String
    @Option(help: "The configuration file (TOML). Default: $CELERIAC_CONFIG, else none.")
    var config: String?

    func profile() throws -> SandboxProfile {
        let settings = try ConfigurationInput(path: self.config, flags: [:]).load(WorkerCommand.worker)
        if let profile = settings.sandboxProfiles[self.name] { return profile }
        if let task = settings.task(named: self.name) { return settings.pools[task.pool].sandbox }
        throw UsageError(
            description: "there is no profile and no task '\(self.name)'; profiles: "
                + settings.sandboxProfiles.keys.sorted().joined(separator: ", "))
    }
}

/// `celeriac sandbox explain`
struct ExplainProfileCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain", abstract: "Prints what a profile allows and denies, step by step.")

    @OptionGroup var choice: ProfileChoice
    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        let explanation = ProfileExplanation(try self.choice.profile())
        print(self.json ? explanation.json.description : explanation.text)
    }
}

/// `celeriac sandbox test`
struct TestProfileCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test", abstract: "Tries forbidden acts under a profile, on this host.",
        discussion: """
            Each act runs in a process of its own and is harmless where it is not forbidden.

            Exit status: 0 every act that the profile is there to forbid was forbidden, 1 some was not, 3 the profile \
            cannot be entered here.
            """)

    @OptionGroup var choice: ProfileChoice
    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        let profile = try self.choice.profile()
        let results: SandboxTestResults
        do {
            results = try SandboxTestResults(profile)
        } catch {
            printError("cannot sandbox with the profile \(profile.name): \(error)")
            throw ExitCode(RunSession.Status.couldNotWork.rawValue)
        }
        print(self.json ? results.json.description : results.text)
        if !results.holes.isEmpty { throw ExitCode(RunSession.Status.someFailed.rawValue) }
    }
}
