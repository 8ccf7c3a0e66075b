import Celery
import Supervision

/// What a simulated task does.
public enum Work: Hashable, Sendable, CustomStringConvertible {
    /// Returns a value.
    case succeed
    /// Throws.
    case fail
    /// Asks for another try so many times, each after so many milliseconds, then returns.
    case retry(times: Int, milliseconds: Int)
    /// Refuses the message.
    case reject
    /// Ends its child by a signal, each time or only the first so many.
    case crash(times: Int)
    /// Ends its child with exit code 0 and says nothing.
    case exit
    /// Never ends.
    case hang
    /// Is told to stop at its soft limit and does.
    case giveUp
    /// Writes bytes that are no frame.
    case garbage
    /// Leaves a process behind.
    case leaveProcess
    /// Reports its outcome twice.
    case reportTwice
    /// Ends its child in the middle of writing its outcome.
    case dieReporting
    /// Ends its child right behind its outcome.
    case dieReported
    /// Ends its whole worker, the first so many times.
    case killWorker(times: Int)

    public var description: String {
        switch self {
        case .succeed: "succeed"
        case .fail: "fail"
        case .retry(let times, let milliseconds): "retry:\(times):\(milliseconds)"
        case .reject: "reject"
        case .crash(let times): "crash:\(times)"
        case .exit: "exit"
        case .hang: "hang"
        case .giveUp: "giveUp"
        case .garbage: "garbage"
        case .leaveProcess: "leaveProcess"
        case .reportTwice: "reportTwice"
        case .dieReporting: "dieReporting"
        case .dieReported: "dieReported"
        case .killWorker(let times): "killWorker:\(times)"
        }
    }
}

/// A message that a client sends.
public struct PlannedMessage: Hashable, Sendable {
    /// What is sent.
    public enum Form: String, Sendable, CaseIterable {
        /// A message of a task that the workers have.
        case task
        /// No message at all.
        case malformed
        /// A message of a task that nobody has.
        case unknown
        /// One that is larger than allowed.
        case tooLarge
    }

    /// Its place in the plan.
    public var number: Int
    /// When it is sent, after the start.
    public var at: Duration
    public var form = Form.task
    public var task = SimulatedTask.plain
    public var work = Work.succeed
    /// How long its task runs.
    public var runs: Duration = .milliseconds(5)
    /// Messages that it publishes when it succeeds.
    public var followUps = 0
    public var queue = "celery"
    public var priority = 0
    /// Seconds until it is due.
    public var countdown: Double?
    /// The chord that it is a part of.
    public var chord: PlannedChord?

    public init(number: Int, at: Duration) { (self.number, self.at) = (number, at) }

    public var id: String { "m\(self.number)" }

    /// The id of one of the messages that it publishes.
    func followUp(_ index: Int) -> String { "\(self.id).\(index)" }

    /// As it stands on a list.
    func bytes(dueAt eta: Double?) -> [UInt8] {
        switch self.form {
        case .malformed: Array("no message at all, number \(self.id)".utf8)
        case .task: self.envelope(self.task.rawValue, eta)
        case .unknown: self.envelope("tasks.unheard_of", eta)
        case .tooLarge:
            self.envelope(self.task.rawValue, eta, padding: Plan.largestMessage)
        }
    }

    private func envelope(_ task: String, _ eta: Double?, padding: Int = 0) -> [UInt8] {
        Self.envelope(
            self.id, task, self.queue, self.priority, eta, chord: self.chord, padding: padding)
    }

    /// As a client of Celery writes it, in protocol 2.
    static func envelope(
        _ id: String, _ task: String, _ queue: String, _ priority: Int, _ eta: Double?, parent: String? = nil,
        chord: PlannedChord? = nil, padding: Int = 0
    ) -> [UInt8] {
        let group = chord.map { "\"\($0.id)\"" } ?? "null"
        let place = chord?.parts.firstIndex(of: id).map(String.init) ?? "null"
        let eta = eta.flatMap { WallTime(seconds: $0)?.text }.map { "\"\($0)\"" } ?? "null"
        let parent = parent.map { "\"\($0)\"" } ?? "null"
        let text =
            #"{"body": "\#(self.body(id, chord))\#(String(repeating: "A", count: padding))", "content-encoding": "utf-8", "#
            + #""content-type": "application/json", "headers": {"lang": "py", "task": "\#(task)", "id": "\#(id)", "#
            + #""shadow": null, "eta": \#(eta), "expires": null, "group": \#(group), "group_index": \#(place), "#
            + #""retries": 0, "#
            + #""timelimit": [null, null], "root_id": "\#(id)", "parent_id": \#(parent), "argsrepr": "", "#
            + #""kwargsrepr": "", "origin": "client", "ignore_result": false}, "properties": {"#
            + #""correlation_id": "\#(id)", "reply_to": "client", "delivery_mode": 2, "delivery_info": {"#
            + #""exchange": "", "routing_key": "\#(queue)"}, "priority": \#(priority), "#
            + #""body_encoding": "base64", "delivery_tag": "tag-\#(id)"}}"#
        return Array(text.utf8)
    }

    /// The body's text, by which a child knows that it is the one that was sent.
    static func body(_ id: String, _ chord: PlannedChord? = nil) -> String {
        let embed = chord.map { "{\"chord\": \($0.signature)}" } ?? "{}"
        let text = "[[\"\(id)\"], {}, \(embed)]"
        return String(decoding: Base64.encode(Array(text.utf8)[...]), as: UTF8.self)
    }
}

/// The tasks that simulated workers have.
public enum SimulatedTask: String, Sendable, CaseIterable {
    /// Acknowledged late, result stored.
    case plain = "tasks.plain"
    /// Acknowledged before it runs.
    case early = "tasks.early"
    /// Retried without asking.
    case stubborn = "tasks.stubborn"
    /// At most one at a time over all workers.
    case alone = "tasks.alone"
    /// At most ten starts a second over all workers.
    case paced = "tasks.paced"
    /// Nothing is stored.
    case silent = "tasks.silent"
    /// Its start is stored, too.
    case tracked = "tasks.tracked"

    var index: Int { Self.allCases.firstIndex(of: self)! }
}
