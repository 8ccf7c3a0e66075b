import Broker
import Supervision
import Wire

/// Outcomes that wait for the backtrace of their crash, and backtraces already known.
struct BacktraceDesk {
    /// Longest wait for a backtrace; the outcome then goes without.
    static let patience: Duration = .seconds(3)
    private static let mostKnown = 256

    struct Waiting {
        let delivery: Delivery
        let outcome: TaskOutcome
        let record: Bytes
        let deadline: Instant
    }

    private var waiting: [UInt64: Waiting] = [:]
    private var known: [Bytes: CrashBacktrace] = [:]
    private var lastRequest: UInt64 = 0

    var isEmpty: Bool { self.waiting.isEmpty }
    var nextDeadline: Instant { self.waiting.values.map(\.deadline).min() ?? .distantFuture }

    /// The same place in the program has the same backtrace: asked for once.
    func backtrace(of record: Bytes) -> CrashBacktrace? { self.known[Self.place(record)] }

    mutating func wait(_ waiting: Waiting) -> UInt64 {
        self.lastRequest += 1
        self.waiting[self.lastRequest] = waiting
        return self.lastRequest
    }

    mutating func arrived(_ request: UInt64, _ backtrace: CrashBacktrace?) -> Waiting? {
        guard let waiting = self.waiting.removeValue(forKey: request) else { return nil }
        if let backtrace {
            if self.known.count >= Self.mostKnown { self.known.removeAll() }
            self.known[Self.place(waiting.record)] = backtrace
        }
        return waiting
    }

    mutating func overdue(_ now: Instant) -> [Waiting] {
        let requests = self.waiting.filter { $0.value.deadline <= now }.map(\.key)
        return requests.compactMap { self.waiting.removeValue(forKey: $0) }
    }

    /// What of a record says where the crash was: all but the ids of process and thread (`CrashRecord`).
    private static func place(_ record: Bytes) -> Bytes {
        Array(record.prefix(16) + record.dropFirst(24))[...]
    }
}

extension Master {
    /// Completes the delivery once the template has found out where its child crashed.
    func awaitBacktrace(_ record: Bytes, of child: ChildHandle, _ delivery: Delivery, _ outcome: TaskOutcome) {
        if let known = self.backtraces.backtrace(of: record) { return self.complete(delivery, outcome, known) }
        guard let template = self.templates[child.generation], !template.isLost else {
            return self.complete(delivery, outcome, nil)
        }
        let request = self.backtraces.wait(
            .init(delivery: delivery, outcome: outcome, record: record, deadline: self.now + BacktraceDesk.patience))
        let order = TemplateOrder.symbolicate(request: request, record: record)
        guard case .bytes? = try? template.control.send(order.encoded) else {
            return self.backtraceArrived(request, nil)
        }
    }

    func backtraceArrived(_ request: UInt64, _ backtrace: CrashBacktrace?) {
        guard let waiting = self.backtraces.arrived(request, backtrace) else { return }
        self.complete(waiting.delivery, waiting.outcome, backtrace)
    }

    func completeOverdueBacktraces() {
        if self.backtraces.isEmpty { return }
        for waiting in self.backtraces.overdue(self.now) { self.complete(waiting.delivery, waiting.outcome, nil) }
    }

    private func complete(_ delivery: Delivery, _ outcome: TaskOutcome, _ backtrace: CrashBacktrace?) {
        var outcome = outcome
        if let backtrace {
            if let message = backtrace.message { outcome.failure?.message += ": \(message)" }
            outcome.failure?.backtrace = backtrace.frames
        }
        self.broker.complete(delivery, outcome, now: self.now)
    }
}
