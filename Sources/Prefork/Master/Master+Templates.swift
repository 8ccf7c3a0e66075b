import Reactor
import Supervision
import Syscalls
import SystemPackage
import Wire

/// Hears of a template's control socket on the master's behalf.
final class TemplateChannel: ReadinessHandler {
    private unowned let master: Master
    private unowned let template: TemplateHandle

    init(_ master: Master, _ template: TemplateHandle) {
        self.master = master
        self.template = template
    }

    func descriptorReady(token: Int, readiness: Readiness) {
        self.master.templateReadable(self.template)
        self.master.performActions()
    }
}

extension Master {
    func startTemplate(_ generation: Int) {
        do {
            try self.spawnTemplate(generation)
        } catch {
            self.logger.error("template.spawn.failed", metadata: ["reason": "\(error)"])
            self.supervisor.templateExited(generation, now: self.now)
        }
    }

    private func spawnTemplate(_ generation: Int) throws(Errno) {
        let content = self.pendingReload ?? self.templateInput
        let input = try memoryFile(named: "celeriac-settings", content: content)
        let pair = try MessageSocket.pair()
        try setNonblocking(pair.first.descriptor.number)
        var request = self.settings.template
        request.descriptors = [pair.second.descriptor.number, input.number, self.breadcrumbs.descriptor.number]
        let pid = try spawn(request)
        let process = try ProcessDescriptor(child: pid)
        let template = TemplateHandle(generation: generation, pid: pid, process: process, control: pair.first)
        let channel = TemplateChannel(self, template)
        template.channel = channel
        template.registrations.append(
            try self.reactor.register(
                template.control.descriptor.number, for: .readable, handler: channel, token: 0))
        self.templates[generation] = template
    }

    /// A template exits when its control socket closes, after it has killed what it has left.
    func stopTemplate(_ generation: Int) {
        guard let template = self.templates[generation] else { return }
        self.unwatch(template)
        template.isStopping = true
        template.process.send(.goOn)
        template.control.shutDown()
    }

    private func unwatch(_ template: TemplateHandle) {
        for registration in template.registrations { self.reactor.remove(registration) }
        template.registrations = []
    }

    // MARK: Reports

    func templateReadable(_ template: TemplateHandle) {
        for _ in 0..<64 {
            switch try? template.control.receive() {
            case .message(let bytes, let descriptors): self.handle(bytes, descriptors, template)
            case .wouldBlock: return
            case .endOfFile, nil:
                // Its death is known when it is reaped.
                self.unwatch(template)
                template.process.send(.kill)
                return
            }
        }
    }

    private func handle(_ bytes: [UInt8], _ descriptors: [CInt], _ template: TemplateHandle) {
        switch TemplateReport(decoding: bytes) {
        case .ready: self.templateReady(template)
        case .failed(let reason):
            self.giveUpReload(template.generation)
            self.supervisor.templateFailed(template.generation, reason: reason, now: self.now)
        case .forked(let serial, let pid): self.forked(serial, pid, descriptors)
        case .forkFailed(let serial, let number):
            guard let child = self.childrenBySerial[serial] else { return }
            self.bury(child)
            self.supervisor.spawnFailed(child.id, reason: "fork: \(Errno(rawValue: number))", now: self.now)
        case .exited(let reaped):
            guard let child = self.childrenBySerial[reaped.serial] else { return }
            if reaped.leftovers > 0 { self.logLeftovers(child, reaped) }
            let exit = Self.exit(signalled: reaped.signalled, status: reaped.status)
            let usage = LifeUsage(peakResident: reaped.peakResident, cpuMicroseconds: reaped.cpuMicroseconds)
            self.childEnded(child, exit, usage, leftovers: Int(reaped.leftovers))
        case .sampled(let serial, let records): self.sampled(serial, records)
        case .symbolicated(let request, let text): self.backtraceArrived(request, CrashBacktrace(decoding: text))
        case nil:
            self.logger.error("template.garbage", metadata: ["template.pid": "\(template.pid)"])
            template.process.send(.kill)
        }
        self.performActions()
    }

    private static func exit(signalled: Bool, status: Int32) -> ChildExit {
        signalled ? .signalled(Signal(status).name) : .exited(code: status)
    }

    private func forked(_ serial: UInt64, _ pid: Int32, _ descriptors: [CInt]) {
        guard let number = descriptors.first else { return }
        let process = ProcessDescriptor(owning: number)
        guard let child = self.childrenBySerial[serial] else { return process.send(.kill) }
        child.pid = pid
        if child.isCondemned { process.send(.kill) }
        child.process = consume process
        self.childMayBeReady(child)
    }

    // MARK: Ends

    /// A template was reaped. Its children follow: the kernel kills them, and they become ours to reap.
    func templateDied(_ template: TemplateHandle, _ exit: Exit) {
        // What it reported before it died still holds.
        if !template.isStopping { self.templateReadable(template) }
        self.unwatch(template)
        template.isLost = true
    }

    /// A child whose template is gone was reaped here.
    func orphanExited(_ child: ChildHandle, _ exit: Exit) {
        let status: ChildExit =
            switch exit.status {
            case .exited(let code): .exited(code: code)
            case .signalled(let signal): .signalled(Signal(signal).name)
            }
        let usage = LifeUsage(peakResident: exit.peakResident, cpuMicroseconds: exit.cpuMicroseconds)
        self.childEnded(child, status, usage, templateLost: true)
    }

    /// Once a dead template's children are all gone: kills what they left behind, and forgets the template.
    func settleLostTemplates() {
        for template in self.templates.values where template.isLost {
            for child in self.children.values where child.generation == template.generation {
                self.endOrphan(child)
            }
            guard !self.children.values.contains(where: { $0.generation == template.generation }) else { continue }
            let others = Set(self.templates.values.filter { !$0.isLost }.map(\.pid)).union(self.strangers)
            _ = killStrayChildren { others.contains($0) }
            self.templates[template.generation] = nil
            self.giveUpReload(template.generation)
            self.supervisor.templateExited(template.generation, now: self.now)
        }
        self.performActions()
    }

    /// Ends a child whose template is gone. The kernel has made it ours; it has ended already when its template reaped
    /// it and could not tell any more. One that was never forked, or whose pidfd never came, has no process that could
    /// be told from a stranger's: the sweep gets it.
    private func endOrphan(_ child: ChildHandle) {
        child.process?.send(.kill)
        if child.process?.isOwnChild != true {
            self.childEnded(child, .signalled("SIGKILL"), LifeUsage(), templateLost: true)
        }
    }
}
