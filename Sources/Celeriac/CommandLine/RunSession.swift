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

    let engine: EngineSetup
    private var settings: Settings { self.engine.settings }

    /// Runs all inputs.
    func run(
        inputs: [RunInput], journalPath: String?, showsProgress: Bool, showsLeaks: Bool
    ) throws -> Status {
        let output = self.engine.logOutput()
        let logger = self.engine.logger(output)
        self.engine.logProtection(logger)
        let leaks = try LeakReporter(self.engine, logger)
        let journal = try journalPath.map { try Journal(path: $0, inputs: inputs.map(\.name)) }
        let table = self.engine.table
        let queue = self.queue(inputs, journal, table)
        let hooks = self.hooks(queue, RunProgress(output: output, isShown: showsProgress), leaks, output)
        let master = try Master(
            settings: self.engine.masterSettings(), broker: queue, logger: logger, hooks: hooks, seed: randomSeed())
        let reason = try master.run()
        output.showProgress("")
        leaks.finish(master)
        try? journal?.finish()
        let status = self.status(reason, master, queue)
        self.logEnd(logger, reason, queue, status)
        output.flush()
        if showsLeaks { printError(leaks.snapshot(master).text) }
        return status
    }

    private func queue(_ inputs: [RunInput], _ journal: Journal?, _ table: TaskTable) -> InProcessQueue {
        InProcessQueue(
            inputs: inputs, output: 1, journal: journal, directory: TaskDirectory(names: table.names),
            pools: self.settings.pools.count, poolOfTask: { table.profiles[$0].pool },
            limits: { table.profiles[$0].limits }, heldBytes: self.settings.worker.heldMessages, seed: randomSeed())
    }

    private func hooks(
        _ queue: InProcessQueue, _ progress: RunProgress, _ leaks: LeakReporter, _ output: LogOutput
    ) -> MasterHooks {
        var hooks = self.engine.hooks()
        hooks.passed = { master in
            progress.update(queue, master)
            leaks.update(master)
            output.flush()
        }
        hooks.looked = { _, _ in leaks.looked() }
        hooks.nextWake = { min(progress.nextWake, leaks.nextWake) }
        return hooks
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
