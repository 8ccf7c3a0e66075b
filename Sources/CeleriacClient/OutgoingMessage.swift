import Celery
import FoundationEssentials
import JSON
import Supervision

/// A message that is ready to be sent.
struct OutgoingMessage {
    let id: String
    let queue: String
    /// The key of the list that it goes to.
    let list: String
    let bytes: [UInt8]
    let isRepeatable: Bool
}

extension Client {
    /// The message of a call. Throws ``ClientError`` with the code `invalid` or `notEncodable`.
    func message(_ call: TaskCall, _ span: SendSpan? = nil) throws(ClientError) -> OutgoingMessage {
        let options = call.options
        let queue = options.queue ?? self.options.queue
        try Self.check(call, queue)
        var task = try self.newTask(call, queue: queue)
        span?.add(to: &task.headers.others, now: Date().timeIntervalSince1970)
        span?.isOf(task.headers.id)
        do throws(BodyError) {
            var envelope = try task.envelope(deliveryTag: RandomID.make())
            self.options.signingKey?.sign(&envelope, now: Date().timeIntervalSince1970)
            return OutgoingMessage(
                id: task.headers.id, queue: queue, list: self.keys.queue(queue, priority: options.priority),
                bytes: envelope.serialized(), isRepeatable: options.whenUncertain == .sendAgain)
        } catch {
            throw ClientError(.notEncodable, "the call of \(call.task) cannot be encoded: \(error)")
        }
    }

    private static func check(_ call: TaskCall, _ queue: String) throws(ClientError) {
        if call.task.isEmpty { throw ClientError(.invalid, "a task has a name") }
        if queue.isEmpty { throw ClientError(.invalid, "a queue has a name") }
        if call.options.id?.isEmpty == true { throw ClientError(.invalid, "a task's id is not empty") }
        guard (0...9).contains(call.options.priority) else {
            throw ClientError(.invalid, "the priority \(call.options.priority) is not from 0 to 9")
        }
    }

    private func newTask(_ call: TaskCall, queue: String) throws(ClientError) -> NewTask {
        let options = call.options
        var task = NewTask(
            task: call.task, id: options.id ?? RandomID.make(), args: call.arguments, kwargs: call.keywords,
            routingKey: queue)
        task.priority = options.priority
        task.replyTo = options.replyTo
        task.serializer = options.serializer
        task.compression = options.compression
        task.body.embed.callbacks = options.link
        task.body.embed.errbacks = options.linkError
        task.headers.origin = self.origin
        task.headers.ignoreResult = options.ignoresResult
        task.headers.shadow = options.shadow
        task.headers.rootID = options.rootID ?? task.headers.id
        task.headers.parentID = options.parentID
        task.headers.retries = options.retries
        task.headers.timeLimits = TimeLimits(
            hard: Self.seconds(options.timeLimit), soft: Self.seconds(options.softTimeLimit))
        for (name, value) in options.headers.sorted(by: { $0.key < $1.key }) {
            task.headers.others[name] = RawJSON(unchecked: value.serialized()[...])
        }
        try Self.setTimes(options, of: &task)
        return task
    }

    private static func setTimes(_ options: SendOptions, of task: inout NewTask) throws(ClientError) {
        let now = Date().timeIntervalSince1970
        if let countdown = options.countdown {
            task.headers.eta = countdown > .zero ? try self.time(now + self.double(countdown)) : nil
        } else if let eta = options.eta {
            task.headers.eta = try self.time(eta.timeIntervalSince1970)
        }
        guard let expires = options.expires else { return }
        let end =
            switch expires {
            case .after(let duration): now + self.double(duration)
            case .at(let date): date.timeIntervalSince1970
            }
        task.headers.expires = try self.time(end)
        task.expiration = Int(max(0, (end - now) * 1_000))
    }

    private static func time(_ seconds: Double) throws(ClientError) -> WallTime {
        guard let time = WallTime(seconds: seconds) else {
            throw ClientError(.invalid, "a time is outside the years 1 to 9999")
        }
        return time
    }

    private static func seconds(_ limit: Duration?) -> JSONNumber? {
        guard let limit else { return nil }
        let seconds = self.double(limit)
        return Int(exactly: seconds).map { JSONNumber($0) } ?? JSONNumber(seconds)
    }

    private static func double(_ duration: Duration) -> Double { Double(duration.wholeNanoseconds) / 1e9 }
}
