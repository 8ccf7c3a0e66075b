import ControlGroups
import Reactor
import Supervision
import Syscalls
import Traces
import Wire

/// A child as the master holds it: its pipes, its process, what is under way in them.
final class ChildHandle {
    /// The master's three ends of a child's pipes, by the token of their registration.
    enum Channel: Int {
        case orders
        case reports
        case output
    }

    let id: ChildID
    let pool: Int
    let generation: Int
    /// The process; `nil` until the template has forked it.
    var pid: ProcessID?
    var process: ProcessDescriptor?
    /// Its control groups, where there are any.
    var group: ChildGroup?
    /// How it ended, what else is known of that, and what was in it then; known once it was reaped.
    var exit: ChildExit?
    var evidence = DeathEvidence()
    var attempts: [Assignment] = []
    /// The notes that it had left by then, or when it was looked at last.
    var breadcrumbs: BreadcrumbPage?
    /// Whether it has reported that it is ready.
    var isReady = false
    /// Whether to kill it as soon as it is there.
    var isCondemned = false

    let orders: Descriptor
    /// The other end of its orders, by which those that it has not read are taken back.
    let unreadOrders: Descriptor
    let reports: Descriptor
    let output: Descriptor
    /// Reports and output, in this order.
    var registrations: [Reactor.Registration] = []
    /// Orders, once the child was slow to read them.
    var ordersRegistration: Reactor.Registration?
    var channels: ChildChannels?

    var decoder = FrameDecoder(.reports, longestGathered: Payload.longestInMemory)
    /// The outcome that is coming in, when it is a large one.
    var largeOutcome: LargeOutcome?
    var queue = WriteQueue()
    var tail = OutputTail()
    /// Follow-up tasks of deliveries that are not over.
    var followUps: [UInt64: [Bytes]] = [:]
    /// What the outcomes of deliveries bring along that are not over.
    var aftermaths: [UInt64: Aftermath] = [:]
    /// What was seen when it was looked at last.
    var look: StackLook?
    /// The record that its signal handler wrote when it crashed.
    var crashRecord: Bytes?
    /// Ids and names of deliveries in it, for the log.
    var labels: [UInt64: DeliveryLabel] = [:]
    /// Deliveries whose orders take several packets and that have not started.
    var largeOrders: Set<UInt64> = []
    /// The delivery that started last.
    var current: UInt64 = 0

    init(
        id: ChildID, pool: Int, generation: Int, orders: consuming Descriptor,
        unreadOrders: consuming Descriptor, reports: consuming Descriptor, output: consuming Descriptor
    ) {
        self.id = id
        self.pool = pool
        self.generation = generation
        self.orders = orders
        self.unreadOrders = unreadOrders
        self.reports = reports
        self.output = output
    }
}

/// What the log says of a delivery.
struct DeliveryLabel {
    let id: Bytes
    let task: Int
    /// The trace that the attempt belongs to; `nil` for none.
    var trace: AttemptTrace?
    /// When the message was sent, or, if that is not known, came to the child, and when the attempt began: in nanoseconds
    /// since 1970.
    var sent: UInt64 = 0
    var began: UInt64?

    var text: String { String(decoding: self.id, as: UTF8.self) }
}

/// The end of what a child wrote to its output, and the line that is not finished.
struct OutputTail {
    private static let capacity = 16_384
    private static let shown = 4_096
    private static let longestLine = 8_192

    private var recent: [UInt8] = []
    private var line: [UInt8] = []
    /// Bytes of `recent` that belong to the task that runs now.
    private var sinceTask = 0

    /// The output from here on is another task's.
    mutating func taskStarted() { self.sinceTask = 0 }

    /// What the current task wrote last, at most 4 KiB; `nil` when it wrote nothing.
    var text: String? {
        self.sinceTask == 0 ? nil : String(decoding: self.recent.suffix(min(self.sinceTask, Self.shown)), as: UTF8.self)
    }

    /// Takes bytes and calls back for each whole line; a longer one is cut.
    mutating func append(_ bytes: UnsafeRawBufferPointer, line report: (Bytes) -> Void) {
        self.recent.append(contentsOf: bytes)
        if self.recent.count > 2 * Self.capacity { self.recent.removeFirst(self.recent.count - Self.capacity) }
        self.sinceTask = min(self.sinceTask + bytes.count, min(self.recent.count, Self.capacity))
        for part in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).dropLast() {
            self.line.append(contentsOf: part)
            self.flushLine(report)
        }
        let rest = bytes.suffix(while: { $0 != UInt8(ascii: "\n") })
        self.line.append(contentsOf: rest)
        if self.line.count > Self.longestLine { self.flushLine(report) }
    }

    /// Reports a line that has no end yet: its task is over.
    mutating func finishLine(_ report: (Bytes) -> Void) {
        if !self.line.isEmpty { self.flushLine(report) }
    }

    private mutating func flushLine(_ report: (Bytes) -> Void) {
        report(self.line.prefix(Self.longestLine))
        self.line.removeAll(keepingCapacity: true)
    }
}

extension UnsafeRawBufferPointer {
    fileprivate func suffix(while matches: (UInt8) -> Bool) -> Slice<UnsafeRawBufferPointer> {
        let start = self.lastIndex { !matches($0) }.map { $0 + 1 } ?? self.startIndex
        return self[start...]
    }
}
