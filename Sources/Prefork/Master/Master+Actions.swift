import Broker
import Logging
import Supervision
import Syscalls
import Wire
import WorkerStatus

/// The report that a child has just sent, while the supervisor decides about it.
struct CurrentReport {
    let report: OutcomeReport
    let result: Payload
    let child: ChildHandle
    let followUps: [Bytes]
    let aftermath: Aftermath?
}

extension Master {
    /// Performs what the supervisor has decided, until it wants nothing more.
    func performActions() {
        while true {
            let actions = self.supervisor.takeActions()
            if actions.isEmpty { return }
            for action in actions { self.perform(action) }
        }
    }

    private func perform(_ action: SupervisorAction) {
        switch action {
        case .startTemplate(let generation): self.startTemplate(generation)
        case .stopTemplate(let generation): self.stopTemplate(generation)
        case .killTemplate(let generation):
            self.logger.error("template.stuck", metadata: ["generation": "\(generation)"])
            self.templates[generation]?.process.send(.kill)
        case .fork(let id, let pool, let generation): self.order(id, pool: pool, generation: generation)
        case .notify(let id, let tag, let notice):
            let value = NoticeValue(notice, tag.number).rawValue
            self.children[id]?.process?.send(.notice, value: value)
        case .stop(let id): if let child = self.children[id] { self.sendStop(child) }
        case .kill(let id): self.kill(id)
        case .recall(let id): self.recall(id)
        case .measure(let id, let confirmAbove): self.measure(id, confirmAbove: confirmAbove)
        case .readMemory: self.readMemory()
        case .observe(let id): self.observe(id)
        case .sample(let id): self.sample(id)
        case .finish(let finished): self.finish(finished)
        case .retry(let delivery, let wait, let reason): self.retry(delivery, after: wait, reason)
        case .giveBack(let delivery): self.broker.giveBack(delivery, now: self.now)
        case .log(let event): self.log(event)
        case .exit(let reason): self.stopReason = reason
        }
    }

    private func kill(_ id: ChildID) {
        guard let child = self.children[id] else { return }
        child.isCondemned = true
        child.group?.close()
        child.process?.send(.kill)
        // Only its template can reap it and tell: one that somebody has stopped must go on.
        self.templates[child.generation]?.process.send(.goOn)
    }

    private func measure(_ id: ChildID, confirmAbove: UInt64) {
        guard let child = self.children[id], let pid = child.pid,
            let baseline = self.templates[child.generation]?.childBaseline
        else { return }
        self.checkForMemoryKill(child)
        let usage = TreeMeter.measure(pid, baseline: baseline, confirmAbove: confirmAbove)
        self.supervisor.childMeasured(id, usage, now: self.now)
    }

    // MARK: Outcomes

    private func retry(_ delivery: Delivery, after wait: Duration, _ reason: RetryReason) {
        var metadata: Logger.Metadata = [
            "task.name": "\(self.settings.taskNames[delivery.task])", "retries": "\(delivery.retries)",
            "wait": "\(wait.unitDescription)",
        ]
        self.count(.retry, delivery)
        let failure = self.currentReport.map { TaskOutcome.Failure(.reported, $0.report) }
        if let failure { metadata["reason"] = "\(failure.message)" }
        self.logger.info("task.retry", metadata: metadata)
        self.broker.retry(delivery, after: wait, because: failure, now: self.now)
    }

    private func finish(_ finished: FinishedDelivery) {
        switch finished.ending {
        case .reported, .gaveUp, .retriesExhausted, .revoked: self.finishReported(finished)
        case .lost(let cause): self.finishLost(finished, cause)
        }
    }

    private func finishReported(_ finished: FinishedDelivery) {
        guard let current = self.currentReport else {
            preconditionFailure("A reported ending comes while its report is being decided about.")
        }
        let report = current.report
        var outcome = TaskOutcome(
            finished.ending, report, result: current.result, attempts: finished.delivery.attempt)
        if outcome.state == .success { outcome.followUps = current.followUps }
        outcome.aftermath = outcome.keeps(report.state) ? current.aftermath : nil
        outcome.pid = current.child.pid
        outcome.runTime = .nanoseconds(Int64(clamping: report.runTimeNanoseconds))
        outcome.peakMemory = ByteCount(bytes: Int(clamping: max(finished.peakMemory, report.peakMemory)))
        outcome.leftoverProcesses = Int(report.leftovers)
        if case .gaveUp = finished.ending { outcome.lastOutput = current.child.tail.text }
        outcome.postMortem = self.postMortem(of: finished, outcome.failure, in: current.child)
        self.count(TaskMeter.Outcome(outcome.state), finished.delivery, cause: outcome.failure?.cause)
        self.remember(outcome, finished.delivery, id: current.child.labels[finished.delivery.tag.number]?.text)
        self.broker.complete(finished.delivery, outcome, now: self.now)
    }

    /// The child is gone.
    private func finishLost(_ finished: FinishedDelivery, _ cause: Cause) {
        guard let child = self.children[finished.child] else {
            preconditionFailure("A child is buried after its deliveries are settled.")
        }
        self.attemptDied(finished.delivery, cause, startedAt: finished.startedAt, of: child, isFinal: true)
    }
}
