import Supervision
import Syscalls
import Wire

/// Templates and children: what the kernel and the template do, and what the master makes of their reports.
extension WorkerProcess {
    // MARK: Templates

    func startTemplate(_ generation: Int) {
        guard self.acts() else { return }
        self.templates[generation] = TemplateProcess(self, generation: generation)
    }

    /// The kernel kills its children with it; the master reaps all of them.
    func templateDied(_ template: TemplateProcess) {
        self.world.note(.died, UInt64(template.generation)) { "\(self.name) template \(template.generation)" }
        for child in self.children where child.generation == template.generation {
            child.process?.die(.signalled("SIGKILL"))
        }
        self.world.after(self.world.microseconds(10...2_000)) {
            self.report(.died(generation: template.generation))
        }
    }

    // MARK: Forks

    func order(_ id: ChildID, generation: Int) {
        guard let template = self.templates[generation], template.isAlive else {
            return self.supervisor.spawnFailed(id, reason: "no template", now: self.world.now)
        }
        self.children.append(ChildHandle(id, generation: generation))
        guard self.acts() else { return }
        self.world.after(self.world.microseconds(50...1_500)) { self.fork(id, template) }
    }

    private func fork(_ id: ChildID, _ template: TemplateProcess) {
        guard template.isAlive, !self.isDead else { return }
        if let errno = self.forkFailures.popLast() {
            self.world.reached.note("fork: \(errno)")
            return self.report(.forkFailed(id, errno))
        }
        let process = ChildProcess(
            self, id, generation: template.generation, concurrency: self.world.plan.childConcurrency)
        self.world.note(.forked, id.serial) { "\(self.name) \(id)" }
        self.report(.forked(id, process))
        if self.bootFailures > 0 {
            self.bootFailures -= 1
            return self.world.after(self.world.microseconds(100...2_000)) { process.die(.exited(code: 70)) }
        }
        if self.bootHangs > 0 {
            self.bootHangs -= 1
            return process.hang()
        }
        process.boot()
    }

    /// Its template reaps it, when what it left is gone, and tells.
    func childDied(_ process: ChildProcess) {
        guard !self.isDead else { return }
        self.wake()
        self.world.after(self.world.microseconds(10...4_000)) {
            guard self.templates[process.generation]?.isAlive == true else { return }
            self.report(.exited(process))
        }
    }

    // MARK: Reports

    func handle(_ report: TemplateReport) {
        let now = self.world.now
        switch report {
        case .ready(let generation): self.supervisor.templateBecameReady(generation, now: now)
        case .forked(let id, let process): self.forked(id, process)
        case .forkFailed(let id, let errno):
            guard self.child(id) != nil else { return }
            self.bury(id)
            if self.world.mutation == .forkFailureIgnored { return }
            self.supervisor.spawnFailed(id, reason: "fork: \(errno)", now: now)
        case .exited(let process): if let child = self.child(process.id) { self.ended(child, process.exit!) }
        case .died(let generation): self.reapTemplate(generation)
        }
    }

    private func forked(_ id: ChildID, _ process: ChildProcess) {
        guard let child = self.child(id) else { return process.die(.signalled("SIGKILL")) }
        child.process = process
        if child.isCondemned { process.die(.signalled("SIGKILL")) }
        self.mayBeReady(child)
    }

    private func mayBeReady(_ child: ChildHandle) {
        guard child.isReady, child.process != nil else { return }
        self.supervisor.childBecameReady(child.id, now: self.world.now)
    }

    private func reapTemplate(_ generation: Int) {
        for child in self.children where child.generation == generation {
            self.ended(child, .signalled("SIGKILL"), templateLost: true)
        }
        self.templates[generation] = nil
        self.supervisor.templateExited(generation, now: self.world.now)
    }

    private func ended(_ child: ChildHandle, _ exit: ChildExit, templateLost: Bool = false) {
        if self.world.mutation != .pipeDropped { self.readToEnd(child) }
        self.supervisor.childExited(
            child.id, child.process?.exit ?? exit, templateLost: templateLost, now: self.world.now)
        self.performActions()
        self.checkOutcomes(of: child)
        self.bury(child.id)
    }

    private func readToEnd(_ child: ChildHandle) {
        for _ in 0..<64 where child.process?.pipe.isEmpty == false && !child.isUnwatched {
            self.read(child, most: 65_536)
            self.performActions()
        }
    }

    /// What was in the pipe as a whole counts, whatever became of the child.
    private func checkOutcomes(of child: ChildHandle) {
        guard let process = child.process, !child.isUnwatched else { return }
        for tag in process.wholeOutcomes where !child.reported.contains(tag) {
            self.world.broke(.outcomeCounts, "\(self.name): the outcome of \(tag) was in the pipe of \(child.id)")
        }
    }

    private func bury(_ id: ChildID) { self.children.removeAll { $0.id == id } }

    // MARK: Pipes

    func read(_ child: ChildHandle, most: Int) {
        guard let process = child.process else { return }
        if process.pipe.isEmpty, process.isAtEnd {
            child.sawEnd()
            self.world.reached.note("end of a pipe")
            return self.supervisor.childClosedPipe(child.id, now: self.world.now)
        }
        let bytes = process.read(most: most)
        bytes.withUnsafeBytes { child.decoder.append($0) }
        self.decode(child)
    }

    private func decode(_ child: ChildHandle) {
        do throws(FrameError) {
            while let frame = try child.decoder.next() {
                try self.handle(frame.header, frame.payload, child)
                self.performActions()
            }
            if child.decoder.hasPartialFrame { self.world.reached.note("part of a frame") }
        } catch {
            child.unwatch()
            self.world.reached.note("no frame")
            self.supervisor.childBrokeProtocol(child.id, "\(error)", now: self.world.now)
        }
    }

    private func handle(_ header: FrameHeader, _ payload: Bytes, _ child: ChildHandle) throws(FrameError) {
        let tag = DeliveryTag(header.delivery)
        switch header.kind {
        case .ready:
            child.isReady = true
            self.mayBeReady(child)
        case .accepted:
            self.supervisor.taskAccepted(child.id, tag, now: self.world.now)
            if child.tags.contains(tag.number) { self.broker.started(tag, pid: 1, now: self.world.now) }
        case .aftermath: child.aftermaths[tag.number] = try Aftermath(decoding: payload)
        case .outcome: self.outcomeRead(try OutcomeReport(decoding: payload), tag, child)
        default: self.world.broke(.simulation, "a frame that no simulated child writes")
        }
    }

    private func outcomeRead(_ report: OutcomeReport, _ tag: DeliveryTag, _ child: ChildHandle) {
        var report = report
        if report.leftovers > 0 { child.hasToldOfLeftovers = true }
        if self.world.mutation == .taintedChild { report.leftovers = 0 }
        child.reported.insert(tag.number)
        let aftermath = child.aftermaths.removeValue(forKey: tag.number)
        self.decide(report, aftermath, tag, child.id)
        child.tags.removeAll { $0 == tag.number }
    }

    /// Orders that were not read go to other children.
    func recall(_ id: ChildID) {
        guard let child = self.child(id), let process = child.process, self.acts() else { return }
        var tags: [DeliveryTag] = []
        for packet in process.takeBackOrders() {
            var decoder = FrameDecoder(.orders)
            packet.withUnsafeBytes { decoder.append($0) }
            if let frame = try? decoder.next() { tags.append(DeliveryTag(frame.header.delivery)) }
        }
        if !tags.isEmpty { self.world.reached.note("recalled") }
        for tag in tags.reversed() {
            child.tags.removeAll { $0 == tag.number }
            self.supervisor.taskRecalled(id, tag, now: self.world.now)
        }
    }
}
