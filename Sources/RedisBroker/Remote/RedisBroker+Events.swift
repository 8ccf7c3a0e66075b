import Broker
import Celery
import Redis
import RemoteControl
import Supervision
import Syscalls

/// Duty 7: events, for whoever listens: Flower, `celery events`. They go out with the pass's other commands, many in
/// one message, and are lost while there is no connection, as Celery's are.
extension RedisBroker {
    /// Seconds between two heartbeats. Celery's own.
    static let heartbeatInterval: Duration = .seconds(2)
    /// How long events of tasks wait for others that go out with them.
    private static let eventPatience: Duration = .milliseconds(10)

    /// Bytes of a result that are looked at for what is shown of it, which is a kibibyte.
    private static let shownOfResult = 8_192

    /// An end that is told once the server has confirmed it.
    final class ToldEnd {
        enum Kind {
            case outcome(TaskOutcome, TaskLimits)
            case retry(TaskOutcome.Failure?)
            case cancelled
        }

        let kind: Kind

        init(_ kind: Kind) { self.kind = kind }
    }

    // MARK: The worker

    /// A heartbeat when one is due, and what tasks had to tell.
    func sendEvents(now: Instant) {
        if self.nextHeartbeat <= now {
            self.nextHeartbeat = now + Self.heartbeatInterval
            self.events.utcOffset = utcOffsetHours()
            self.tellOfWorker(self.isOnline ? .heartbeat : .online)
            self.isOnline = true
        }
        if self.eventsDue <= now { self.flushEvents() }
    }

    enum WorkerEvent {
        case online, heartbeat, offline

        var type: StaticString {
            switch self {
            case .online: "worker-online"
            case .heartbeat: "worker-heartbeat"
            case .offline: "worker-offline"
            }
        }

        var key: StaticString {
            switch self {
            case .online: "worker.online"
            case .heartbeat: "worker.heartbeat"
            case .offline: "worker.offline"
            }
        }
    }

    /// Tells of the worker now.
    func tellOfWorker(_ event: WorkerEvent) {
        self.flushEvents()
        let load = self.readLoad()
        self.events.begin(clock: self.clock.tick())
        self.events.add("freq", seconds: Int64(Self.heartbeatInterval.wholeNanoseconds))
        self.events.add("active", self.activeTasks)
        self.events.add("processed", self.startedByTask.reduce(0, +))
        self.events.add("loadavg", raw: Array("[\(load.map { "\($0)" }.joined(separator: ", "))]".utf8)[...])
        self.events.add("sw_ident", text: "celeriac")
        self.events.add("sw_ver", text: self.options.version)
        self.events.add("sw_sys", text: "Linux")
        self.events.end(event.type, at: Int64(self.loop.wallSeconds * 1e9))
        self.publishEvents(event.key)
    }

    /// Sends a heartbeat out of turn.
    public func sendHeartbeat() {
        if self.isServing { self.tellOfWorker(.heartbeat) }
    }

    // MARK: Tasks

    func tellReceived(_ message: HeldMessage) {
        guard self.sendsTaskEvents, !self.isJoin(message) else { return }
        let details = MessageDetails(scanning: message.bytes)
        self.beginEvent(message.head.id)
        if let shadow = details.shadow {
            self.events.add("name", raw: shadow)
        } else {
            self.events.add("name", text: message.head.task)
        }
        self.events.add("args", raw: details.arguments.isEmpty ? Self.emptyText : details.arguments)
        self.events.add("kwargs", raw: details.keywords.isEmpty ? Self.emptyText : details.keywords)
        self.events.add("root_id", text: message.head.rootID)
        self.events.add("parent_id", text: message.head.parentID)
        self.events.add("retries", message.head.retries)
        self.events.add("eta", raw: details.eta)
        self.events.add("expires", raw: details.expires)
        self.endEvent("task-received")
    }

    private static let emptyText = Array("\"\"".utf8)[...]

    func tellStarted(_ message: HeldMessage) {
        guard self.sendsTaskEvents, !self.isJoin(message) else { return }
        self.beginEvent(message.head.id)
        self.endEvent("task-started")
    }

    /// What is to be told of an end, if anything.
    func end(_ kind: ToldEnd.Kind) -> ToldEnd? { self.sendsTaskEvents ? ToldEnd(kind) : nil }

    /// The server has confirmed the end.
    func tellEnded(_ message: HeldMessage) {
        guard self.sendsTaskEvents, let end = message.toldEnd, !self.isJoin(message) else { return }
        switch end.kind {
        case .outcome(let outcome, let limits): self.tell(outcome, limits, message)
        case .retry(let failure): self.tellRetried(message, failure)
        case .cancelled:
            self.beginEvent(message.head.id)
            self.endEvent("task-cancelled")
        }
    }

    private func tell(_ outcome: TaskOutcome, _ limits: TaskLimits, _ message: HeldMessage) {
        switch outcome.state {
        case .success: self.tellSucceeded(outcome, message)
        case .failure: self.tellFailed(outcome, limits, message)
        case .revoked: self.tellRevoked(outcome, message)
        case .rejected:
            self.tellFailed(outcome, limits, message)
            self.beginEvent(message.head.id)
            self.events.add("requeue", false)
            self.endEvent("task-rejected")
        }
    }

    private func tellSucceeded(_ outcome: TaskOutcome, _ message: HeldMessage) {
        self.beginEvent(message.head.id)
        let start = (try? outcome.result.prefix(Self.shownOfResult)) ?? []
        self.events.add("result", text: pythonView(ofJSON: start)[...])
        self.events.add("runtime", seconds: Int64(clamping: outcome.runTime?.wholeNanoseconds ?? 0))
        self.endEvent("task-succeeded")
    }

    private func tellFailed(_ outcome: TaskOutcome, _ limits: TaskLimits, _ message: HeldMessage) {
        self.beginEvent(message.head.id)
        self.events.add("exception", text: ResultDocuments.exception(outcome, limits))
        let traceback = ResultDocuments.traceback(outcome)
        self.events.add("traceback", text: traceback.map { Array($0.utf8)[...] })
        if let cause = outcome.failure?.cause { self.events.add("cause", text: cause) }
        self.endEvent("task-failed")
    }

    private func tellRevoked(_ outcome: TaskOutcome, _ message: HeldMessage) {
        let why = outcome.failure?.message
        self.beginEvent(message.head.id)
        self.events.add("terminated", why == "terminated")
        if let signal = message.terminationSignal {
            self.events.add("signum", signal)
        } else {
            self.events.add("signum", raw: nil)
        }
        self.events.add("expired", why == "expired")
        self.endEvent("task-revoked")
    }

    private func tellRetried(_ message: HeldMessage, _ failure: TaskOutcome.Failure?) {
        self.beginEvent(message.head.id)
        self.events.add("exception", text: failure.map { "\($0.type)(\(pythonText($0.message)))" } ?? "None")
        self.events.add("traceback", text: failure.map { Array("\($0.type): \($0.message)\n".utf8)[...] })
        self.endEvent("task-retried")
    }

    /// A message whose task nobody here knows.
    func tellNotRegistered(id: String, task: String) {
        guard self.sendsTaskEvents else { return }
        self.beginEvent(Array(id.utf8)[...])
        self.events.add("exception", text: "NotRegistered(\(pythonText(task)))")
        self.endEvent("task-failed")
    }

    // MARK: Sending

    private func beginEvent(_ id: ArraySlice<UInt8>) {
        self.events.begin(clock: self.clock.tick())
        self.events.add("uuid", text: id)
    }

    private func endEvent(_ type: StaticString) {
        self.events.end(type, at: Int64(self.loop.wallSeconds * 1e9))
        self.eventsDue = min(self.eventsDue, self.loop.now + Self.eventPatience)
        if self.events.isFull { self.flushEvents() }
    }

    private func flushEvents() {
        if self.events.count > 0 { self.publishEvents("task.multi") }
        self.eventsDue = .distantFuture
    }

    private func publishEvents(_ key: StaticString) {
        var command = Command("PUBLISH", self.keys.events("\(key)", database: self.brokerDatabase))
        command.add(self.events.takeMessage(key, deliveryTag: self.nextID()))
        self.commands.send(command) { _ in }
    }
}
