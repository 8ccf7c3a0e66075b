/// Duty 6: shutting down. Stages only go up; each takes the next step by itself when its time is over.
extension Supervisor {
    /// Raises the shutdown to a stage; a lower one changes nothing.
    public mutating func shutDown(to stage: ShutdownStage, now: Instant) {
        if self.ladder.raise(to: stage, now: now) { self.shutdownRose(now: now) }
    }

    /// A second request of the same kind: takes the next step at once.
    public mutating func escalateShutdown(now: Instant) {
        let next = ShutdownStage(rawValue: self.ladder.stage.rawValue + 1) ?? .hard
        self.shutDown(to: next, now: now)
    }

    mutating func shutdownRose(now: Instant) {
        self.log(.shutdown(self.ladder.stage))
        self.wake(by: self.ladder.nextStep)
        self.templateNotBefore = nil
        for index in self.children.indices where self.children[index] != nil {
            self.childIsFreeInShutdown(index, now: now)
            guard let child = self.children[index], !child.assignments.isEmpty else { continue }
            switch self.ladder.stage {
            case .running, .warm: break
            case .cold: self.perform(self.children[index]!.notifyAll(.shutdown), index, now: now)
            case .hard: self.kill(index, .shutdown, now: now)
            }
        }
        self.finishShutdownIfDone(now: now)
    }

    /// During a shutdown a child without tasks exits.
    mutating func childIsFreeInShutdown(_ index: Int, now: Instant) {
        guard let child = self.children[index], child.assignments.isEmpty else { return }
        switch child.state {
        case .starting: self.kill(index, .shutdown, now: now)
        case .idle, .busy, .draining: self.stop(index, now: now)
        case .stopping, .killed, .gone: break
        }
    }

    /// When no child is left the templates stop; when no template is left the worker ends.
    mutating func finishShutdownIfDone(now: Instant) {
        guard self.ladder.stage > .running, self.children.allSatisfy({ $0 == nil }), !self.hasExited else { return }
        for template in self.templates { self.stopTemplate(template.generation, now: now) }
        guard self.templates.isEmpty else { return }
        self.hasExited = true
        self.actions.append(.exit(self.stopReason))
    }

    /// Ends the worker because it cannot work: nothing new starts, what runs goes back.
    mutating func stopWorker(_ reason: StopReason, now: Instant) {
        self.stopReason = reason
        self.shutDown(to: .hard, now: now)
        self.finishShutdownIfDone(now: now)
    }
}
