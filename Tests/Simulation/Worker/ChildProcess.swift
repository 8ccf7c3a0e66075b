import Celery
import Prefork
import Supervision
import Wire

/// A child as the kernel and its own code have it: it reads orders, runs what they say, and writes reports into a pipe
/// that holds little.
final class ChildProcess {
    private static let pipeSize = 4_096

    private struct Attempt {
        let tag: UInt64
        let copy: MessageCopy
        let message: PlannedMessage?
        /// What the production child finds in the message, where chords are concerned.
        let opened: ReceivedMessage?
        var notice: Notice?
        let startedAt: Instant
        let hardLimit: Duration?
    }

    let id: ChildID
    let generation: Int
    unowned let worker: WorkerProcess
    private let concurrency: Int
    private lazy var sender = self.makeSender()
    private(set) var exit: ChildExit?
    /// Orders that nobody has read, a packet each.
    private(set) var orders: [[UInt8]] = []
    private var running: [Attempt] = []
    private var isReady = false
    private var isLeaving = false
    /// Does nothing any more.
    private(set) var isHanging = false
    /// Whether a task has left a process in it.
    private(set) var hasLeftover = false

    // The pipe of its reports.
    private(set) var pipe: [UInt8] = []
    private var outbox: [UInt8] = []
    private(set) var hasClosedPipes = false
    private var written = 0
    /// Where in all that was written the outcome of a delivery ends.
    private var outcomes: [(tag: UInt64, end: Int)] = []
    private var isPumping = false
    /// What happens when so much has been written.
    private var afterWriting: [(end: Int, action: () -> Void)] = []

    init(_ worker: WorkerProcess, _ id: ChildID, generation: Int, concurrency: Int) {
        self.worker = worker
        self.id = id
        self.generation = generation
        self.concurrency = concurrency
    }

    private var world: World { self.worker.world }

    private func makeSender() -> Sender {
        let now = Double(World.wallStart) + Double((self.world.now - World.start).wholeNanoseconds) / 1e9
        return Sender(
            nodeName: self.worker.name, extendsResults: false, processID: 4_711, seed: self.world.random.next()
        ) { now }
    }
    var isAlive: Bool { self.exit == nil }
    private var acts: Bool { self.isAlive && !self.isHanging }

    // MARK: Life

    func boot() {
        self.world.after(self.world.microseconds(200...8_000)) {
            guard self.acts else { return }
            self.isReady = true
            self.world.note(.ready, self.id.serial) { "\(self.worker.name) \(self.id)" }
            self.emit { PlainFrame.write(.ready, into: &$0) }
            self.readOrders()
        }
    }

    func hang() { self.isHanging = true }

    func closePipes() {
        guard self.isAlive else { return }
        self.hasClosedPipes = true
        self.outbox = []
        self.worker.wake()
    }

    /// The process is gone, and its template or its master will hear of it.
    func die(_ exit: ChildExit) {
        guard self.isAlive else { return }
        self.exit = exit
        self.world.note(.died, self.id.serial) { "\(self.worker.name) \(self.id): \(exit)" }
        if !self.outbox.isEmpty { self.world.reached.note("died with a partial frame") }
        self.outbox = []
        for attempt in self.running { self.endAttempt(attempt) }
        self.running = []
        self.worker.childDied(self)
    }

    // MARK: Orders

    func ordered(_ packet: [UInt8]) {
        guard self.isAlive else { return }
        self.orders.append(packet)
        self.readOrders()
    }

    func told(_ leave: Bool) {
        self.world.after(self.world.microseconds(5...100)) {
            self.isLeaving = true
            self.leaveIfDone()
        }
    }

    /// Takes back all that was not read.
    func takeBackOrders() -> [[UInt8]] {
        defer { self.orders = [] }
        return self.orders
    }

    private func readOrders() {
        guard self.acts, self.isReady, self.running.count < self.concurrency, !self.orders.isEmpty else { return }
        self.world.after(self.world.microseconds(2...60)) {
            guard self.acts, self.running.count < self.concurrency, !self.orders.isEmpty else { return }
            self.begin(self.orders.removeFirst())
            self.readOrders()
        }
    }

    private func begin(_ packet: [UInt8]) {
        var decoder = FrameDecoder(.orders)
        packet.withUnsafeBytes { decoder.append($0) }
        guard let frame = try? decoder.next(), let (order, body) = try? TaskOrder.decode(frame.payload) else {
            return self.world.broke(.simulation, "an order that is none")
        }
        if order.isLast { self.isLeaving = true }
        self.start(frame.header.delivery, order, body)
    }

    private func start(_ tag: UInt64, _ order: TaskOrder, _ body: Bytes) {
        guard let copy = MessageCopy(Array(body)) else { return self.world.broke(.noInvention, "a body of nobody") }
        // What cannot be reported is not begun.
        if self.hasClosedPipes { return self.die(.exited(code: 80)) }
        let message = self.world.judge.message(copy.id)
        self.emit { PlainFrame.write(.accepted, delivery: tag, into: &$0) }
        let hard = order.hardTimeNanoseconds == 0 ? nil : Duration.nanoseconds(Int64(order.hardTimeNanoseconds))
        let attempt = Attempt(
            tag: tag, copy: copy, message: message, opened: self.open(body, order.bodyFormat, copy),
            startedAt: self.world.now, hardLimit: hard)
        self.running.append(attempt)
        // That it begins is written before it does.
        self.whenWritten { self.run(attempt, body, hasFailed: order.hasFailed) }
    }

    /// Opens what begins, joins or is part of a chord.
    private func open(_ body: Bytes, _ format: TaskOrder.BodyFormat, _ copy: MessageCopy) -> ReceivedMessage? {
        guard self.world.judge.isOfChord(copy.id) else { return nil }
        do {
            if format == .join { return try ReceivedMessage(opening: JoinOrder(decoding: body)) }
            return try ReceivedMessage(opening: body)
        } catch {
            self.world.broke(.noInvention, "\(copy.id) cannot be opened: \(error)")
            return nil
        }
    }

    private func run(_ attempt: Attempt, _ body: Bytes, hasFailed: Bool) {
        let copy = attempt.copy
        self.world.note(.accepted, self.id.serial, attempt.tag) {
            "\(self.worker.name) \(self.id) begins \(copy.id)#\(copy.retries)\(hasFailed ? " (failed)" : "")"
        }
        if hasFailed { return self.tellFailure(attempt) }
        self.world.judge.started(copy, body, tag: attempt.tag, in: self)
        self.perform(attempt, attempt.message?.work ?? .succeed, attempt.message?.runs ?? .milliseconds(2))
    }

    /// The task has failed without a child that could tell what follows: this one only tells.
    private func tellFailure(_ attempt: Attempt) {
        self.world.reached.note("asked what follows")
        self.world.after(self.world.microseconds(10...200)) {
            guard self.acts, self.isRunning(attempt) else { return }
            if attempt.opened == nil { self.emit { Aftermath().write(delivery: attempt.tag, into: &$0) } }
            self.fail(attempt, "AsItFailed")
        }
    }

    private func isRunning(_ attempt: Attempt) -> Bool { self.running.contains { $0.tag == attempt.tag } }

    // MARK: Tasks

    private func perform(_ attempt: Attempt, _ work: Work, _ time: Duration) {
        self.world.after(time + self.world.microseconds(5...50)) {
            guard self.acts, self.isRunning(attempt) else { return }
            self.finish(attempt, work)
        }
    }

    private func finish(_ attempt: Attempt, _ work: Work) {
        let runs = self.world.judge.starts(of: attempt.copy.id)
        if let chord = attempt.opened?.chord { return self.join(chord, attempt) }
        switch work {
        case .succeed: self.succeed(attempt)
        case .fail: self.fail(attempt, "ValueError")
        case .reject: self.fail(attempt, "Reject", .rejected)
        case .retry(let times, let milliseconds):
            guard attempt.copy.retries < times else { return self.succeed(attempt) }
            self.fail(attempt, "Retry", .retry) { $0.countdownNanoseconds = UInt64(milliseconds) * 1_000_000 }
        case .crash(let times):
            if runs > times { return self.succeed(attempt) }
            self.die(.signalled("SIGSEGV"))
        case .exit: self.die(.exited(code: 0))
        case .hang, .giveUp: break
        case .garbage:
            self.emit { $0 += "Segmentation fault, not a frame".utf8 }
            self.isHanging = true
        case .leaveProcess:
            self.hasLeftover = true
            self.succeed(attempt, leftovers: 1)
        case .reportTwice:
            self.succeed(attempt)
            self.emit { OutcomeReport(.success, content: Self.result).write(delivery: attempt.tag, into: &$0) }
        case .dieReporting: self.dieReporting(attempt)
        case .dieReported:
            self.succeed(attempt)
            self.die(.signalled("SIGABRT"))
        case .killWorker(let times):
            if runs > times { return self.succeed(attempt) }
            self.world.reached.note("task killed its worker")
            self.worker.die()
        }
    }

    private func dieReporting(_ attempt: Attempt) {
        var frame: [UInt8] = []
        OutcomeReport(.success, content: Self.result).write(delivery: attempt.tag, into: &frame)
        let cut = Int.random(in: 1..<frame.count, using: &self.world.random)
        self.emit { $0 += frame[..<cut] }
        self.world.reached.note("half an outcome")
        self.die(.signalled("SIGSEGV"))
    }

    /// All parts have returned: the body follows, or its failure.
    private func join(_ chord: ChordResults, _ attempt: Attempt) {
        self.world.reached.note("chord joined")
        do throws(ChordFailure) {
            _ = try chord.values()
            self.succeed(attempt)
        } catch {
            self.world.reached.note("chord failed")
            self.fail(attempt, "ChordError")
        }
    }

    /// Ends without success, and tells what follows from that.
    private func fail(
        _ attempt: Attempt, _ type: String, _ state: OutcomeReport.State = .failure,
        _ change: (inout OutcomeReport) -> Void = { _ in }
    ) {
        if let opened = attempt.opened {
            self.emit { opened.aftermathOfFailure(self.sender).write(delivery: attempt.tag, into: &$0) }
        }
        var report = OutcomeReport(state, content: Self.error(type))
        change(&report)
        self.report(attempt, report)
    }

    private func succeed(_ attempt: Attempt, leftovers: UInt16 = 0) {
        var aftermath = self.aftermath(of: attempt)
        for index in 0..<(attempt.message?.followUps ?? 0) {
            let id = attempt.message!.followUp(index)
            let bytes = PlannedMessage.envelope(
                id, SimulatedTask.plain.rawValue, "celery", 0, nil, parent: attempt.copy.id)
            aftermath.publications.append(
                Aftermath.Publication(queue: Array("celery".utf8)[...], priority: 0, message: bytes[...]))
        }
        self.emit { aftermath.write(delivery: attempt.tag, into: &$0) }
        var report = OutcomeReport(.success, content: Self.result)
        report.leftovers = leftovers
        self.report(attempt, report)
    }

    private func aftermath(of attempt: Attempt) -> Aftermath {
        do {
            return try attempt.opened?.aftermath(returning: Self.result, [], self.sender) ?? Aftermath()
        } catch {
            self.world.broke(.simulation, "what follows \(attempt.copy.id) cannot be sent: \(error)")
            return Aftermath()
        }
    }

    private static let result: Bytes = Array(#""done""#.utf8)[...]

    private static func error(_ type: String) -> Bytes {
        Array(#"{"type": "\#(type)", "message": "simulated"}"#.utf8)[...]
    }

    private func report(_ attempt: Attempt, _ report: OutcomeReport) {
        var report = report
        report.runTimeNanoseconds = (self.world.now - attempt.startedAt).wholeNanoseconds
        self.running.removeAll { $0.tag == attempt.tag }
        self.endAttempt(attempt)
        self.world.note(.reported, self.id.serial, attempt.tag) {
            "\(self.worker.name) \(self.id) \(attempt.copy.id)#\(attempt.copy.retries) \(report.state)"
        }
        self.emit { report.write(delivery: attempt.tag, into: &$0) }
        if !self.hasClosedPipes { self.outcomes.append((attempt.tag, self.written + self.outbox.count)) }
        self.readOrders()
        self.leaveIfDone()
    }

    private func endAttempt(_ attempt: Attempt) {
        self.world.judge.attemptEnded(attempt.copy, tag: attempt.tag, in: self)
        guard let limit = attempt.hardLimit, !self.worker.wasStopped, !self.worker.isDead else { return }
        let ran = self.world.now - attempt.startedAt
        if ran > limit + .seconds(1) {
            self.world.broke(.hardLimit, "\(attempt.copy.id) ran for \(ran) with a limit of \(limit)")
        }
    }

    private func leaveIfDone() {
        guard self.acts, self.isLeaving, self.running.isEmpty, self.orders.isEmpty else { return }
        self.world.after(self.world.microseconds(10...500)) {
            guard self.acts, self.running.isEmpty, self.outbox.isEmpty else { return }
            self.die(.exited(code: 0))
        }
    }

    /// The task is told to stop.
    func noticed(_ tag: UInt64, _ notice: Notice) {
        guard self.acts, let index = self.running.firstIndex(where: { $0.tag == tag }) else { return }
        self.running[index].notice = notice
        let attempt = self.running[index]
        let obeys = attempt.message?.work == .giveUp || notice != .softTime && self.world.chance(50)
        guard obeys else { return }
        self.world.reached.note("told to stop: \(notice)")
        self.world.after(self.world.microseconds(50...2_000)) {
            guard self.acts, self.isRunning(attempt) else { return }
            self.fail(attempt, "CancellationError") { $0.wasCancelled = true }
        }
    }

    /// What its process shows that it does.
    var isWorking: Bool { self.acts && self.running.contains { $0.message?.work != .hang } }
    var runningTags: [UInt64] { self.running.map(\.tag) }

    // MARK: The pipe

    private func emit(_ write: (inout [UInt8]) -> Void) {
        guard self.isAlive, !self.hasClosedPipes else { return }
        write(&self.outbox)
        self.pump()
    }

    /// Does something when all that was emitted is in the pipe.
    private func whenWritten(_ action: @escaping () -> Void) {
        if self.outbox.isEmpty { return action() }
        self.afterWriting.append((self.written + self.outbox.count, action))
    }

    /// Bytes go into the pipe as far as there is room; slowly, when the kernel is slow.
    private func pump() {
        guard !self.outbox.isEmpty, !self.hasClosedPipes, !self.isPumping else { return }
        let room = Self.pipeSize - self.pipe.count
        var count = min(room, self.outbox.count)
        guard count > 0 else { return }
        if self.worker.hasSlowPipes {
            count = Int.random(in: 1...min(count, 24), using: &self.world.random)
            self.isPumping = true
            self.world.after(self.world.microseconds(10...3_000)) {
                self.isPumping = false
                if self.isAlive { self.pump() }
            }
        }
        self.pipe += self.outbox[..<count]
        self.outbox.removeFirst(count)
        self.written += count
        self.worker.wake()
        while let next = self.afterWriting.first, next.end <= self.written, self.acts {
            self.afterWriting.removeFirst()
            next.action()
        }
    }

    /// The master reads; perhaps not all that there is.
    func read(most: Int) -> [UInt8] {
        let count = min(most, self.pipe.count)
        let bytes = Array(self.pipe[..<count])
        self.pipe.removeFirst(count)
        if self.isAlive { self.pump() }
        return bytes
    }

    /// Outcomes that were in the pipe as a whole when it died.
    var wholeOutcomes: [UInt64] { self.outcomes.filter { $0.end <= self.written }.map(\.tag) }

    /// Whether a read finds the end.
    var isAtEnd: Bool { self.pipe.isEmpty && (!self.isAlive || self.hasClosedPipes) }
}
