import Broker
import Configuration
import InProcess
import Journal
import Logging
import Prefork
import Supervision
import Syscalls
import SystemPackage
import WorkerLog

/// One `celeriac run`, from open inputs to exit status.
struct RunSession {
    /// How a run ended, for scripts.
    enum Status: Int32 {
        /// Every task succeeded.
        case allSucceeded = 0
        /// Some task or line did not.
        case someFailed = 1
        /// The worker could not work: no child could boot, the journal or the output cannot be written.
        case couldNotWork = 3
        /// Stopped by a signal before the input was done.
        case stopped = 4
    }

    let worker: Worker
    let input: ConfigurationInput
    let settings: Settings

    /// Runs all inputs.
    func run(inputs: [RunInput], journalPath: String?, showsProgress: Bool) throws -> Status {
        let output = LogOutput(format: self.settings.worker.logFormat == .json ? .json : .text)
        let logger = Logger(label: "celeriac") { _ in
            WorkerLogHandler(output: output, logLevel: self.logLevel)
        }
        for warning in self.settings.warnings {
            logger.warning("configuration.warning", metadata: ["text": "\(warning)"])
        }
        let journal = try journalPath.map { try Journal(path: $0, inputs: inputs.map(\.name)) }
        let table = TaskTable(self.settings)
        let queue = self.queue(inputs, journal, table)
        let hooks = self.hooks(queue, table, RunProgress(output: output, isShown: showsProgress), output)
        let master = try Master(
            settings: self.masterSettings(table), broker: queue, logger: logger, hooks: hooks, seed: randomSeed())
        let reason = try master.run()
        output.showProgress("")
        try? journal?.finish()
        let status = self.status(reason, master, queue)
        self.logEnd(logger, reason, queue, status)
        output.flush()
        return status
    }

    private var logLevel: Logger.Level { Logger.Level(rawValue: self.settings.worker.logLevel.rawValue) ?? .info }

    private func queue(_ inputs: [RunInput], _ journal: Journal?, _ table: TaskTable) -> InProcessQueue {
        InProcessQueue(
            inputs: inputs, output: 1, journal: journal, directory: TaskDirectory(names: table.names),
            pools: self.settings.pools.count, poolOfTask: { table.profiles[$0].pool },
            limits: { table.profiles[$0].limits }, heldBytes: self.settings.worker.heldMessages, seed: randomSeed())
    }

    private func hooks(
        _ queue: InProcessQueue, _ table: TaskTable, _ progress: RunProgress, _ output: LogOutput
    ) -> MasterHooks {
        var hooks = MasterHooks()
        hooks.passed = { master in
            progress.update(queue, master)
            output.flush()
        }
        hooks.nextWake = { progress.nextWake }
        hooks.readConfiguration = {
            try ConfigurationInput(path: self.input.fileName, flags: self.input.flags).encoded()
        }
        hooks.applyConfiguration = { bytes in
            let settings = try ConfigurationInput(decoding: bytes).load(self.worker)
            return try table.reload(settings)
        }
        return hooks
    }

    private func masterSettings(_ table: TaskTable) throws -> MasterSettings {
        // Each child takes five descriptors of the master's.
        let openFiles = Resource.openFiles.softLimit
        try Resource.openFiles.setSoftLimit(Resource.openFiles.hardLimit)
        return MasterSettings(
            pools: self.settings.pools.map(\.policy), poolNames: self.settings.pools.map(\.name),
            tasks: table.profiles, taskNames: table.names, grace: self.settings.worker.shutdownGrace,
            bootTimeout: self.settings.worker.bootTimeout, template: TemplateRole.request(openFiles: openFiles),
            templateInput: try self.input.encoded())
    }

    private func status(_ reason: StopReason, _ master: Master, _ queue: InProcessQueue) -> Status {
        if let failure = queue.status.failure, failure != master.brokerFailure { printError(failure) }
        guard reason == .finished, queue.status.failure == nil else { return .couldNotWork }
        if !master.isDrained { return .stopped }
        return queue.counts.failed == 0 ? .allSucceeded : .someFailed
    }

    private func logEnd(_ logger: Logger, _ reason: StopReason, _ queue: InProcessQueue, _ status: Status) {
        switch reason {
        case .finished: break
        case .templateFailed(let text), .bootFailed(let text):
            logger.critical("worker.cannot.start", metadata: ["reason": "\(text)"])
        }
        var metadata: Logger.Metadata = [
            "succeeded": "\(queue.counts.succeeded)", "failed": "\(queue.counts.failed)",
        ]
        if queue.counts.skipped > 0 { metadata["skipped"] = "\(queue.counts.skipped)" }
        if status == .stopped { metadata["unfinished"] = "\(queue.status.waiting)" }
        logger.notice("run.finished", metadata: metadata)
    }
}

/// Tasks by number, for supervisor, master and queue.
final class TaskTable {
    let names: [String]
    private(set) var profiles: [TaskProfile]
    private let poolNames: [String]

    init(_ settings: Settings) {
        self.names = settings.taskNames
        self.poolNames = settings.pools.map(\.name)
        self.profiles = Self.profiles(settings, self.names)
    }

    private static func profiles(_ settings: Settings, _ names: [String]) -> [TaskProfile] {
        names.map { name in
            guard let task = settings.task(named: name) else {
                preconditionFailure("The settings know every task that they name.")
            }
            return TaskProfile(limits: task.limits, retry: task.retry, pool: task.pool)
        }
    }

    /// Takes new settings over. Pools and tasks cannot come and go in a running worker.
    func reload(_ settings: Settings) throws -> ReloadedSettings {
        guard settings.pools.map(\.name) == self.poolNames else {
            throw UsageError(description: "a reload cannot add or remove pools: restart the worker")
        }
        guard settings.taskNames == self.names else {
            throw UsageError(description: "a reload cannot add or remove tasks: restart the worker")
        }
        self.profiles = Self.profiles(settings, self.names)
        return ReloadedSettings(pools: settings.pools.map(\.policy), tasks: self.profiles)
    }
}
