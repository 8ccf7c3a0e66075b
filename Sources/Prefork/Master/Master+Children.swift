import Broker
import CrashReports
import Reactor
import Supervision
import Syscalls
import SystemPackage
import Wire

/// Hears of a child's pipes on the master's behalf.
final class ChildChannels: ReadinessHandler {
    private unowned let master: Master
    private unowned let child: ChildHandle

    init(_ master: Master, _ child: ChildHandle) {
        self.master = master
        self.child = child
    }

    func descriptorReady(token: Int, readiness: Readiness) {
        switch ChildHandle.Channel(rawValue: token) {
        case .orders: self.master.ordersWritable(self.child)
        case .reports: self.master.reportsReadable(self.child)
        case .output: self.master.outputReadable(self.child)
        case nil: preconditionFailure("A child has three channels.")
        }
        self.master.performActions()
    }
}

// MARK: Ordering

extension Master {
    /// Opens a child's pipes and orders it from its template. When anything fails, nothing of it remains.
    func order(_ id: ChildID, pool: Int, generation: Int) {
        do {
            try self.orderChild(id, pool: pool, generation: generation)
        } catch {
            self.supervisor.spawnFailed(id, reason: "\(error)", now: self.now)
        }
    }

    private func orderChild(_ id: ChildID, pool: Int, generation: Int) throws(Errno) {
        guard let template = self.templates[generation] else { throw .noSuchProcess }
        let orders = try Pipe(packets: true)
        let reports = try Pipe()
        let output = try Pipe()
        for end in [orders.writing.number, reports.reading.number, output.reading.number] { try setNonblocking(end) }
        let ends = [orders.reading.number, reports.writing.number, output.writing.number]
        let unreadOrders = try reopenForReading(orders.reading.number)
        let child = ChildHandle(
            id: id, pool: pool, generation: generation, orders: orders.writing, unreadOrders: unreadOrders,
            reports: reports.reading,
            output: output.reading)
        try self.watch(child)
        do throws(Errno) {
            try self.sendForkOrder(child, ends, template)
        } catch {
            self.unwatch(child)
            self.removeGroup(child)
            throw error
        }
        self.children[id] = child
        self.childrenBySerial[id.serial] = child
        self.history.ordered[pool] += 1
    }

    private func sendForkOrder(
        _ child: ChildHandle, _ ends: [CInt], _ template: TemplateHandle
    ) throws(Errno) {
        let (groups, directories) = try self.openGroup(child)
        defer { closeAll(directories) }
        let order = TemplateOrder.fork(
            serial: child.id.serial, pool: UInt32(child.pool), place: UInt32(child.id.index), groups: groups)
        guard case .bytes = try template.control.send(order.encoded, descriptors: ends + directories) else {
            throw .resourceTemporarilyUnavailable
        }
    }

    private func watch(_ child: ChildHandle) throws(Errno) {
        let channels = ChildChannels(self, child)
        child.channels = channels
        let watched: [(CInt, ChildHandle.Channel, Readiness)] = [
            (child.reports.number, .reports, .readable), (child.output.number, .output, .readable),
        ]
        for (descriptor, channel, interest) in watched {
            do throws(Errno) {
                child.registrations.append(
                    try self.reactor.register(descriptor, for: interest, handler: channels, token: channel.rawValue))
            } catch {
                self.unwatch(child)
                throw error
            }
        }
    }

    private func unwatch(_ child: ChildHandle) {
        for registration in child.registrations { self.reactor.remove(registration) }
        child.registrations = []
        if let registration = child.ordersRegistration { self.reactor.remove(registration) }
        child.ordersRegistration = nil
    }

    /// Forgets a child whose end has been settled.
    func bury(_ child: ChildHandle) {
        self.unwatch(child)
        self.removeGroup(child)
        self.children[child.id] = nil
        self.childrenBySerial[child.id.serial] = nil
    }
}

// MARK: Sending

extension Master {
    func sendStop(_ child: ChildHandle) {
        child.queue.add { PlainFrame.write(.stop, into: &$0) }
        child.queue.endPiece()
        self.unsent.append(child)
    }

    /// Gives ready children work until there is none, none is ready, or no memory is left for it.
    func distribute() {
        if self.supervisor.ladder.stage > .running, !self.distribution.isEmpty { self.giveBackWaiting() }
        for pool in self.settings.pools.indices { self.distribute(pool: pool) }
        self.performActions()
        // A child that has just got a quick task has places behind it.
        let places = self.supervisor.openPlaces { self.distribution.waitingCount(pool: $0) }
        self.broker.placesAreOpen(places, now: self.now)
        if self.supervisor.scales { self.scale() }
    }

    private func scale() {
        let mayHaveMore = self.broker.status.mayHaveMore
        self.supervisor.scale(now: self.now) { pool in
            mayHaveMore || self.distribution.waitingCount(pool: pool) > 0
                || self.broker.nextTask(pool: pool, now: self.now) != nil
        }
        self.performActions()
    }

    private func distribute(pool: Int) {
        while let next = self.distribution.nextWaiting(pool: pool, &self.supervisor, self.broker, now: self.now) {
            self.dispatch(next.message, to: next.child)
        }
        while let next = self.distribution.next(pool: pool, &self.supervisor, self.broker, now: self.now) {
            self.dispatch(next.message, to: next.child)
        }
    }

    func giveBackWaiting() { self.distribution.giveBackWaiting(&self.supervisor, self.broker, now: self.now) }

    private func dispatch(_ message: TakenMessage, to id: ChildID) {
        guard let child = self.children[id] else { preconditionFailure("The supervisor names living children.") }
        let delivery = message.delivery
        let name = self.taskNames[delivery.task]
        var order = TaskOrder(attempt: UInt32(clamping: delivery.attempt), name: name, id: message.id)
        let limits = self.supervisor.limits(of: delivery)
        order.setLimits(limits)
        order.isTraced = delivery.losses > 0
        order.isLast = self.supervisor.assign(delivery, to: id, now: self.now)
        self.applyGroupLimits(limits, to: child)
        order.hasFailed = delivery.hasFailed
        let label = self.label(message)
        order.trace = label.trace?.context
        child.labels[delivery.tag.number] = label
        if child.queue.isEmpty { self.unsent.append(child) }
        self.write(order, message.body, delivery.tag.number, to: child)
        child.queue.endPiece()
        FaultPoint.reached(.assigned)
    }

    private func write(_ order: TaskOrder, _ body: TakenMessage.Body, _ tag: UInt64, to child: ChildHandle) {
        var order = order
        func begin(_ length: Int) {
            if order.frameSize + length > Pipe.packetSize { child.largeOrders.insert(tag) }
            child.queue.add { order.write(delivery: tag, bodyLength: length, into: &$0) }
        }
        switch body {
        case .call(let args, let kwargs):
            begin(args.count + kwargs.count + 6)
            child.queue.add { $0.append(UInt8(ascii: "[")) }
            child.queue.add(args)
            child.queue.add { $0.append(UInt8(ascii: ",")) }
            child.queue.add(kwargs)
            child.queue.add { $0.append(contentsOf: ",{}]".utf8) }
        case .envelope(let message):
            order.bodyFormat = .envelope
            begin(message.count)
            child.queue.add(message)
        case .join(let join):
            order.bodyFormat = .join
            begin(join.size)
            for item in join.items {
                child.queue.add { JoinOrder.writeLength(item.count, into: &$0) }
                child.queue.add(item)
            }
        }
    }

    /// Takes back the orders that a child has not read: another child is to have them. Each is a packet of its own,
    /// which the kernel gives either to the child or to us.
    ///
    /// A large order is several packets, of which the child may have read the first: then all stay.
    func recall(_ id: ChildID) {
        guard let child = self.children[id], child.queue.isEmpty, child.largeOrders.isEmpty else { return }
        var decoder = FrameDecoder(.orders)
        var tags: [DeliveryTag] = []
        while case .bytes(let count)? = try? Syscalls.read(child.unreadOrders.number, into: self.scratch) {
            decoder.append(UnsafeRawBufferPointer(rebasing: self.scratch[..<count]))
            while let frame = try? decoder.next() { tags.append(DeliveryTag(frame.header.delivery)) }
        }
        for tag in tags.reversed() {
            child.labels[tag.number] = nil
            self.supervisor.taskRecalled(id, tag, now: self.now)
        }
    }

    func sendAll() {
        for child in self.unsent where self.children[child.id] != nil { self.send(child) }
        self.unsent.removeAll(keepingCapacity: true)
    }

    func ordersWritable(_ child: ChildHandle) {
        if let registration = child.ordersRegistration { self.reactor.remove(registration) }
        child.ordersRegistration = nil
        self.send(child)
    }

    private func send(_ child: ChildHandle) {
        var left = Self.pipeShare
        while left > 0, !child.queue.isEmpty {
            switch try? child.queue.write(upTo: left, to: child.orders.number) {
            case .bytes(let count): left -= count
            case .wouldBlock: left = 0
            case .noReader, nil: return self.supervisor.childClosedPipe(child.id, now: self.now)
            }
        }
        if !child.queue.isEmpty { self.waitToSend(child) }
    }

    private func waitToSend(_ child: ChildHandle) {
        do {
            guard child.ordersRegistration == nil else { return }
            child.ordersRegistration = try self.reactor.register(
                child.orders.number, for: .writable, handler: child.channels!,
                token: ChildHandle.Channel.orders.rawValue)
        } catch {
            self.supervisor.childBrokeProtocol(child.id, "its orders cannot be watched: \(error)", now: self.now)
        }
    }
}

// MARK: Receiving

extension Master {
    func reportsReadable(_ child: ChildHandle) {
        switch try? Syscalls.read(child.reports.number, into: self.scratch) {
        case .bytes(let count):
            child.decoder.append(UnsafeRawBufferPointer(rebasing: self.scratch[..<count]))
            self.handleFrames(child)
        case .wouldBlock: break
        case .endOfFile, nil:
            // Perhaps its death, which the template will report: a child closes its pipes on its way out.
            self.stopWatchingReports(child)
            self.supervisor.childClosedPipe(child.id, now: self.now)
        }
    }

    private func stopWatchingReports(_ child: ChildHandle) {
        guard let registration = child.registrations.first else { return }
        self.reactor.remove(registration)
        child.registrations.removeFirst()
    }

    private func handleFrames(_ child: ChildHandle) {
        do throws(FrameError) {
            while let part = try child.decoder.nextPart() { try self.handle(part, child) }
        } catch {
            self.stopWatchingReports(child)
            self.supervisor.childBrokeProtocol(child.id, "\(error)", now: self.now)
        }
    }

    private func handle(_ part: FramePart, _ child: ChildHandle) throws(FrameError) {
        switch part {
        case .frame(let header, let payload): try self.handle(header, payload, child)
        case .piece(let header, let piece, let isLast):
            try self.handleOutcomePiece(piece, isLast: isLast, DeliveryTag(header.delivery), child)
        }
    }

    private func handle(_ header: FrameHeader, _ payload: Bytes, _ child: ChildHandle) throws(FrameError) {
        let tag = DeliveryTag(header.delivery)
        switch header.kind {
        case .ready: self.childEnteredSandbox(child, payload)
        case .bootFailed:
            let reason = String(decoding: payload, as: UTF8.self)
            self.supervisor.childRefusedToBoot(child.id, reason: reason, now: self.now)
        case .accepted:
            child.current = tag.number
            child.largeOrders.remove(tag.number)
            child.tail.taskStarted()
            self.supervisor.taskAccepted(child.id, tag, now: self.now)
            if child.labels[tag.number] != nil { self.broker.started(tag, pid: child.pid, now: self.now) }
            self.attemptBegan(tag.number, of: child)
        case .outcome:
            let sent = try OutcomeReport(decoding: payload)
            self.handleOutcome(sent.checked, sent: sent.state, result: .memory(sent.content), tag, child)
        case .followUp:
            try self.keepFollowUp(payload, tag.number, child)
        case .log:
            self.logRecord(try LogReport(decoding: payload), child, tag: tag.number)
            self.supervisor.childWroteOutput(child.id, bytes: payload.count, now: self.now)
        case .crash: child.crashRecord = payload
        case .aftermath:
            guard child.labels[tag.number] != nil else { throw .badPayload(.aftermath) }
            child.aftermaths[tag.number] = try Aftermath(decoding: payload)
        case .ledger: self.childLooked(child, try LedgerReport(decoding: payload))
        case .task, .stop: preconditionFailure("The decoder lets only reports through.")
        }
        self.performActions()
    }

    /// Follow-ups wait here for their task's outcome, all of one task within the size of one.
    private func keepFollowUp(_ payload: Bytes, _ tag: UInt64, _ child: ChildHandle) throws(FrameError) {
        guard child.labels[tag] != nil else { throw .badPayload(.followUp) }
        let kept = child.followUps[tag, default: []].reduce(payload.count) { $0 + $1.count }
        let most = FrameLimits().outcome
        guard kept <= most else { throw .tooLong(kind: .followUp, length: kept, limit: most) }
        child.followUps[tag, default: []].append(payload)
    }

    func handleOutcome(
        _ report: OutcomeReport, sent: OutcomeReport.State, result: Payload, _ tag: DeliveryTag, _ child: ChildHandle
    ) {
        // What the task printed was in the pipe before its outcome: it is the task's, and counts towards its limit.
        self.readOutput(child, most: Self.pipeShare)
        child.tail.finishLine { self.logOutput($0, child) }
        // One of a task's processes may have been killed, and the task gone on without it; nothing fills a limit in less.
        if report.state == .failure || report.runTimeNanoseconds > 5_000_000 { self.checkForMemoryKill(child) }
        let followUps = child.followUps.removeValue(forKey: tag.number) ?? []
        var aftermath = child.aftermaths.removeValue(forKey: tag.number)
        // It tells what follows from what the child sent, not from the failure that this has become since.
        if report.state != sent { aftermath = nil }
        self.currentReport = CurrentReport(
            report: report, result: result, child: child, followUps: followUps, aftermath: aftermath)
        self.supervisor.taskReported(child.id, tag, Supervisor.Report(report), now: self.now)
        self.performActions()
        self.currentReport = nil
        self.attemptReported(tag.number, report, of: child)
        child.labels[tag.number] = nil
    }

    func outputReadable(_ child: ChildHandle) {
        // The task that writes has been accepted before it wrote: hear of that first.
        self.reportsReadable(child)
        self.readOutput(child, most: Self.pipeShare)
    }

    private func readOutput(_ child: ChildHandle, most: Int) {
        var left = most
        while left > 0 {
            let part = UnsafeMutableRawBufferPointer(rebasing: self.scratch[..<min(left, self.scratch.count)])
            switch try? Syscalls.read(child.output.number, into: part) {
            case .bytes(let count):
                left -= count
                child.tail.append(UnsafeRawBufferPointer(rebasing: part[..<count])) { self.logOutput($0, child) }
                self.supervisor.childWroteOutput(child.id, bytes: count, now: self.now)
                if count < part.count { return }
            case .wouldBlock: return
            case .endOfFile, nil: return self.stopWatchingOutput(child)
            }
        }
    }

    /// A child may close its output: nothing depends on it.
    private func stopWatchingOutput(_ child: ChildHandle) {
        guard child.registrations.count == 2 else { return }
        self.reactor.remove(child.registrations.removeLast())
    }

    /// A child gets tasks once it has said that it is ready and its process has arrived from the template, in either
    /// order: without the process no limit could be kept.
    func childMayBeReady(_ child: ChildHandle) {
        guard child.isReady, child.pid != nil else { return }
        self.measureBaseline(child)
        self.supervisor.childBecameReady(child.id, now: self.now)
    }

    /// The first child of a template that is ready shows what all of them are born with.
    private func measureBaseline(_ child: ChildHandle) {
        guard let template = self.templates[child.generation], template.childBaseline == nil, let pid = child.pid else {
            return
        }
        template.childBaseline = TreeMeter.baseline(of: pid)
        template.groupBaseline = child.group?.memory
    }
}

// MARK: Ends

extension Master {
    /// The child was reaped and its tree is gone. What it wrote before is read first: an outcome in the pipe counts.
    ///
    /// - Parameter usage: what the kernel counted over its life.
    func childEnded(
        _ child: ChildHandle, _ exit: ChildExit, _ usage: LifeUsage, leftovers: Int = 0, templateLost: Bool = false
    ) {
        self.readToEnd(child)
        self.checkForMemoryKill(child)
        let exit = self.naming(exit, child)
        self.gatherEvidence(child, exit, usage)
        self.supervisor.childExited(
            child.id, exit, child.evidence, leftovers: leftovers, templateLost: templateLost, now: self.now)
        self.performActions()
        self.bury(child)
    }

    private func gatherEvidence(_ child: ChildHandle, _ exit: ChildExit, _ usage: LifeUsage) {
        child.exit = exit
        child.attempts = self.supervisor.children[child.id.index]?.assignments ?? []
        let born = self.templates[child.generation]?.childBaseline?.resident ?? 0
        child.evidence.peakGrowth = usage.peakResident - min(born, usage.peakResident)
        child.evidence.cpuTime = .microseconds(Int64(clamping: usage.cpuMicroseconds))
        child.evidence.inheritedCPULimit = Self.inheritedCPULimit
        if let record = child.crashRecord.flatMap({ CrashRecord($0) }) { child.evidence.take(record, endedBy: exit) }
        if child.evidence.crash == nil, !exit.isDenial { child.crashRecord = nil }
        if child.attempts.contains(where: { $0.startedAt != nil }) {
            child.breadcrumbs = self.breadcrumbs.page(at: child.id.index, child: child.id.serial)
        }
    }

    private static let inheritedCPULimit: Duration? = {
        let seconds = Resource.cpuTime.hardLimit
        return seconds == .max ? nil : .seconds(Int64(clamping: seconds))
    }()

    /// Reads both pipes until nothing comes; a stray writer cannot hold the master, since its tree is gone.
    private func readToEnd(_ child: ChildHandle) {
        for _ in 0..<64 {
            guard case .bytes(let count)? = try? Syscalls.read(child.reports.number, into: self.scratch) else { break }
            child.decoder.append(UnsafeRawBufferPointer(rebasing: self.scratch[..<count]))
            self.handleFrames(child)
        }
        self.readOutput(child, most: 1 << 20)
        child.tail.finishLine { self.logOutput($0, child) }
    }
}

/// What a process used in its life.
struct LifeUsage {
    var peakResident: UInt64 = 0
    var cpuMicroseconds: UInt64 = 0
}

extension TaskOrder {
    fileprivate mutating func setLimits(_ limits: TaskLimits) {
        self.softTimeNanoseconds = limits.softTime?.wholeNanoseconds ?? 0
        self.hardTimeNanoseconds = limits.hardTime?.wholeNanoseconds ?? 0
        self.resultLimit = UInt64(limits.result.bytes)
        self.openFiles = UInt64(limits.openFiles ?? 0)
        self.fileSize = UInt64(limits.fileSize?.bytes ?? 0)
        self.dataGrowth = limits.memory.map { UInt64($0.bytes) + Master.dataSlack } ?? 0
    }
}

extension Supervisor.Report {
    /// What the supervisor needs of a report.
    package init(_ report: OutcomeReport) {
        let state: State =
            switch report.state {
            case .success: .success
            case .failure: .failure
            case .retry: .retry
            case .rejected: .rejected
            }
        self.init(
            state, wasCancelled: report.wasCancelled, leftovers: Int(report.leftovers),
            runTime: report.runTimeNanoseconds, peakMemory: report.peakMemory,
            countdown: report.countdownNanoseconds.map { .nanoseconds(Int64(clamping: $0)) })
    }
}
