import Broker
import Celery
import JSON
import Synchronization
import Syscalls
import Wire

/// Who publishes messages in a child: makes ids, knows the time and the worker's name.
package final class Sender: Sendable {
    /// The worker's name, as Celery shows it.
    let nodeName: String
    /// Whether result documents tell of the request.
    let extendsResults: Bool
    private let processID: ProcessID
    private let clock: @Sendable () -> Double
    private let ids: Mutex<TaskIDGenerator>

    convenience init(_ program: WorkerProgram) {
        self.init(
            nodeName: program.nodeName, extendsResults: program.extendsResults, processID: ownProcessID,
            seed: randomSeed()
        ) { Double(wallNanoseconds()) / 1e9 }
    }

    /// One whose ids follow from a seed and whose times, in seconds since 1970, from a clock.
    package init(
        nodeName: String, extendsResults: Bool, processID: ProcessID, seed: UInt64,
        clock: @escaping @Sendable () -> Double
    ) {
        self.nodeName = nodeName
        self.extendsResults = extendsResults
        self.processID = processID
        self.clock = clock
        self.ids = Mutex(TaskIDGenerator(seed: seed))
    }

    /// Seconds since 1970.
    var now: Double { self.clock() }

    /// The name of this process in messages, as Celery's clients write theirs.
    var origin: String { "gen\(self.processID)@\(self.nodeName.split(separator: "@").last ?? "")" }

    /// A fresh id.
    var makeID: () -> String { { self.ids.withLock { String(decoding: $0.next(), as: UTF8.self) } } }

    /// What a task published: messages to the queue that it came from, unless they name one. Throws ``BodyError``.
    func send(_ published: Published, by message: TaskMessage) throws -> Continuation.Success {
        let queue = message.envelope.routingKey ?? "celery"
        switch published {
        case .task(let task): return try self.send(task, by: message, to: task.queue ?? queue)
        case .workflow(let signature):
            var continuation = Continuation(of: message.headers, Embed())
            continuation.origin = self.origin
            continuation.defaultQueue = queue
            return try continuation.sent(signature, now: self.now, makeID: self.makeID)
        }
    }

    private func send(
        _ task: PublishedTask, by message: TaskMessage, to queue: String
    ) throws -> Continuation.Success {
        let kwargs = task.keywords.map { CeleryObject.Member(key: $0.key, value: CeleryValue($0.value)) }
        var new = NewTask(
            task: task.name, id: self.makeID(), args: task.arguments.map { CeleryValue($0) },
            kwargs: CeleryObject(kwargs), routingKey: queue)
        new.headers.rootID = message.headers.rootID ?? message.headers.id
        new.headers.parentID = message.headers.id
        new.headers.origin = self.origin
        new.headers.follow(message.headers.trace, state: message.headers.traceState, now: self.now)
        new.priority = task.priority
        if task.countdown > .zero {
            new.headers.eta = WallTime(seconds: self.now + Double(task.countdown.wholeNanoseconds) / 1e9)
        }
        let publication = try Publication(new, deliveryTag: self.makeID())
        var sent = Continuation.Success()
        sent.publications = [publication]
        sent.children = [.task(id: new.headers.id, parent: nil)]
        return sent
    }
}

/// What a running task wants to be run.
package enum Published: Sendable {
    case task(PublishedTask)
    case workflow(Signature)
}

/// A task that a running task wants to be run.
public struct PublishedTask: Sendable {
    /// The task's name.
    public var name: String
    /// Positional arguments.
    public var arguments: [JSONValue]
    /// Keyword arguments.
    public var keywords: JSONObject
    /// The time before it may start.
    public var countdown: Duration = .zero
    /// From 0, the most urgent, to 9.
    public var priority = 0
    /// The queue; `nil` for its publisher's own. Has no meaning in the in-process queue.
    public var queue: String?

    /// A task to be run at once.
    public init(_ name: String, arguments: [JSONValue], keywords: JSONObject) {
        self.name = name
        self.arguments = arguments
        self.keywords = keywords
    }

    /// The task line that asks for it.
    var line: [UInt8] {
        var message: JSONObject = [
            "task": .string(self.name), "args": .array(self.arguments), "kwargs": .object(self.keywords),
        ]
        if self.countdown > .zero {
            message["countdown"] = JSONNumber(Double(self.countdown.wholeNanoseconds) / 1e9).map { .number($0) }
        }
        if self.priority != 0 { message["priority"] = .number(JSONNumber(self.priority)) }
        return JSONValue.object(message).serialized()
    }
}
