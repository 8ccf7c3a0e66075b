import EngineSupport
import Foundation
import JSON
import Testing

/// A corner of a server with its own key prefix, a file of marks, and what was sent there: the judge of a test.
///
/// Tasks of the name `tasks.mark` leave their id in the file each time they run; `tasks.early` does the same and is
/// acknowledged before.
final class Workplace {
    let server: RedisServer
    let prefix: String
    private let scratch: ScratchDirectory
    /// Ids of tasks that must succeed, and of those that may be lost.
    private(set) var ids: [String] = []
    private(set) var early: [String] = []
    /// Messages that must become dead letters.
    private(set) var hopeless = 0

    init(_ server: RedisServer, prefix: String = "") throws {
        (self.server, self.prefix) = (server, prefix)
        self.scratch = try ScratchDirectory()
        try self.scratch.write("", to: "marks")
    }

    // MARK: Sending

    /// Sends tasks that leave a mark, each taking so long; to be taken before all others, if told so.
    func sendMarks(
        _ count: Int, seconds: Double = 0, countdown: Double? = nil, queue: String = "celery", first: Bool = false
    ) throws {
        let keywords = #"{"seconds": \#(seconds)}"#
        try self.send("tasks.mark", count, keywords, countdown: countdown, queue: queue, first: first)
    }

    /// Sends a little of everything: due and not, retried, acknowledged early, unknown, malformed.
    func sendMixture() throws {
        // Due when even the last of many workers has started.
        try self.sendMarks(4, countdown: 3)
        // Nobody sees at the server whether these are under way: they are over long before the others.
        try self.sendEarly(4)
        try self.sendMarks(24)
        try self.send("tasks.retry_once", 2, #"{"x": 1}"#)
        try self.push(RawMessage("unknown-\(self.prefix)", "tasks.unheard_of").text)
        try self.push("no message at all")
        self.hopeless += 2
    }

    /// Sends tasks that are acknowledged before they run.
    func sendEarly(_ count: Int) throws {
        for _ in 0..<count {
            let message = RawMessage("early-\(self.prefix)\(self.early.count)", "tasks.early")
            self.early.append(message.id)
            try self.push(message.text)
        }
    }

    func send(
        _ task: String, _ count: Int, _ keywords: String, countdown: Double? = nil, queue: String = "celery",
        first: Bool = false
    ) throws {
        for _ in 0..<count {
            var message = RawMessage("task-\(self.prefix)\(self.ids.count)", task)
            message.keywords = keywords
            message.countdown = countdown
            message.queue = queue
            self.ids.append(message.id)
            try self.push(message.text, queue: queue, first: first)
        }
    }

    func push(_ text: String, queue: String = "celery", first: Bool = false) throws {
        guard case .integer = try self.server.command(first ? "RPUSH" : "LPUSH", self.key(queue), text) else {
            throw CommandRefused(queue: queue)
        }
    }

    struct CommandRefused: Error { let queue: String }

    // MARK: Working

    /// Starts a worker here; its fault is a value of `CELERIAC_INTERNAL_FAULT`.
    func startWorker(
        fault: String? = nil, url: String? = nil, concurrency: Int = 2, queues: String = "celery",
        timeout: String = "2s", maxDeliveries: Int = 20,
        log: String = "info", further: [String] = []
    ) throws -> Program {
        let config = try self.scratch.write(self.configuration(timeout, maxDeliveries), to: "worker.toml")
        let broker = url ?? self.server.url()
        let arguments = [
            "worker", "-b", broker, "--result-backend", broker, "-Q", queues, "-c", "\(concurrency)", "-l", log,
            "--log-format", "json", "--config", config,
        ]
        return try Program(
            command: [Executable.demo.path] + arguments + further,
            environment: fault.map { ["CELERIAC_INTERNAL_FAULT": $0] } ?? [:], expectsOutcomes: false)
    }

    private func configuration(_ timeout: String, _ maxDeliveries: Int) -> String {
        let mark = #"echo \"$1\" >> '\#(self.scratch.file("marks"))'; exec sleep \"$2\""#
        let command = #"command = ["sh", "-c", "\#(mark)", "mark", "{id}", "{kwargs.seconds}"]"#
        let early = command.replacing(#", "{kwargs.seconds}""#, with: #", "0""#)
        return """
            [worker]
            worker_timeout = "\(timeout)"
            max_deliveries = \(maxDeliveries)
            \(self.prefix.isEmpty ? "" : "key_prefix = \"\(self.prefix)\"\nresult_key_prefix = \"\(self.prefix)\"")

            [tasks."tasks.mark"]
            \(command)
            stdin = "none"

            [tasks."tasks.early"]
            \(early)
            stdin = "none"
            acks = "early"

            """
    }

    // MARK: Judging

    func key(_ name: String) -> String { self.prefix + name }

    /// Runs of each task so far, by its id.
    func marks() throws -> [String: Int] {
        try self.scratch.read("marks").split(separator: "\n").reduce(into: [:]) { $0[String($1), default: 0] += 1 }
    }

    /// The state of a task's result document; `nil` without one.
    func state(_ id: String) throws -> String? {
        guard let text = try self.server.command("GET", self.key("celery-task-meta-\(id)")).text else { return nil }
        return try JSONValue(parsing: Array(text.utf8)[...])["status"]?.text
    }

    /// Messages at the server: in the queues, handed out, in their index, not due. Counted in one step: one that moves
    /// from the second to the first would be missed otherwise.
    func left(_ queues: [String] = ["celery"]) throws -> [Int] {
        let count = """
            local queued = 0
            for i = 4, #KEYS do queued = queued + redis.call('LLEN', KEYS[i]) end
            return { queued, redis.call('HLEN', KEYS[1]), redis.call('ZCARD', KEYS[2]), redis.call('ZCARD', KEYS[3]) }
            """
        let keys = (["unacked", "unacked_index", "celeriac.scheduled"] + queues).map(self.key)
        let reply = try self.server.command(["EVAL", count, "\(keys.count)"] + keys)
        guard case .list(let counts) = reply else { return [-1] }
        return counts.map { $0.integer ?? -1 }
    }

    func isDrained(_ queues: [String] = ["celery"]) throws -> Bool { try self.left(queues) == [0, 0, 0, 0] }

    /// What must hold at the end: each message is in exactly one place, and that is none of those where it waits.
    ///
    /// `again` is how often a task may have run again, `lost` whether early acknowledged ones may be gone.
    func expectAccounted(
        again: Int = 0, lost: Bool = false, queues: [String] = ["celery"], _ comment: String = "",
        _ location: SourceLocation = #_sourceLocation
    ) throws {
        let name = Comment(rawValue: "\(comment) \(self.prefix)")
        #expect(try self.left(queues) == [0, 0, 0, 0], name, sourceLocation: location)
        let marks = try self.marks()
        for id in self.ids {
            #expect(try self.state(id) == "SUCCESS", "\(name): \(id)", sourceLocation: location)
            guard id.hasPrefix("task-"), let runs = marks[id] else { continue }
            #expect(runs <= 1 + again, "\(name): \(id) ran \(runs) times", sourceLocation: location)
        }
        for id in self.early {
            let state = try self.state(id)
            let found = Comment(rawValue: "\(name): \(id) is \(state ?? "nowhere"), ran \(marks[id] ?? 0) times")
            #expect(state == "SUCCESS" || lost && state == nil, found, sourceLocation: location)
            #expect(marks[id, default: 0] <= 1, "\(name): \(id)", sourceLocation: location)
        }
        #expect(Set(marks.keys).isSubset(of: self.ids + self.early), name, sourceLocation: location)
        let dead = try self.server.command("HLEN", self.key("celeriac.dead")).integer
        #expect(dead == self.hopeless, name, sourceLocation: location)
    }
}
