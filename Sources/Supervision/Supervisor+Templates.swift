/// A template as the supervisor sees it.
struct TemplateState: Equatable, Sendable {
    enum State: Equatable {
        case starting(until: Instant)
        case ready
        /// Died, and its last children are still to be reported.
        case lost
        /// Told to exit; killed when it has not by then.
        case stopping(until: Instant)
    }

    let generation: Int
    var state: State
    /// When it became ready; `nil` before.
    var readyAt: Instant?

    var isStopping: Bool { if case .stopping = self.state { true } else { false } }
}

/// Duty 5: templates. There is one, and a newer one beside it while a reload is under way.
extension Supervisor {
    /// So many templates in a row that come to nothing stop the worker: they die before they are ready, or soon after
    /// it and before any task has ended.
    static let mostTemplateFailures = 5
    /// A template that has been ready for so long was good, whatever has ended meanwhile.
    static let provenTemplate: Duration = .seconds(10)

    /// The newest template that can fork.
    var readyTemplate: Int? { self.templates.last { $0.state == .ready }?.generation }

    var nextTemplateDeadline: Instant {
        var next = self.templateNotBefore ?? .distantFuture
        for template in self.templates {
            switch template.state {
            case .starting(let until), .stopping(let until): next = min(next, until)
            case .ready, .lost: break
            }
        }
        return next
    }

    mutating func startTemplate(now: Instant) {
        self.generation += 1
        self.templateNotBefore = nil
        let until = now + self.bootTimeout
        self.templates.append(TemplateState(generation: self.generation, state: .starting(until: until)))
        self.actions.append(.startTemplate(generation: self.generation))
        self.wake(by: until)
    }

    mutating func templateTimePassed(now: Instant) {
        for template in self.templates {
            switch template.state {
            case .starting(let until) where now >= until:
                self.stopTemplate(template.generation, now: now)
                let reason = "not ready within \(self.bootTimeout.unitDescription)"
                self.giveUp(template.generation, reason: reason, now: now)
            case .stopping(let until) where now >= until: self.killTemplate(template.generation)
            case .starting, .ready, .lost, .stopping: break
            }
        }
        if let notBefore = self.templateNotBefore, now >= notBefore { self.startTemplate(now: now) }
    }

    /// Tells a template to exit, once.
    mutating func stopTemplate(_ generation: Int, now: Instant) {
        let until = now + .seconds(5)
        for index in self.templates.indices where self.templates[index].generation == generation {
            guard !self.templates[index].isStopping else { continue }
            self.templates[index].state = .stopping(until: until)
            self.actions.append(.stopTemplate(generation: generation))
            self.wake(by: until)
        }
    }

    /// It hangs, in the application's code or in the kernel, and would hold up the worker's end.
    private mutating func killTemplate(_ generation: Int) {
        for index in self.templates.indices where self.templates[index].generation == generation {
            self.templates[index].state = .stopping(until: .distantFuture)
            self.actions.append(.killTemplate(generation: generation))
        }
    }

    /// A child of it was found dead because its template is: no more orders to it.
    mutating func templateIsLost(_ generation: Int) {
        for index in self.templates.indices where self.templates[index].generation == generation {
            if self.templates[index].state == .ready { self.templates[index].state = .lost }
        }
    }

    // MARK: Events

    /// A template waits for orders. Children of older ones are now replaced.
    public mutating func templateBecameReady(_ generation: Int, now: Instant) {
        guard let index = self.templates.firstIndex(where: { $0.generation == generation }),
            case .starting = self.templates[index].state
        else { return }
        self.templates[index].state = .ready
        self.templates[index].readyAt = now
        self.log(.templateReady(generation: generation))
        for index in self.children.indices where (self.children[index]?.generation ?? generation) < generation {
            self.recycle(index, .reload, now: now)
        }
        for pool in self.pools.indices { self.fill(pool, now: now) }
        self.stopUnusedTemplates(now: now)
    }

    /// A template says that it cannot start and that no other could. With an older one running, that one stays.
    public mutating func templateFailed(_ generation: Int, reason: String, now: Instant) {
        guard self.templates.contains(where: { $0.generation == generation && !$0.isStopping }) else { return }
        self.giveUp(generation, reason: reason, now: now)
    }

    private mutating func giveUp(_ generation: Int, reason: String, now: Instant) {
        if self.abandon(generation: generation, reason: reason, now: now) { return }
        // The worker ends once its process is gone.
        self.stopTemplate(generation, now: now)
        self.log(.templateFailed(generation: generation, reason: reason))
        self.stopWorker(.templateFailed(reason), now: now)
    }

    /// A template's process is gone. Its children are reported by ``childExited(_:_:templateLost:now:)``.
    public mutating func templateExited(_ generation: Int, now: Instant) {
        guard let index = self.templates.firstIndex(where: { $0.generation == generation }) else { return }
        let template = self.templates.remove(at: index)
        defer { self.finishShutdownIfDone(now: now) }
        guard !template.isStopping else { return }
        self.log(.templateLost(generation: generation))
        guard self.ladder.stage == .running else { return }
        let others = self.templates.filter { !$0.isStopping }
        // An older one may still be there after a reload: it bridges the time until the new one is ready.
        let isNewest = others.allSatisfy { $0.generation < generation }
        guard template.readyAt == nil ? others.isEmpty : isNewest else { return }
        self.replaceTemplate(template, now: now)
    }

    /// Starts another one: at once after one that was good, later each time after those that were not.
    private mutating func replaceTemplate(_ template: TemplateState, now: Instant) {
        if let readyAt = template.readyAt, now - readyAt >= Self.provenTemplate { self.templateBackoff.succeeded() }
        let isFirstFailure = self.templateBackoff.failures == 0
        let wait = self.templateBackoff.failed()
        guard self.templateBackoff.failures < Self.mostTemplateFailures else {
            let death = template.readyAt == nil ? "before they were ready" : "before any task had ended"
            let reason = "\(Self.mostTemplateFailures) in a row died \(death)"
            if self.abandon(generation: template.generation, reason: reason, now: now) { return }
            return self.stopWorker(.templateFailed(reason), now: now)
        }
        if template.readyAt != nil && isFirstFailure { return self.startTemplate(now: now) }
        self.templateNotBefore = now + wait
        self.wake(by: now + wait)
    }

    /// The generation that was started last.
    public var newestGeneration: Int { self.generation }

    /// Starts a new generation beside the current one.
    public mutating func reload(now: Instant) {
        if self.ladder.stage == .running { self.startTemplate(now: now) }
    }

    /// Takes over new policies of the same pools, and new profiles of the same tasks.
    public mutating func apply(pools: [PoolPolicy], tasks: [TaskProfile]) {
        precondition(pools.count == self.pools.count, "A reload keeps the pools.")
        precondition(tasks.count == self.tasks.count, "A reload keeps the tasks.")
        for (index, policy) in pools.enumerated() { self.pools[index].take(policy) }
        for (index, task) in tasks.enumerated() {
            let statistics = self.tasks[index].statistics
            self.tasks[index] = task
            self.tasks[index].statistics = statistics
        }
    }

    /// Gives up a generation that does not come up while an older one runs. Returns whether it could.
    mutating func abandon(generation: Int, reason: String, now: Instant) -> Bool {
        let older = self.templates.filter { $0.generation < generation && $0.state == .ready }
        guard let current = older.map(\.generation).max() else { return false }
        self.log(.templateFailed(generation: generation, reason: reason))
        self.stopTemplate(generation, now: now)
        // Those of the generation that stays are not to be replaced after all; older ones still are.
        for index in self.children.indices where self.children[index]?.recycling == .reload {
            guard self.children[index]!.generation >= current else { continue }
            self.children[index]!.recycling = nil
            self.wake(by: self.children[index]!.nextDeadline)
        }
        for index in self.children.indices where self.children[index]?.generation == generation {
            self.kill(index, .retired, now: now)
        }
        return true
    }

    /// Stops the templates that are older than the one in use and have no children left.
    mutating func stopUnusedTemplates(now: Instant) {
        guard let current = self.readyTemplate else { return }
        for index in self.templates.indices {
            let template = self.templates[index]
            guard template.generation < current, template.state != .lost,
                !self.children.contains(where: { $0?.generation == template.generation })
            else { continue }
            self.stopTemplate(template.generation, now: now)
        }
    }
}
