import ArgumentParser
import Configuration
import ControlGroups
import JSON
import Supervision
import Syscalls

/// `celeriac config`
struct ConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config", abstract: "Checks and explains the configuration.",
        subcommands: [CheckCommand.self, ExplainCommand.self])
}

/// `celeriac config check`
struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Reports every mistake in the configuration.",
        discussion: "Exit status: 0 no mistake, 2 mistakes. Warnings are printed and change nothing.")

    @Argument(help: "The configuration file (TOML). Default: $CELERIAC_CONFIG, else none.")
    var file: String?
    @OptionGroup(title: "Settings")
    var settings: SettingFlags

    func run() throws {
        let settings = try ConfigurationInput(path: self.file, flags: self.settings.values).load(WorkerCommand.worker)
        _ = try BeatSchedule.entries(settings)
        for warning in settings.warnings { printError("warning: \(warning)") }
        print("The configuration is valid.")
    }
}

/// `celeriac config explain`
struct ExplainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Prints every effective setting, where it comes from, and what they mean together.")

    @Argument(help: "The configuration file (TOML). Default: $CELERIAC_CONFIG, else none.")
    var file: String?
    @Flag(help: "Print JSON.")
    var json = false
    @OptionGroup(title: "Settings")
    var settings: SettingFlags

    func run() throws {
        let input = try ConfigurationInput(path: self.file, flags: self.settings.values)
        let settings = try input.load(WorkerCommand.worker)
        let explanation = settings.explanation(
            availableMemory: ByteCount.mebibytes(Int(ResourceCeiling.current().memory >> 20)))
        let protection = ControlGroups.expected(settings.worker.controlGroups)
        if self.json { return print(Self.json(explanation, protection)) }
        print(explanation.text, terminator: "")
        print("# limits are kept by \(protection.mode.rawValue): \(protection.detail)")
    }

    private static func json(_ explanation: Explanation, _ protection: ExpectedProtection) -> JSONValue {
        let settings = explanation.settings.map { setting -> JSONValue in
            [
                "section": .string(setting.section), "key": .string(setting.key), "value": .string(setting.value),
                "source": .string("\(setting.source)"), "meaning": .string(setting.meaning),
            ]
        }
        return [
            "settings": .array(settings), "remarks": .array(explanation.remarks.map { .string($0) }),
            "protection": ["mode": .string(protection.mode.rawValue), "detail": .string(protection.detail)],
        ]
    }
}
