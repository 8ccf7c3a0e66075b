import Celery
import JSON
import Logging
import Prefork
import Supervision
import Syscalls

/// What a running task can learn and ask for. Usable from any thread.
public struct TaskContext: Sendable {
    private let call: TaskCall

    init(_ call: TaskCall) { self.call = call }

    /// The id of this message.
    public var id: String { self.call.id }

    /// The task's name.
    public var name: String { self.call.name }

    /// Which attempt this is, from 1. Retries and lost children count.
    public var attempt: Int { self.call.attempt }

    /// When the soft limit passes, or else the hard one; `nil` without either.
    public var deadline: ContinuousClock.Instant? { self.timeLeft.map { ContinuousClock.now + $0 } }

    /// Time left until the soft limit, or else the hard one; `nil` without either.
    public var timeLeft: Duration? {
        guard let deadline = self.call.softDeadline ?? self.call.hardDeadline else { return nil }
        return deadline - Instant(nanoseconds: monotonicNanoseconds())
    }

    /// Whether the task is to stop: a soft limit has passed, the worker shuts down, or an operator revoked it. An
    /// async task sees it as `Task.isCancelled` too.
    public var isCancelled: Bool { self.call.notice != nil }

    /// Throws `CancellationError` when the task is to stop.
    public func checkCancellation() throws {
        if self.isCancelled { throw CancellationError() }
    }

    /// Writes to the worker's log, with the task's id and the child's pid.
    public var logger: Logger {
        Logger(label: self.name) { _ in TaskLogHandler(call: self.call) }
    }

    /// Whether the message has cost a child before. It then runs alone in its child, with twice the time and memory, and
    /// what it logs and publishes is left as a breadcrumb, too; it may want to tell more of what it does.
    public var isTraced: Bool { self.call.isTraced }

    /// The trace that this attempt belongs to, as W3C's `traceparent`; `nil` for none. What is called with it becomes a
    /// part of the attempt's span; what the task publishes has it already.
    public var traceParent: String? { self.call.trace?.text }

    /// Leaves a note that survives whatever ends the child: the last 31 are in the post-mortem of an attempt that ends
    /// abnormally, each cut to 103 bytes. Takes less than a microsecond and makes no system call.
    public func breadcrumb(_ text: String) { self.call.breadcrumb(text) }

    /// Publishes another task when this attempt succeeds, in the same step as its outcome; an attempt that fails
    /// publishes nothing.
    ///
    /// - Parameters:
    ///   - task: the name of the task.
    ///   - arguments: positional arguments.
    ///   - keywords: keyword arguments.
    ///   - countdown: the time before it may start; zero for at once.
    ///   - priority: from 0, the most urgent, to 9.
    ///   - queue: the queue that it goes to; `nil` for the one that this task came from. The in-process queue has one.
    public func publish(
        _ task: String, arguments: [any Encodable] = [], keywords: [String: any Encodable] = [:],
        countdown: Duration = .zero, priority: Int = 0, queue: String? = nil
    ) throws {
        precondition((0...9).contains(priority), "A priority lies between 0 and 9.")
        var named = JSONObject()
        for (name, value) in keywords.sorted(by: { $0.key < $1.key }) { named[name] = try JSONCoder.encode(value) }
        var published = PublishedTask(task, arguments: try arguments.map { try JSONCoder.encode($0) }, keywords: named)
        published.countdown = countdown
        published.priority = priority
        published.queue = queue
        self.call.publish(published)
    }

    /// Publishes a workflow when this attempt succeeds, in the same step as its outcome. It belongs to the workflow that
    /// this task is a part of. Signatures that name no queue go to the one that this task came from.
    ///
    /// Throws without a broker, in `celeriac run`. A chord needs a result backend: without one nothing of what
    /// follows the task is sent, and the log says so.
    public func publish(_ workflow: Signature) throws { try self.call.publish(workflow) }

    /// Makes a workflow do this task's work: `throw context.replace(with: …)`. Its result becomes this task's; callbacks,
    /// errbacks, the rest of a chain and a chord wait for it. A group returns the list of its results. Celery: `replace`.
    public func replace(with workflow: Signature) -> any Error { TaskDecision.replace(workflow) }

    /// Makes the attempt end as a retry: `throw context.retry(after: .seconds(3))`.
    ///
    /// - Parameters:
    ///   - countdown: the wait; `nil` takes the task's back-off.
    ///   - reason: what the log, and the error after the last retry, say.
    public func retry(after countdown: Duration? = nil, reason: String = "the task asked for a retry") -> any Error {
        TaskDecision.retry(after: countdown, message: reason)
    }

    /// Makes the attempt end as rejected, without another one: `throw context.reject("no such customer")`.
    public func reject(_ reason: String) -> any Error { TaskDecision.reject(reason: reason) }
}

/// A task's body takes its context among its arguments; no message can bring one.
extension TaskContext: Decodable {
    public init(from decoder: any Decoder) throws {
        throw DecodingError.dataCorrupted(
            .init(codingPath: decoder.codingPath, debugDescription: "a task context is not an argument"))
    }
}

/// Sends a task's log records to the master.
private struct TaskLogHandler: LogHandler {
    let call: TaskCall
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.trace

    init(call: TaskCall) { self.call = call }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { self.metadata[key] }
        set { self.metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let metadata = self.metadata.merging(event.metadata ?? [:]) { $1 }
        let fields = metadata.sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }.joined()
        let level = UInt8(Logger.Level.allCases.firstIndex(of: event.level) ?? 2)
        self.call.log(level: level, "\(event.message)\(fields)")
    }
}
