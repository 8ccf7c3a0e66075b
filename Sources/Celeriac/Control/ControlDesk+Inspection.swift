import Celery
import Configuration
import JSON
import RemoteControl
import Supervision
import Syscalls

/// Commands that change nothing.
extension ControlDesk {
    func inspect(
        _ name: String, _ arguments: CeleryObject, then answer: @escaping (CeleryValue?) -> Void
    ) throws(ControlError) {
        switch name {
        case "scheduled": self.broker.scheduled { answer(.array($0)) }
        case "snapshot": try self.snapshot(arguments["parts"], then: answer)
        case "query_task": self.query(Self.ids(arguments["ids"]), then: answer)
        default: answer(try self.inspect(name, arguments))
        }
    }

    private func inspect(_ name: String, _ arguments: CeleryObject) throws(ControlError) -> CeleryValue {
        switch name {
        case "ping": return ["ok": "pong"]
        case "active": return .array(self.broker.requests(.active, isSafe: arguments["safe"]?.asBool ?? false))
        case "reserved": return .array(self.broker.requests(.reserved))
        case "revoked": return .array(self.broker.revocations.ids.map { .string($0) })
        case "registered": return .array(self.registered(arguments["taskinfoitems"]))
        case "active_queues": return .array(self.broker.queueNames.map(Self.queue))
        case "clock": return ["clock": .number(JSONNumber(self.broker.clock.time))]
        case "conf": return .object(self.configuration(withDefaults: arguments["with_defaults"]?.asBool ?? false))
        case "stats": return self.statistics
        case "report": return ["ok": .string(self.report)]
        case "memsample": return .string(Self.memory)
        case "memdump": return .string("- rss (sample):\n-    > \(Self.memory),\n- rss (end): \(Self.memory).\n")
        case "objgraph": throw ControlError("ImportError", "Requires the objgraph library")
        case "hello": return self.hello(arguments)
        default: throw ControlError("KeyError", name)
        }
    }

    /// What is not held here may wait for its time.
    private func query(_ ids: [String], then answer: @escaping (CeleryValue?) -> Void) {
        var found = self.broker.requests(ids: Set(ids))
        guard ids.contains(where: { found[$0] == nil }) else { return answer(.object(found)) }
        self.broker.scheduled { scheduled in
            for request in scheduled.compactMap({ $0["request"] }) {
                guard let id = request["id"]?.asString, ids.contains(id), found[id] == nil else { continue }
                found[id] = ["scheduled", request]
            }
            answer(.object(found))
        }
    }

    private func hello(_ arguments: CeleryObject) -> CeleryValue {
        guard arguments["from_node"]?.asString != self.nodeName else { return .null }
        self.broker.learnRevoked(Self.ids(arguments["revoked"]))
        return [
            "revoked": .array(self.broker.revocations.ids.map { .string($0) }),
            "clock": .number(JSONNumber(self.broker.nextClock())),
        ]
    }

    // MARK: Tasks and queues

    private func registered(_ items: CeleryValue?) -> [CeleryValue] {
        let wanted = items?.asArray?.compactMap(\.asString) ?? []
        let names = wanted.isEmpty ? ["exchange", "routing_key", "rate_limit"] : wanted
        let tasks = self.engine.table.names.enumerated().filter { !BuiltinTasks.isBuiltin($0.element) }
        return tasks.map { index, task in
            let parts = names.compactMap { name in self.attribute(name, of: index).map { "\(name)=\($0)" } }
            return .string(parts.isEmpty ? task : "\(task) [\(parts.joined(separator: " "))]")
        }
    }

    /// An attribute of a task as a Python worker has it; `nil` for one that is not set.
    private func attribute(_ name: String, of task: Int) -> String? {
        let (profile, delivery) = (self.engine.table.profiles[task], self.engine.table.deliveries[task])
        switch name {
        case "rate_limit": return delivery.admission.rate?.text
        case "max_retries": return "\(profile.retry.maxRetries)"
        case "time_limit": return profile.limits.hardTime.map(Self.seconds)
        case "soft_time_limit": return profile.limits.softTime.map(Self.seconds)
        case "acks_late": return delivery.acknowledgement == .late ? "True" : nil
        case "ignore_result": return delivery.ignoresResult ? "True" : nil
        case "track_started": return delivery.tracksStart ? "True" : nil
        case "serializer": return "json"
        default: return nil
        }
    }

    private static func seconds(_ duration: Duration) -> String {
        let seconds = Double(duration.wholeNanoseconds) / 1e9
        return Int(exactly: seconds).map { "\($0)" } ?? "\(seconds)"
    }

    private static func queue(_ name: String) -> CeleryValue {
        [
            "name": .string(name),
            "exchange": [
                "name": .string(name), "type": "direct", "arguments": nil, "durable": true, "passive": false,
                "auto_delete": false, "delivery_mode": nil, "no_declare": false,
            ],
            "routing_key": .string(name), "queue_arguments": nil, "binding_arguments": nil, "consumer_arguments": nil,
            "durable": true, "exclusive": false, "auto_delete": false, "no_ack": false, "alias": nil, "bindings": [],
            "no_declare": nil, "expires": nil, "message_ttl": nil, "max_length": nil, "max_length_bytes": nil,
            "max_priority": nil,
        ]
    }

    // MARK: The worker

    private static var memory: String {
        let bytes = ProcessTable.residentMemory(of: ownProcessID)?.total ?? 0
        let thousandths = Int(bytes) * 1_000 / (1 << 20)
        return "\(thousandths / 1_000).\(String(thousandths % 1_000 + 1_000).dropFirst())MB"
    }

    /// Settings whose values mean the same in Celery, and are of the same kind.
    private static let sharedNames: Set<String> = [
        "broker_url", "result_backend", "result_extended", "task_ignore_result", "task_track_started",
        "worker_concurrency", "worker_max_tasks_per_child", "worker_send_task_events",
    ]

    /// The settings by Celery's names where it has the same, else by ours.
    func configuration(withDefaults: Bool) -> CeleryObject {
        var configuration = CeleryObject()
        let settings = self.engine.settings.explanation().settings
        for setting in settings where withDefaults || setting.source != .builtIn {
            guard let key = SettingKey.all.first(where: { $0.name == setting.key }) else { continue }
            let section = setting.section.filter { !"[]\"".contains($0) }
            let celery = section == key.home.rawValue ? key.celery : nil
            let name = celery.flatMap { Self.sharedNames.contains($0) ? $0 : nil }
            configuration[name ?? "\(section).\(setting.key)"] = Self.masked(setting.key, setting.value)
        }
        return configuration
    }

    private static let secretParts = ["token", "secret", "pass", "signing_key"]

    private static func masked(_ key: String, _ value: String) -> CeleryValue {
        if self.secretParts.contains(where: key.contains) { return "********" }
        let text = maskingLogins(in: value)
        if let number = Int(text) { return .number(JSONNumber(number)) }
        if let bool = Bool(text) { return .bool(bool) }
        guard text.hasPrefix("\""), text.hasSuffix("\""), text.count >= 2 else { return .string(text) }
        return .string(String(text.dropFirst().dropLast()))
    }

    private var report: String {
        var lines = [
            "", "software -> celeriac:\(celeriacVersion) swift",
            "platform -> system:Linux kernel version:\(kernelName())", "worker -> \(self.nodeName) pid \(ownProcessID)",
            "settings -> transport:redis results:\(self.engine.settings.worker.broker.resultBackend.map { maskingLogins(in: $0) } ?? "disabled")",
            "",
        ]
        lines += self.configuration(withDefaults: false).members.map { "\($0.key): \(PythonRepr.text(of: $0.value))" }
        return lines.joined(separator: "\n") + "\n"
    }
}
