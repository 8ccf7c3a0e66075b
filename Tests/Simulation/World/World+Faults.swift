import Supervision

extension World {
    /// Something goes wrong.
    func strike(_ fault: Fault) {
        guard !self.isCalm else { return }
        self.reached.note("fault: \(fault.name)")
        self.note(.fault) { "\(fault.kind)" }
        switch fault.kind {
        case .killWorker(let place, let acts):
            if acts == 0 { self.workers[place]?.die() } else { self.workers[place]?.actsLeft = acts }
        case .stopWorker(let place, let time): self.workers[place]?.stop(for: time)
        case .wakeToDie(let place, let time, let acts):
            guard let worker = self.workers[place], !worker.isStopped else { return }
            worker.stop(for: time)
            self.after(time - .nanoseconds(1)) { worker.actsLeft = acts }
        case .terminateWorker(let place, let again):
            for count in 0...again {
                self.after(.milliseconds(400) * count) { [worker = self.workers[place]] in worker?.signal(.terminate) }
            }
        case .quitWorker(let place): self.workers[place]?.signal(.quit)
        case .reloadWorker(let place): self.workers[place]?.signal(.reload)
        case .resizeWorker(let place, let change): self.workers[place]?.signal(.resize(change))
        case .revoke(let place, let kill): self.workers[place]?.signal(.revoke(kill: kill))
        case .jump(let place, let seconds): self.workers[place]?.wallJump += seconds
        case .shortMemory(let place, let time): self.during(time, self.workers[place]) { $0.shortMemory += $1 }
        case .slowPipes(let place, let time): self.during(time, self.workers[place]) { $0.slowPipes += $1 }
        case .killChild, .stopChild, .closePipes, .failForks, .failBoots, .hangBoots, .killTemplate:
            self.strikeProcess(fault.kind)
        case .cut, .cutTake, .silence, .slowNetwork: self.strikeNetwork(fault.kind)
        default: self.strikeServer(fault.kind)
        }
    }

    private func during(
        _ time: Duration, _ worker: WorkerProcess?, _ change: @escaping (WorkerProcess, Int) -> Void
    ) {
        guard let worker else { return }
        change(worker, 1)
        self.after(time) { change(worker, -1) }
    }

    private func strikeProcess(_ kind: Fault.Kind) {
        switch kind {
        case .killChild(let place, let signal):
            self.someChild(of: place)?.die(signal ? .signalled("SIGKILL") : .signalled("SIGSEGV"))
        case .stopChild(let place): self.someChild(of: place)?.hang()
        case .closePipes(let place): self.someChild(of: place)?.closePipes()
        case .failForks(let place, let count, let errno):
            self.workers[place]?.forkFailures += Array(repeating: errno, count: count)
            self.someChild(of: place)?.die(.signalled("SIGKILL"))
        case .failBoots(let place, let count):
            self.workers[place]?.bootFailures += count
            self.someChild(of: place)?.die(.signalled("SIGKILL"))
        case .hangBoots(let place, let count):
            self.workers[place]?.bootHangs += count
            self.someChild(of: place)?.die(.signalled("SIGKILL"))
        case .killTemplate(let place):
            self.workers[place]?.templates.values.max { $0.generation < $1.generation }?.die()
        default: break
        }
    }

    private func someChild(of place: Int) -> ChildProcess? {
        let living = self.workers[place]?.children.compactMap(\.process).filter(\.isAlive) ?? []
        return living.randomElement(using: &self.random)
    }

    private func someLink(of place: Int) -> Link? {
        let links = self.links.values.filter { $0.worker.place == place && !$0.isClosed }
        return links.sorted { $0.descriptor < $1.descriptor }.randomElement(using: &self.random)
    }

    private func strikeNetwork(_ kind: Fault.Kind) {
        switch kind {
        case .cut(let place, let mode): self.someLink(of: place)?.cut(mode)
        case .cutTake(let place): self.workers[place]?.losesNextTake = true
        case .silence(let place): self.someLink(of: place)?.isSilent = true
        case .slowNetwork(let by, let period): self.server.slow(by: by, for: period)
        default: break
        }
    }

    private func strikeServer(_ kind: Fault.Kind) {
        switch kind {
        case .stopServer(let time): self.server.stall(for: time)
        case .restartServer(let time): self.server.restart(downFor: time, losingEverything: false)
        case .emptyServer(let time): self.server.restart(downFor: time, losingEverything: true)
        case .flush: self.server.flush()
        case .failOver(let behind, let time):
            self.server.stopReplication()
            self.after(behind) { if !self.isCalm { self.server.failOver(downFor: time) } }
        case .refuse(let state, let time): self.server.enter(state, for: time)
        case .refuseConnections(let time):
            self.server.refuseConnections(for: time)
            self.server.closeAllConnections()
        case .forgetScripts: self.server.forgetScripts()
        case .breakKey(let key, let time): self.server.breakKey(key, for: time)
        default: break
        }
    }
}

extension Plan {
    /// Whether a connection may break.
    var touchesConnections: Bool {
        self.faults.contains { fault in
            switch fault.kind {
            case .killWorker, .terminateWorker, .quitWorker, .reloadWorker, .resizeWorker, .killChild, .stopChild,
                .closePipes, .failForks, .failBoots, .hangBoots, .killTemplate, .slowPipes, .shortMemory, .revoke,
                .jump:
                false
            case .stopWorker, .wakeToDie, .cut, .cutTake, .silence, .slowNetwork, .stopServer, .restartServer,
                .emptyServer, .flush,
                .failOver,
                .refuse, .refuseConnections, .forgetScripts, .breakKey:
                true
            }
        }
    }
}
