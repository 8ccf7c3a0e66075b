import Supervision
import Wire

/// What children write decides about them: whatever it is, and whenever it comes between the other things that happen to
/// them, each delivery ends exactly once.
///
/// The input is a play: a byte says what happens, those behind it say how.
func exerciseChildren(_ bytes: [UInt8]) {
    var play = ChildrenPlay(bytes)
    while play.step() {}
    play.endAll()
}

private struct ChildrenPlay {
    private var script: ArraySlice<UInt8>
    private var supervisor: Supervisor
    private var now = Instant(nanoseconds: 1_000_000_000)
    /// Living children in the order of their forks, and what has come from them.
    private var children: [(id: ChildID, decoder: FrameDecoder, isWatched: Bool)] = []
    private var condemned: [ChildID] = []
    private var open: [UInt64: ChildID] = [:]
    private var lastTag: UInt64 = 0

    init(_ bytes: [UInt8]) {
        self.script = bytes.prefix(2_048)
        var pool = PoolPolicy()
        pool.concurrency = 2
        self.supervisor = Supervisor(pools: [pool], grace: .seconds(3), bootTimeout: .seconds(2), seed: 1)
        var limits = TaskLimits()
        (limits.softTime, limits.hardTime) = (.seconds(4), .seconds(8))
        var retry = RetryPolicy()
        (retry.automatic, retry.maxLosses) = (true, 2)
        self.supervisor.tasks = [TaskProfile(limits: limits, retry: retry, pool: 0)]
        self.supervisor.start(now: self.now)
        self.perform()
    }

    private mutating func byte() -> Int { Int(self.script.popFirst() ?? 0) }

    private mutating func bytes(_ count: Int) -> [UInt8] {
        defer { self.script = self.script.dropFirst(count) }
        return Array(self.script.prefix(count))
    }

    /// Lets one thing happen. Returns whether there is more.
    mutating func step() -> Bool {
        guard !self.script.isEmpty else { return false }
        switch self.byte() % 9 {
        case 0: self.assign()
        case 1: self.write(self.bytes(self.byte()))
        case 2: self.writeOutcome()
        case 3: self.write { PlainFrame.write(.ready, into: &$0) }
        case 4: self.write { [tag = self.lastTag] in PlainFrame.write(.accepted, delivery: tag, into: &$0) }
        case 5: self.pass(.milliseconds(self.byte() * 100))
        case 6: self.closePipe()
        case 7: self.exit()
        default: self.supervisor.revoke(DeliveryTag(UInt64(self.byte())), kill: self.byte() % 2 == 0, now: self.now)
        }
        self.perform()
        return true
    }

    // MARK: What happens

    private mutating func assign() {
        guard let child = self.supervisor.place(task: 0) else { return }
        self.lastTag += 1
        self.open[self.lastTag] = child
        let delivery = Delivery(tag: DeliveryTag(self.lastTag), task: 0, losses: self.byte() % 4)
        _ = self.supervisor.assign(delivery, to: child, now: self.now)
    }

    private mutating func pass(_ time: Duration) {
        self.now = self.now + time
        self.supervisor.timePassed(now: self.now)
    }

    private mutating func closePipe() {
        guard let place = self.somebody(), self.children[place].isWatched else { return }
        self.children[place].isWatched = false
        self.supervisor.childClosedPipe(self.children[place].id, now: self.now)
    }

    private mutating func exit() {
        guard let place = self.somebody() else { return }
        let exits: [ChildExit] = [.exited(code: 0), .exited(code: 1), .signalled("SIGSEGV"), .signalled("SIGKILL")]
        self.exit(self.children[place].id, exits[self.byte() % exits.count])
    }

    private mutating func exit(_ id: ChildID, _ exit: ChildExit) {
        self.children.removeAll { $0.id == id }
        self.supervisor.childExited(id, exit, now: self.now)
    }

    private mutating func somebody() -> Int? {
        self.children.isEmpty ? nil : self.byte() % self.children.count
    }

    // MARK: What children write

    private mutating func write(_ frame: (inout [UInt8]) -> Void) {
        var bytes: [UInt8] = []
        frame(&bytes)
        self.write(bytes)
    }

    /// The outcome of any delivery, as a whole or cut.
    private mutating func writeOutcome() {
        let states: [OutcomeReport.State] = [.success, .failure, .retry, .rejected]
        var report = OutcomeReport(states[self.byte() % states.count], content: [])
        report.leftovers = UInt16(self.byte() % 3)
        report.wasCancelled = self.byte() % 2 == 0
        var bytes: [UInt8] = []
        report.write(delivery: UInt64(self.byte()), into: &bytes)
        self.write(Array(bytes.dropLast(max(0, self.byte() - 200))))
    }

    private mutating func write(_ bytes: [UInt8]) {
        guard let place = self.somebody(), self.children[place].isWatched else { return }
        let id = self.children[place].id
        bytes.withUnsafeBytes { self.children[place].decoder.append($0) }
        do throws(FrameError) {
            while let place = self.children.firstIndex(where: { $0.id == id }),
                let (header, payload) = try self.children[place].decoder.next()
            {
                try self.handle(header, payload, id)
                self.perform()
            }
        } catch {
            if let place = self.children.firstIndex(where: { $0.id == id }) { self.children[place].isWatched = false }
            self.supervisor.childBrokeProtocol(id, "\(error)", now: self.now)
        }
    }

    /// As the master does.
    private mutating func handle(_ header: FrameHeader, _ payload: Bytes, _ id: ChildID) throws(FrameError) {
        let tag = DeliveryTag(header.delivery)
        switch header.kind {
        case .ready: self.supervisor.childBecameReady(id, now: self.now)
        case .accepted: self.supervisor.taskAccepted(id, tag, now: self.now)
        case .outcome:
            let report = try OutcomeReport(decoding: payload)
            let state: Supervisor.Report.State =
                switch report.state {
                case .success: .success
                case .failure: .failure
                case .retry: .retry
                case .rejected: .rejected
                }
            let facts = Supervisor.Report(
                state, wasCancelled: report.wasCancelled, leftovers: Int(report.leftovers),
                runTime: report.runTimeNanoseconds, peakMemory: report.peakMemory,
                countdown: report.countdownNanoseconds.map { .nanoseconds(Int64(clamping: $0)) })
            self.supervisor.taskReported(id, tag, facts, now: self.now)
        default: break
        }
    }

    // MARK: What is done about it

    private mutating func perform() {
        while true {
            let actions = self.supervisor.takeActions()
            if actions.isEmpty { break }
            for action in actions { self.perform(action) }
        }
        guard !self.condemned.isEmpty else { return }
        let condemned = self.condemned
        self.condemned = []
        for id in condemned where self.children.contains(where: { $0.id == id }) {
            self.exit(id, .signalled("SIGKILL"))
        }
        self.perform()
    }

    private mutating func perform(_ action: SupervisorAction) {
        switch action {
        case .startTemplate(let generation): self.supervisor.templateBecameReady(generation, now: self.now)
        case .stopTemplate(let generation), .killTemplate(let generation):
            self.supervisor.templateExited(generation, now: self.now)
        case .fork(let id, _, _): self.children.append((id, FrameDecoder(.reports), true))
        case .stop(let id), .kill(let id): self.condemned.append(id)
        case .finish(let finished): self.ended(finished.delivery)
        case .retry(let delivery, _, _), .giveBack(let delivery): self.ended(delivery)
        case .notify, .recall, .measure, .readMemory, .observe, .sample, .log, .exit: break
        }
    }

    private mutating func ended(_ delivery: Delivery) {
        precondition(self.open.removeValue(forKey: delivery.tag.number) != nil, "A delivery ends once.")
    }

    /// All children die: nothing that was given to them is left.
    mutating func endAll() {
        for child in self.children.map(\.id) {
            self.exit(child, .signalled("SIGKILL"))
            self.perform()
        }
        precondition(self.open.isEmpty, "Each delivery ends with its child.")
    }
}
