import Celery
import Configuration
import JSON
import Redis
import RemoteControl
import Supervision

/// What inspections show of messages.
extension RedisBroker {
    /// Bodies that are opened for the arguments in them: larger ones are shown as their sender described them. All of one
    /// answer together take no more than a hundredth of a second.
    private static let largestOpened = 65_536
    private static let mostOpened = 1 << 20
    /// Messages of one answer that are not due.
    private static let mostScheduled = 256

    /// Where a message that is shown is.
    public enum Place: String, Sendable {
        /// Its task runs.
        case active
        /// It was taken, and its task has not started.
        case reserved
    }

    /// Tasks that run.
    public var activeTasks: Int { self.held.values.count { Self.place($0) == .active } }

    private static func place(_ message: HeldMessage) -> Place? {
        switch message.place {
        case .running: message.hasStarted ? .active : .reserved
        case .waiting: .reserved
        case .settling: message.hasStarted ? nil : .reserved
        }
    }

    /// Messages that are held, as Celery shows requests.
    ///
    /// - Parameter isSafe: Whether arguments are shown as their sender described them: no body is opened.
    public func requests(_ place: Place, isSafe: Bool = false) -> [CeleryValue] {
        var room = isSafe ? 0 : Self.mostOpened
        return self.held.sorted { $0.key < $1.key }.filter { Self.place($0.value) == place }.map {
            self.request($0.value, &room)
        }
    }

    /// What is known of tasks of these ids: for each where it is, and the request.
    public func requests(ids: Set<String>) -> CeleryObject {
        var found = CeleryObject()
        var room = Self.mostOpened
        for (_, message) in self.held.sorted(by: { $0.key < $1.key }) {
            let id = String(decoding: message.head.id, as: UTF8.self)
            guard ids.contains(id), let place = Self.place(message) else { continue }
            found[id] = [.string(place.rawValue), self.request(message, &room)]
        }
        return found
    }

    private func request(_ message: HeldMessage, _ room: inout Int) -> CeleryValue {
        self.request(
            message.bytes, message.head, acknowledged: message.isAcknowledged, started: message.started, &room)
    }

    private func request(
        _ bytes: ArraySlice<UInt8>, _ head: MessageHead, acknowledged: Bool, started: (at: Double, pid: Int32?)?,
        _ room: inout Int
    ) -> CeleryValue {
        let details = MessageDetails(scanning: bytes)
        let task: CeleryValue = .string(String(decoding: head.task, as: UTF8.self))
        let (args, kwargs) = self.arguments(bytes, head, details, &room)
        let queue = head.routingKey.map { String(decoding: $0, as: UTF8.self) } ?? ""
        return [
            "id": .string(String(decoding: head.id, as: UTF8.self)), "name": Self.value(details.shadow) ?? task,
            "args": args, "kwargs": kwargs, "type": task, "hostname": .string(self.options.nodeName),
            "time_start": started.map { CeleryValue($0.at) } ?? .null, "acknowledged": .bool(acknowledged),
            "delivery_info": [
                "exchange": "", "routing_key": .string(queue), "priority": .number(JSONNumber(head.priority)),
                "redelivered": .bool(head.isRedelivered),
            ],
            "worker_pid": started?.pid.map { .number(JSONNumber(Int($0))) } ?? .null,
        ]
    }

    private func arguments(
        _ bytes: ArraySlice<UInt8>, _ head: MessageHead, _ details: MessageDetails, _ room: inout Int
    ) -> (CeleryValue, CeleryValue) {
        let size = head.body.bytes.count
        if size <= min(Self.largestOpened, room), let envelope = try? Envelope(parsing: bytes) {
            room -= size
            let limits = BodyLimits(maxDepth: 32, maxValues: 10_000)
            let decoder = BodyDecoder(accepted: [.json, .messagePack], limits: limits)
            if let body = try? decoder.taskBody(of: envelope) { return (.array(body.args), .object(body.kwargs)) }
        }
        return (Self.value(details.arguments) ?? "", Self.value(details.keywords) ?? "")
    }

    private static func value(_ raw: ArraySlice<UInt8>?) -> CeleryValue? {
        raw.flatMap { try? RawJSON(unchecked: $0).value() }
    }

    // MARK: What is not due

    /// Messages for queues of this worker that are not due, the next one first. They wait at the server, for all workers
    /// of their queues.
    public func scheduled(then answer: @escaping ([CeleryValue]) -> Void) {
        let command = Command(
            "ZRANGE", self.keys.scheduled, "0", String(Self.mostScheduled - 1), "WITHSCORES")
        self.commands.send(command) { [unowned self] in
            guard case .success(.array(let parts)) = $0 else { return answer([]) }
            var room = Self.mostOpened
            var formatter = WallTimeFormatter()
            let lists = Set(self.lists.inOrder(self.queues.map(\.name)).map(\.key))
            answer(
                stride(from: 0, to: parts.count - 1, by: 2).compactMap { index in
                    self.scheduled(parts[index], at: parts[index + 1], lists, &formatter, &room)
                })
        }
    }

    private func scheduled(
        _ member: Reply, at time: Reply, _ lists: Set<String>, _ formatter: inout WallTimeFormatter, _ room: inout Int
    ) -> CeleryValue? {
        guard case .bytes(let bytes) = member, let (list, message) = ScheduledMember.decode(bytes[...]),
            lists.contains(list), let head = try? MessageHead(scanning: message)
        else { return nil }
        let eta = time.asText.flatMap { Double($0) }.flatMap { formatter.text(seconds: $0) }
        return [
            "eta": eta.map { .string(String(decoding: $0, as: UTF8.self)) } ?? .null, "priority": 6,
            "request": self.request(message, head, acknowledged: false, started: nil, &room),
        ]
    }

    /// Whether the server is there.
    public var isConnected: Bool { self.isServing }

    /// Messages that this worker has a lease on.
    public var leaseCount: Int { self.held.values.count { !$0.isAcknowledged && !$0.isLost } }

    // MARK: Queues

    /// The names of the queues that are taken from.
    public var queueNames: [String] { self.queues.map(\.name) }

    /// Whether it is to take from any queue.
    public var hasQueues: Bool { !self.queues.isEmpty }

    /// Takes from one more queue.
    public func addQueue(_ name: String) {
        guard !self.queueNames.contains(name) else { return }
        self.setQueues(self.queues + [WeightedQueue(name)])
    }

    /// Takes from a queue no more; what was taken is run.
    public func removeQueue(_ name: String) { self.setQueues(self.queues.filter { $0.name != name }) }

    private func setQueues(_ queues: [WeightedQueue]) {
        self.queues = queues
        self.lists = QueueLists(queues.map(\.name), keys: self.keys)
        self.order = QueueRotation(self.options.queueOrder, queues: queues)
        self.taking.changed(.all)
    }
}
