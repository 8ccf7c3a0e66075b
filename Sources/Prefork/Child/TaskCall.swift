import Celery
import Supervision
import Synchronization
import Syscalls
import Traces
import Wire

/// One attempt of a task, as its body sees it. Usable from any thread of the child.
public final class TaskCall: Sendable {
    /// The task's name.
    public let name: String
    /// The task's id.
    public let id: String
    /// Which attempt this is, from 1.
    public let attempt: Int
    /// The arguments: JSON `[args, kwargs, {}]`.
    public let body: Bytes
    /// When the soft time limit passes; `nil` without one.
    public let softDeadline: Instant?
    /// When the hard time limit passes; `nil` without one.
    public let hardDeadline: Instant?
    /// Largest encoded result in bytes.
    public let resultLimit: Int
    /// Readable when the child has received a notice; read it only from a body that runs on the main thread.
    public let noticeDescriptor: CInt

    /// Whether the message has cost a child before, so that this attempt runs alone and leaves traces.
    public let isTraced: Bool

    /// Where what the task does belongs; `nil` for no trace.
    public let trace: TraceContext?

    let tag: UInt64
    /// The message that asked for it; `nil` for a task line.
    let message: ReceivedMessage?
    private let reports: ReportWriter
    private let breadcrumbs: BreadcrumbWriter?
    /// A notice from the beginning, for attempts that no master can tell.
    private let givenNotice: Notice?
    private let published: PublishedTasks

    init(
        order: TaskOrder, body: Bytes, message: ReceivedMessage?, tag: UInt64, now: Instant, noticeDescriptor: CInt,
        reports: ReportWriter, breadcrumbs: BreadcrumbWriter?, givenNotice: Notice? = nil
    ) {
        self.name = String(decoding: order.name, as: UTF8.self)
        self.id = String(decoding: order.id, as: UTF8.self)
        self.attempt = Int(order.attempt)
        self.body = body
        self.softDeadline = Self.deadline(order.softTimeNanoseconds, from: now)
        self.hardDeadline = Self.deadline(order.hardTimeNanoseconds, from: now)
        self.resultLimit = Int(clamping: order.resultLimit)
        self.noticeDescriptor = noticeDescriptor
        self.isTraced = order.isTraced
        self.trace = order.trace
        self.tag = tag
        self.message = message
        self.reports = reports
        self.breadcrumbs = breadcrumbs
        self.givenNotice = givenNotice
        self.published = PublishedTasks()
    }

    /// The same attempt, for one of several calls that it makes of another task.
    public init(_ call: TaskCall, task: String, body: Bytes) {
        self.name = task
        self.body = body
        (self.id, self.attempt, self.tag, self.isTraced) = (call.id, call.attempt, call.tag, call.isTraced)
        self.trace = call.trace
        (self.softDeadline, self.hardDeadline) = (call.softDeadline, call.hardDeadline)
        (self.resultLimit, self.noticeDescriptor) = (call.resultLimit, call.noticeDescriptor)
        (self.message, self.reports, self.breadcrumbs) = (call.message, call.reports, call.breadcrumbs)
        (self.givenNotice, self.published) = (call.givenNotice, call.published)
    }

    private static func deadline(_ nanoseconds: UInt64, from now: Instant) -> Instant? {
        nanoseconds == 0 ? nil : now + .nanoseconds(Int64(clamping: nanoseconds))
    }

    /// Why this attempt is to stop; `nil` while it is not.
    public var notice: Notice? {
        if let givenNotice { return givenNotice }
        let value = NoticeValue(NoticeSignal.lastValue)
        return value.isAbout(self.tag) ? value.notice : nil
    }

    /// Asks for another task, published when this attempt succeeds.
    public func publish(_ task: PublishedTask) {
        self.trace("publishes \(task.name)")
        guard self.message == nil else { return self.published.add(.task(task)) }
        let line = task.line
        self.reports.write { PlainFrame.write(.followUp, payload: line[...], delivery: self.tag, into: &$0) }
    }

    /// Asks for a workflow, published when this attempt succeeds. Throws ``NamedFailure`` where there is no broker.
    public func publish(_ workflow: Signature) throws {
        guard self.message != nil else {
            throw NamedFailure(type: "NoBroker", message: "a workflow is sent by a worker with a broker, not by `run`")
        }
        self.trace("publishes \(workflow.task)")
        self.published.add(.workflow(workflow))
    }

    /// What this attempt has asked for.
    var publishedTasks: [Published] { self.published.all }

    /// Leaves a note that outlives the child.
    public func breadcrumb(_ text: String) { self.breadcrumbs?.leave(text, self.tag) }

    /// Leaves a note of the engine's own when the attempt is traced.
    func trace(_ text: @autoclosure () -> String) {
        if self.isTraced { self.breadcrumb(text()) }
    }

    /// Writes to the worker's log, with the task's id and the child's pid.
    public func log(level: UInt8, _ message: String) {
        self.trace("logs \(message)")
        let text = Array(message.utf8.prefix(32_768))
        self.reports.writeNow { LogReport(level: level, message: text[...]).write(delivery: self.tag, into: &$0) }
    }
}

/// What an attempt has asked for, from whichever thread.
private final class PublishedTasks: Sendable {
    private let tasks = Mutex<[Published]>([])

    var all: [Published] { self.tasks.withLock { $0 } }

    func add(_ task: Published) { self.tasks.withLock { $0.append(task) } }
}

/// The 32 bits that come with a notice signal: the notice above, the low bits of the delivery tag below.
struct NoticeValue {
    private static let tagBits: UInt32 = 24
    private let bits: UInt32

    init(_ bits: UInt32) { self.bits = bits }

    init(_ notice: Notice, _ tag: UInt64) {
        self.bits = UInt32(notice.rawValue) << Self.tagBits | UInt32(tag & 0xFF_FFFF)
    }

    var rawValue: UInt32 { self.bits }
    var notice: Notice? { Notice(rawValue: UInt8(self.bits >> Self.tagBits)) }

    /// Whether it is about this delivery: a late notice must not stop the next task.
    func isAbout(_ tag: UInt64) -> Bool { self.bits & 0xFF_FFFF == UInt32(tag & 0xFF_FFFF) && self.bits != 0 }
}
