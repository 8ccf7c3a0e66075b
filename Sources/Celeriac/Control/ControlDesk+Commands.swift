import Celery
import Configuration
import JSON
import RemoteControl
import Supervision

/// Commands that change what the worker does.
extension ControlDesk {
    func control(_ name: String, _ arguments: CeleryObject) throws(ControlError) -> CeleryValue? {
        switch name {
        case "revoke": return try self.revoke(arguments)
        case "terminate": return try self.terminate(Self.ids(arguments["task_id"]), arguments["signal"])
        case "revoke_by_stamped_headers": return try self.revokeByStamps(arguments)
        case "rate_limit": return try self.limitRate(arguments)
        case "time_limit": return try self.limitTime(arguments)
        case "add_consumer": return try self.addQueue(arguments)
        case "cancel_consumer": return try self.removeQueue(arguments)
        case "pool_grow": return try self.resize(arguments, grows: true)
        case "pool_shrink": return try self.resize(arguments, grows: false)
        case "recycle": return try self.recycle(arguments)
        case "pool_restart":
            self.master.requestReload()
            return ["ok": "reload started"]
        case "autoscale": return try self.autoscale(arguments)
        case "shutdown":
            self.master.requestWarmShutdown("remote control")
            return nil
        case "enable_events": return self.switchEvents(on: true)
        case "disable_events": return self.switchEvents(on: false)
        case "heartbeat":
            self.broker.sendHeartbeat()
            return .null
        // Workers without gossip take no part in elections.
        case "election": return nil
        default: throw ControlError("KeyError", name)
        }
    }

    private func switchEvents(on: Bool) -> CeleryValue {
        let already = self.broker.sendsTaskEvents == on ? "already " : ""
        self.broker.sendsTaskEvents = on
        return ["ok": .string("task events \(already)\(on ? "enabled" : "disabled")")]
    }

    // MARK: Calling off

    private func revoke(_ arguments: CeleryObject) throws(ControlError) -> CeleryValue {
        let ids = Self.ids(arguments["task_id"])
        if arguments["terminate"]?.asBool == true { return try self.terminate(ids, arguments["signal"]) }
        self.broker.revoke(ids)
        return ["ok": .string("tasks {\(ids.map(pythonText).joined(separator: ", "))} flagged as revoked")]
    }

    private func terminate(_ ids: [String], _ signal: CeleryValue?) throws(ControlError) -> CeleryValue {
        let signal = try TerminationSignal(signal)
        let ended = self.broker.terminate(Set(ids), kills: signal.kills, signal: signal.number)
        self.broker.revoke(ids)
        let text = ended.isEmpty ? "tasks unknown" : ended.joined(separator: ", ")
        return ["ok": .string("terminate: \(text)")]
    }

    private func revokeByStamps(_ arguments: CeleryObject) throws(ControlError) -> CeleryValue {
        let headers = Self.stamps(arguments["headers"] ?? .null)
        let stamps = headers.members.flatMap { member in
            (member.value.asArray ?? [member.value]).map { Revocations.Stamp(name: member.key, value: $0) }
        }
        let shown = PythonRepr.text(of: .object(headers), maxLength: 4_096)
        guard arguments["terminate"]?.asBool == true else {
            self.broker.revoke(stamps)
            return ["ok": .string("headers \(shown) flagged as revoked, but not terminated")]
        }
        let signal = try TerminationSignal(arguments["signal"])
        let ended = self.broker.terminate(stamps, kills: signal.kills, signal: signal.number)
        self.broker.revoke(stamps)
        return ["ok": .string("headers \(shown) \(ended.isEmpty ? "were not terminated" : "revoked")")]
    }

    /// The ids, each once; none that is longer than an id can be.
    static func ids(_ value: CeleryValue?) -> [String] {
        var seen: Set<String> = []
        return (value?.asArray ?? [value ?? .null]).compactMap(\.asString).filter {
            $0.utf8.count <= Revocations.longestID && seen.insert($0).inserted
        }
    }

    /// An object, or texts such as `tenant=acme`, as command lines send them.
    private static func stamps(_ value: CeleryValue) -> CeleryObject {
        if let object = value.asObject { return object }
        var stamps = CeleryObject()
        for text in (value.asArray ?? [value]).compactMap(\.asString) {
            let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
            guard parts.count == 2 else { continue }
            stamps[parts[0]] = .array((stamps[parts[0]]?.asArray ?? []) + [.string(parts[1])])
        }
        return stamps
    }

    // MARK: Limits

    private func limitRate(_ arguments: CeleryObject) throws(ControlError) -> CeleryValue {
        let perSecond = try CeleryRate.perSecond(arguments["rate_limit"] ?? .null)
        let index: Int
        do { index = try self.task(arguments["task_name"]) } catch { return ["error": .string(error.text)] }
        let text = arguments["rate_limit"]?.asString?.filter { !$0.isWhitespace }
        let rate = perSecond.flatMap { Rate(text ?? "\($0)/s") }
        self.engine.table.setRate(rate, task: index)
        return ["ok": .string(rate == nil ? "rate limit disabled successfully" : "new rate limit set successfully")]
    }

    private func limitTime(_ arguments: CeleryObject) throws(ControlError) -> CeleryValue {
        let index: Int
        do { index = try self.task(arguments["task_name"]) } catch { return ["error": .string(error.text)] }
        let (soft, hard) = (try Self.seconds(arguments["soft"]), try Self.seconds(arguments["hard"]))
        if let soft, let hard, soft >= hard {
            throw ControlError("ValueError", "the soft limit must be less than the hard one")
        }
        let limits = self.engine.table.setTimes(soft: soft, hard: hard, task: index)
        self.master.setLimits(limits, task: index)
        return ["ok": "time limits set successfully"]
    }

    private static func seconds(_ value: CeleryValue?) throws(ControlError) -> Duration? {
        switch value ?? .null {
        case .null: return nil
        case .number(let number):
            guard let seconds = number.asDouble, seconds >= 0, seconds < 1e9 else { break }
            return seconds == 0 ? nil : .nanoseconds(Int64(seconds * 1e9))
        default: break
        }
        throw ControlError("ValueError", "a time limit is a number of seconds")
    }

    // MARK: Queues and children

    private func addQueue(_ arguments: CeleryObject) throws(ControlError) -> CeleryValue {
        let name = try Self.queue(arguments)
        guard self.broker.queueNames.count < Self.mostQueues else {
            throw ControlError("ValueError", "there are \(Self.mostQueues) queues already")
        }
        self.broker.addQueue(name)
        return ["ok": .string("add consumer \(name)")]
    }

    private func removeQueue(_ arguments: CeleryObject) throws(ControlError) -> CeleryValue {
        let name = try Self.queue(arguments)
        self.broker.removeQueue(name)
        return ["ok": .string("no longer consuming from \(name)")]
    }

    private static func queue(_ arguments: CeleryObject) throws(ControlError) -> String {
        guard let name = arguments["queue"]?.asString, !name.isEmpty, name.utf8.count <= 255 else {
            throw ControlError("ValueError", "a queue has a name of 1 to 255 bytes")
        }
        return name
    }

    private static let mostChildren = 1_024
    private static let mostQueues = 1_000

    private func recycle(_ arguments: CeleryObject) throws(ControlError) -> CeleryValue {
        guard let pid = arguments["pid"]?.asInt, self.master.recycle(pid: Int32(clamping: pid)) else {
            throw ControlError("ValueError", "no child has this pid and takes tasks")
        }
        return ["ok": "the child will be replaced"]
    }

    private func autoscale(_ arguments: CeleryObject) throws(ControlError) -> CeleryValue {
        guard let bounds = self.master.poolFacts.bounds else {
            throw ControlError("ValueError", "Autoscale not enabled")
        }
        let most = arguments["max"]?.asInt ?? bounds.upperBound
        let fewest = arguments["min"]?.asInt ?? min(bounds.lowerBound, most)
        guard fewest >= 1, most >= fewest, most <= Self.mostChildren else {
            throw ControlError("ValueError", "a pool has 1 to \(Self.mostChildren) children, and not more than max")
        }
        self.master.setPoolBounds(fewest...most)
        return ["ok": .string("autoscale now max=\(most) min=\(fewest)")]
    }

    private func resize(_ arguments: CeleryObject, grows: Bool) throws(ControlError) -> CeleryValue {
        let count = arguments["n"]?.asInt ?? 1
        let now = self.master.poolFacts.concurrency
        guard (0...Self.mostChildren).contains(count), grows ? now + count <= Self.mostChildren : now - count >= 1
        else {
            let bounds = "the pool has \(now) children, and can have 1 to \(Self.mostChildren)"
            throw ControlError("ValueError", bounds)
        }
        self.master.resizePool(by: grows ? count : -count)
        return ["ok": .string(grows ? "pool will grow" : "pool will shrink")]
    }
}

/// How an operator ends an attempt.
struct TerminationSignal {
    let number: Int
    /// Whether its process tree is killed. The signals that Python workers take for a request are one here, too.
    let kills: Bool

    /// A name, with or without `SIG`, or a number; SIGTERM by default.
    init(_ value: CeleryValue?) throws(ControlError) {
        let numbers = ["HUP": 1, "INT": 2, "QUIT": 3, "KILL": 9, "USR1": 10, "USR2": 12, "TERM": 15]
        var number = value?.asInt
        if let name = value?.asString?.uppercased() {
            number = numbers[name.hasPrefix("SIG") ? String(name.dropFirst(3)) : name] ?? Int(name)
        } else if value?.isNull ?? true {
            number = 15
        }
        guard let number, (1...64).contains(number) else { throw ControlError("BadArgument", "no such signal") }
        self.number = number
        self.kills = ![2, 10, 12].contains(number)
    }
}
