/// Duty 4: what a child's end means for its deliveries.
extension Supervisor {
    /// What a child's end says about the tasks that ran in it.
    private enum Fate {
        /// They had no part in it: they run again, and nothing is counted.
        case innocent
        /// The template took the child with it: as above, and said for each that was running.
        case orphaned
        /// One of them broke a limit; the others are innocent.
        case guilty(DeliveryTag, Cause)
        /// The one named, or each of them, may have done it: counted as a loss.
        case suspect(DeliveryTag?, Cause)
    }

    /// The child was reaped and its tree is gone; its pipes have been read to their ends.
    ///
    /// - Parameters:
    ///   - evidence: what else is known of its end.
    ///   - leftovers: processes that it left behind and that were killed.
    ///   - templateLost: the template died first, and with it every child of it.
    public mutating func childExited(
        _ id: ChildID, _ exit: ChildExit, _ evidence: DeathEvidence = DeathEvidence(), leftovers: Int = 0,
        templateLost: Bool = false,
        now: Instant
    ) {
        guard self.contains(id) else { return }
        var child = self.children[id.index]!
        if let running = child.assignments.first(where: { $0.startedAt != nil }) {
            self.tasks[running.delivery.task].statistics.leftovers += leftovers
        }
        let broken = child.brokenLimit(exit, evidence, limits: self.limitsOfDelivery())
        let fate = Self.fate(child, exit, evidence, broken, templateLost: templateLost)
        self.log(.childExited(id, exit, tasks: child.tasksTaken))
        // Last first: each that is given back goes to the front of its queue.
        for assignment in child.assignments.reversed() {
            self.settle(assignment, fate, id, now: now)
            self.breakerAbandoned(assignment.delivery)
        }
        self.pools[child.pool].occupiedSlots -= child.occupiedSlots
        self.admission.release(child.reservedMemory)
        self.children[id.index] = nil
        self.leaks.childGone(id)
        if templateLost { self.templateIsLost(child.generation) }
        if let reason = self.bootFailureReason(child, exit), !templateLost {
            self.bootFailed(child, reason: reason, now: now)
        }
        if let reason = self.beginFailureReason(child, exit), !templateLost {
            self.beginFailed(child, reason: reason, now: now)
        }
        child.exited()
        self.fill(child.pool, now: now)
        self.stopUnusedTemplates(now: now)
        self.finishShutdownIfDone(now: now)
    }

    private static func fate(
        _ child: ChildMachine, _ exit: ChildExit, _ evidence: DeathEvidence, _ broken: (DeliveryTag, Cause)?,
        templateLost: Bool
    ) -> Fate {
        switch child.state {
        case .killed(.cause(let cause, let culprit)):
            if let culprit, !cause.isLoss { return .guilty(culprit, cause) }
            return .suspect(culprit, cause)
        case .killed(.pastTask), .killed(.bootTimeout), .killed(.retired), .killed(.shutdown): return .innocent
        case .killed(.closedPipe) where exit == .signalled("SIGKILL") && !templateLost:
            return .suspect(nil, .protocolViolation("it closed a pipe and lived on"))
        case .killed(.closedPipe): break  // It was dying after all: its own end tells more.
        case .starting, .idle, .busy, .draining, .stopping, .gone: break
        }
        if let (tag, cause) = broken, !templateLost {
            return child.concurrency == 1 ? .guilty(tag, cause) : .suspect(nil, cause)
        }
        // The same message would do it again: it is not tried a second time where it is known whose it was.
        if exit.isDenial, let running = child.onlyRunning { return .guilty(running, Cause(exit, evidence)) }
        if templateLost && exit == .signalled("SIGKILL") { return .orphaned }
        return .suspect(nil, Cause(exit, evidence))
    }

    /// What becomes of a delivery whose child is gone. One that had not started is never counted.
    private mutating func settle(_ assignment: Assignment, _ fate: Fate, _ id: ChildID, now: Instant) {
        let delivery = assignment.delivery
        if assignment.peakMemory > 0 { self.tasks[delivery.task].statistics.peaked(at: assignment.peakMemory) }
        guard assignment.startedAt != nil else { return self.actions.append(.giveBack(delivery)) }
        if assignment.notice == .revoked { return self.finish(assignment, .lost(.terminated), id) }
        switch fate {
        case .guilty(delivery.tag, let cause): self.finish(assignment, .lost(cause), id)
        case .suspect(let tag, let cause) where tag == nil || tag == delivery.tag:
            self.breakerLost(delivery, now: now)
            self.lose(assignment, cause, id)
        case .orphaned:
            self.log(.attemptLost(id, delivery, .templateLost))
            self.actions.append(.giveBack(delivery))
        case .innocent, .guilty, .suspect:
            self.actions.append(.giveBack(delivery))
        }
    }

    private mutating func lose(_ assignment: Assignment, _ cause: Cause, _ id: ChildID) {
        var delivery = assignment.delivery
        delivery.losses += 1
        guard delivery.losses < self.tasks[delivery.task].retry.maxLosses else {
            return self.finish(assignment, .lost(cause), id)
        }
        self.log(.attemptLost(id, delivery, cause))
        self.actions.append(.giveBack(delivery))
    }

    private func bootFailureReason(_ child: ChildMachine, _ exit: ChildExit) -> String? {
        if child.hasBooted { return nil }
        return switch (child.state, exit) {
        case (.killed(.bootTimeout), _): "not ready within \(self.bootTimeout.unitDescription)"
        case (.killed(.cause(let cause, _)), _): "\(cause)"
        case (.killed(.retired), _), (.killed(.shutdown), _): nil
        case (_, .exited(let code)): "exited with code \(code) before it was ready"
        case (_, .signalled(let signal)): "ended by \(signal) before it was ready"
        case (_, .denied(let call)): "\(Cause.sandbox(call: call)), before it was ready"
        }
    }
}

extension Supervisor {
    /// Only of a child that ended by itself: one that was killed or told to stop says nothing about the next.
    private func beginFailureReason(_ child: ChildMachine, _ exit: ChildExit) -> String? {
        guard child.hasBooted, !child.hasBegun, !child.assignments.isEmpty else { return nil }
        switch child.state {
        case .busy, .draining: break
        case .starting, .idle, .stopping, .killed, .gone: return nil
        }
        return switch exit {
        case .exited(let code): "exited with code \(code) before it began a task"
        case .signalled(let signal): "ended by \(signal) before it began a task"
        case .denied(let call): "\(Cause.sandbox(call: call)), before it began a task"
        }
    }
}

extension ChildMachine {
    /// The delivery that runs, when it is the only one.
    var onlyRunning: DeliveryTag? {
        let running = self.assignments.filter { $0.startedAt != nil }
        return running.count == 1 ? running[0].delivery.tag : nil
    }

    /// How far the peak must be above a memory limit to say why a child died.
    ///
    /// Pages of files count in the peak and not towards the limit; only far above it, where the kernel stops who outran
    /// the measurements (`RLIMIT_DATA`), is memory the likely reason.
    private static let clearOverrun: UInt64 = 512 << 20

    /// The running attempt whose memory limit the child was far above when it died, unless an earlier one raised its
    /// peak so far.
    func memoryOverrun(_ peakGrowth: UInt64, limits: (Delivery) -> TaskLimits) -> (DeliveryTag, Cause)? {
        for assignment in self.assignments where assignment.startedAt != nil {
            guard let limit = limits(assignment.delivery).memory else { continue }
            let added = peakGrowth - min(peakGrowth, self.settledPeak)
            guard added > Self.clearOverrun, peakGrowth - Self.clearOverrun > UInt64(limit.bytes) else { continue }
            let peak = ByteCount(bytes: Int(clamping: peakGrowth))
            return (assignment.delivery.tag, .memory(peak: peak, limit: limit))
        }
        return nil
    }
}
