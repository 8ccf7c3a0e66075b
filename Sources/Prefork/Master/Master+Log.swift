import Logging
import Supervision
import Syscalls
import Wire

extension Master {
    /// Metadata that tells which child, and which process, an event is about.
    private func metadata(_ id: ChildID) -> Logger.Metadata {
        var metadata: Logger.Metadata = ["child": "\(id.serial)"]
        if let pid = self.children[id]?.pid { metadata["child.pid"] = "\(pid)" }
        return metadata
    }

    func metadata(_ id: ChildID, _ tag: UInt64) -> Logger.Metadata {
        var metadata = self.metadata(id)
        if let label = self.children[id]?.labels[tag] {
            metadata["task.id"] = "\(label.text)"
            metadata["task.name"] = "\(self.settings.taskNames[label.task])"
            if let trace = label.trace { metadata["trace.id"] = "\(trace.context.traceText)" }
        }
        return metadata
    }

    func log(_ event: SupervisorEvent) {
        self.history.note(event) { self.children[$0]?.pool }
        switch event {
        case .templateReady(let generation):
            self.logger.debug("template.ready", metadata: ["generation": "\(generation)"])
        case .templateFailed(let generation, let reason):
            self.logger.error("template.failed", metadata: ["generation": "\(generation)", "reason": "\(reason)"])
            self.undoReload(generation, reason: reason)
        case .templateLost(let generation):
            self.logger.error("template.lost", metadata: ["generation": "\(generation)"])
        case .spawnFailed(let pool, let reason, let wait):
            self.logger.error(
                "child.spawn.failed",
                metadata: [
                    "pool": "\(self.settings.poolNames[pool])", "reason": "\(reason)",
                    "wait": "\(wait.unitDescription)",
                ])
        case .shutdown(let stage): self.logger.debug("shutdown.stage", metadata: ["stage": "\(stage)"])
        case .resized(let pool, let concurrency):
            self.logger.notice(
                "pool.resized",
                metadata: ["pool": "\(self.settings.poolNames[pool])", "concurrency": "\(concurrency)"])
        case .memoryShort(let reading):
            self.logger.warning(
                "memory.short",
                metadata: [
                    "available": "\(ByteCount.mebibytes(Int(reading.available >> 20)))",
                    "total": "\(ByteCount.mebibytes(Int(reading.total >> 20)))",
                    "stalled": "\(reading.stalledPercent)%",
                ])
        case .leakJudged(let verdict): self.logLeak(verdict)
        case .childReady, .childBootFailed, .childExited, .childRecycled: self.logChild(event)
        case .breakerTripped, .breakerTries, .breakerClosed: self.logBreaker(event)
        case .noticeSent, .attemptKilled, .attemptLost, .attemptStuck: self.logAttempt(event)
        }
    }

    private func logChild(_ event: SupervisorEvent) {
        switch event {
        case .childReady(let id, let bootTime):
            self.logger.debug("child.ready", metadata: self.metadata(id), ["boot_time": "\(bootTime.unitDescription)"])
        case .childBootFailed(let id, let reason, let wait):
            self.logger.error(
                "child.boot.failed", metadata: self.metadata(id),
                ["reason": "\(reason)", "wait": "\(wait.unitDescription)"])
        case .childExited(let id, let exit, let tasks):
            self.logger.debug("child.exited", metadata: self.metadata(id), ["exit": "\(exit)", "tasks": "\(tasks)"])
        case .childRecycled(let id, let reason, let tasks):
            self.logger.info(
                "child.recycled", metadata: self.metadata(id), ["reason": "\(reason.rawValue)", "tasks": "\(tasks)"])
        default: break
        }
    }

    private func logAttempt(_ event: SupervisorEvent) {
        switch event {
        case .noticeSent(let id, let tag, let notice):
            // At a shutdown every running task gets one.
            let level: Logger.Level = notice == .shutdown ? .debug : .warning
            let metadata = self.metadata(id, tag.number).merging(["notice": "\(notice)"]) { $1 }
            self.logger.log(level: level, "task.notice", metadata: metadata)
        case .attemptKilled(let id, let tag, let cause):
            self.logger.warning("task.killed", metadata: self.metadata(id, tag?.number ?? 0), ["cause": "\(cause)"])
        case .attemptLost(let id, let delivery, let cause):
            self.logger.warning(
                "task.lost", metadata: self.metadata(id, delivery.tag.number),
                ["cause": "\(cause)", "losses": "\(delivery.losses)"])
            if let child = self.children[id] {
                self.attemptDied(delivery, cause, startedAt: nil, of: child, isFinal: false)
            }
        case .attemptStuck(let id, let tag, let quiet): self.attemptStuck(id, tag, quiet)
        default: break
        }
    }

    private func logBreaker(_ event: SupervisorEvent) {
        switch event {
        case .breakerTripped(let task, let wait):
            self.logger.error(
                "task.held", metadata: self.metadata(task: task), ["wait": "\(wait.unitDescription)"])
        case .breakerTries(let task): self.logger.notice("task.held.trial", metadata: self.metadata(task: task))
        case .breakerClosed(let task): self.logger.notice("task.held.over", metadata: self.metadata(task: task))
        default: break
        }
    }

    private func metadata(task: Int) -> Logger.Metadata { ["task.name": "\(self.settings.taskNames[task])"] }

    // MARK: What children say

    func logOutput(_ line: Bytes, _ child: ChildHandle) {
        self.logger.info(
            "task.output", metadata: self.metadata(child.id, child.current),
            ["text": "\(String(decoding: line, as: UTF8.self))"])
    }

    func logRecord(_ report: LogReport, _ child: ChildHandle, tag: UInt64) {
        let levels: [Logger.Level] = [.trace, .debug, .info, .notice, .warning, .error, .critical]
        self.logger.log(
            level: levels[Int(report.level)], "task.log",
            metadata: self.metadata(child.id, tag).merging(
                ["text": "\(String(decoding: report.message, as: UTF8.self))"]) { $1 })
    }

    func logLeftovers(_ child: ChildHandle, _ reaped: TemplateReport.ReapedChild) {
        self.logger.warning(
            "child.leftovers", metadata: self.metadata(child.id, child.current),
            ["processes": "\(reaped.leftovers)", "names": "\(reaped.leftoverNames)"])
    }

    // MARK: State

    /// Writes the state of pools and children to the log (SIGUSR1).
    func dumpState() {
        let stage = self.supervisor.ladder.stage
        self.logger.notice(
            "state.worker",
            metadata: [
                "stage": "\(stage)", "waiting": "\(self.broker.status.waiting)", "running": "\(self.runningTasks)",
            ])
        for (index, pool) in self.supervisor.pools.enumerated() {
            self.logger.notice(
                "state.pool",
                metadata: [
                    "pool": "\(self.settings.poolNames[index])", "concurrency": "\(pool.policy.concurrency)",
                    "occupied": "\(pool.occupiedSlots)",
                ])
        }
        for (index, task) in self.supervisor.tasks.enumerated() where task.statistics.runs > 0 {
            var metadata = self.metadata(task: index)
            metadata["runs"] = "\(task.statistics.runs)"
            metadata["expected_memory"] = "\(task.statistics.peaks.bytes.map { "\($0 >> 10)KiB" } ?? "unknown")"
            metadata["leftovers"] = "\(task.statistics.leftovers)"
            metadata["stuck"] = "\(task.statistics.stuck)"
            metadata["held"] = "\(task.statistics.trips)"
            self.logger.notice("state.task", metadata: metadata)
        }
        for case let child? in self.supervisor.children {
            let tasks = child.assignments.map { self.describe($0, child.id) }.joined(separator: ", ")
            self.logger.notice(
                "state.child", metadata: self.metadata(child.id),
                [
                    "state": "\(child.state)", "tasks": "\(child.tasksTaken)", "generation": "\(child.generation)",
                    "running": "\(tasks)",
                ])
        }
    }

    private func describe(_ assignment: Assignment, _ id: ChildID) -> String {
        let name = self.settings.taskNames[assignment.delivery.task]
        let label = self.children[id]?.labels[assignment.delivery.tag.number]?.text ?? "?"
        guard let startedAt = assignment.startedAt else { return "\(name)[\(label)] queued" }
        return "\(name)[\(label)] for \((self.now - startedAt).unitDescription)"
    }
}

extension Logger {
    fileprivate func debug(_ message: Logger.Message, metadata: Metadata, _ more: Metadata) {
        self.log(level: .debug, message, metadata: metadata.merging(more) { $1 })
    }
    fileprivate func info(_ message: Logger.Message, metadata: Metadata, _ more: Metadata) {
        self.log(level: .info, message, metadata: metadata.merging(more) { $1 })
    }
    fileprivate func notice(_ message: Logger.Message, metadata: Metadata, _ more: Metadata) {
        self.log(level: .notice, message, metadata: metadata.merging(more) { $1 })
    }
    fileprivate func warning(_ message: Logger.Message, metadata: Metadata, _ more: Metadata) {
        self.log(level: .warning, message, metadata: metadata.merging(more) { $1 })
    }
    fileprivate func error(_ message: Logger.Message, metadata: Metadata, _ more: Metadata) {
        self.log(level: .error, message, metadata: metadata.merging(more) { $1 })
    }
}
