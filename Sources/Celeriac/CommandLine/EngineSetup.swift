import Configuration
import ControlGroups
import Logging
import Prefork
import Supervision
import Syscalls
import SystemPackage
import WorkerLog

/// What `run` and `worker` make of the program and its configuration: logs, the master's settings, reloading.
struct EngineSetup {
    let worker: Worker
    let input: ConfigurationInput
    let settings: Settings
    let table: TaskTable
    /// The control groups that keep the limits of attempts.
    let groups: ControlGroups

    init(_ worker: Worker, _ input: ConfigurationInput) throws {
        self.worker = worker
        self.input = input
        self.settings = try input.load(worker)
        self.table = TaskTable(self.settings)
        self.groups = try Self.groups(
            self.settings.worker.controlGroups,
            rationsProcessors: self.table.profiles.contains { $0.limits.cpuPercent != nil })
    }

    func logOutput() -> LogOutput { LogOutput(format: self.settings.worker.logFormat == .json ? .json : .text) }

    /// The worker's log, which begins with what is odd about the configuration.
    func logger(_ output: LogOutput) -> Logger {
        let level = Logger.Level(rawValue: self.settings.worker.logLevel.rawValue) ?? .info
        let logger = Logger(label: "celeriac") { _ in WorkerLogHandler(output: output, logLevel: level) }
        for warning in self.settings.warnings {
            logger.warning("configuration.warning", metadata: ["text": "\(warning)"])
        }
        return logger
    }

    func masterSettings() throws -> MasterSettings {
        // Each child takes five descriptors of the master's.
        let openFiles = Resource.openFiles.softLimit
        try Resource.openFiles.setSoftLimit(Resource.openFiles.hardLimit)
        var master = MasterSettings(
            pools: self.settings.pools.map(\.policy), poolNames: self.settings.pools.map(\.name),
            sandboxes: self.settings.pools.map(\.sandbox),
            tasks: self.table.profiles, taskNames: self.table.names, grace: self.settings.worker.shutdownGrace,
            bootTimeout: self.settings.worker.bootTimeout, template: TemplateRole.request(openFiles: openFiles),
            templateInput: try self.input.withoutSecrets().encoded())
        master.groups = self.groups
        master.memoryBudget = self.settings.worker.memoryBudget
        return master
    }

    /// Takes the control groups that the settings ask for.
    private static func groups(_ choice: GroupChoice, rationsProcessors: Bool) throws -> ControlGroups {
        do {
            return try ControlGroups.setUp(choice, rationsProcessors: rationsProcessors)
        } catch {
            throw UsageError(description: "control_groups = \"\(choice.rawValue)\": \(error)")
        }
    }

    /// Tells how limits are kept, for people and for programs that read the log.
    func logProtection(_ logger: Logger) {
        logger.info(
            "worker.protection", metadata: ["mode": "\(self.groups.mode.rawValue)", "detail": "\(self.groups.detail)"])
    }

    /// Hooks that read the configuration again when that is asked for.
    func hooks() -> MasterHooks {
        var hooks = MasterHooks()
        hooks.readConfiguration = {
            let input = try ConfigurationInput(path: self.input.fileName, flags: self.input.flags)
            // Mistakes have their places here; the template gets the text in another form.
            _ = try input.load(self.worker)
            return try input.withoutSecrets().encoded()
        }
        hooks.applyConfiguration = { bytes in
            let settings = try ConfigurationInput(decoding: bytes).load(self.worker)
            return try self.table.reload(settings)
        }
        return hooks
    }
}
