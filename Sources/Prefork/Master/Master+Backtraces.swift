import Supervision
import Wire

/// Ends that wait for the backtrace of their crash, and backtraces already known.
struct BacktraceDesk {
    /// Longest wait for a backtrace; the end then goes without.
    static let patience: Duration = .seconds(10)
    private static let mostKnown = 256

    struct Waiting {
        let end: AbnormalEnd
        let record: Bytes
        let deadline: Instant
    }

    /// Ends by the request that they wait for: all that crashed at one place wait for one.
    private var waiting: [UInt64: [Waiting]] = [:]
    private var requests: [Bytes: UInt64] = [:]
    private var known: [Bytes: CrashBacktrace] = [:]
    private var lastRequest: UInt64 = 0

    var isEmpty: Bool { self.waiting.isEmpty }
    var nextDeadline: Instant { self.waiting.values.joined().map(\.deadline).min() ?? .distantFuture }

    /// The same place in the program has the same backtrace: asked for once.
    func backtrace(of record: Bytes) -> CrashBacktrace? { self.known[Self.place(record)] }

    /// Keeps an end. Returns the request to make, or `nil` when the same was made already.
    mutating func wait(_ waiting: Waiting) -> UInt64? {
        let place = Self.place(waiting.record)
        if let request = self.requests[place] {
            self.waiting[request, default: []].append(waiting)
            return nil
        }
        self.lastRequest += 1
        self.requests[place] = self.lastRequest
        self.waiting[self.lastRequest] = [waiting]
        return self.lastRequest
    }

    /// Takes out all that waited for an answer.
    mutating func arrived(_ request: UInt64, _ backtrace: CrashBacktrace?) -> [Waiting] {
        guard let waiting = self.waiting.removeValue(forKey: request), let first = waiting.first else { return [] }
        let place = Self.place(first.record)
        self.requests[place] = nil
        if let backtrace {
            if self.known.count >= Self.mostKnown { self.known.removeAll() }
            self.known[place] = backtrace
        }
        return waiting
    }

    /// Takes out all that has waited for an answer too long.
    mutating func overdue(_ now: Instant) -> [Waiting] {
        let requests = self.waiting.filter { $0.value[0].deadline <= now }.map(\.key)
        return requests.flatMap { self.arrived($0, nil) }
    }

    /// What of a record says where the crash was: all but the ids of process and thread (`CrashRecord`).
    private static func place(_ record: Bytes) -> Bytes {
        Array(record.prefix(16) + record.dropFirst(24))[...]
    }
}

extension Master {
    /// Completes the end once the template has found out where its child crashed.
    func awaitBacktrace(_ record: Bytes, of child: ChildHandle, _ end: AbnormalEnd) {
        if let known = self.backtraces.backtrace(of: record) { return self.complete(end, known) }
        guard let template = self.templates[child.generation], !template.isLost else { return self.complete(end, nil) }
        let deadline = self.now + BacktraceDesk.patience
        let waiting = BacktraceDesk.Waiting(end: end, record: record, deadline: deadline)
        guard let request = self.backtraces.wait(waiting) else { return }
        let order = TemplateOrder.symbolicate(request: request, record: record)
        guard case .bytes? = try? template.control.send(order.encoded) else {
            return self.backtraceArrived(request, nil)
        }
    }

    func backtraceArrived(_ request: UInt64, _ backtrace: CrashBacktrace?) {
        for waiting in self.backtraces.arrived(request, backtrace) { self.complete(waiting.end, backtrace) }
    }

    func completeOverdueBacktraces() {
        if self.backtraces.isEmpty { return }
        for waiting in self.backtraces.overdue(self.now) { self.complete(waiting.end, nil) }
    }

    /// No template is left to ask: what waits for it ends without names.
    func completeAllBacktraces() {
        for waiting in self.backtraces.overdue(.distantFuture) { self.complete(waiting.end, nil) }
    }
}
