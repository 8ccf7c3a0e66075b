import JSON
import Supervision

extension PostMortem {
    /// As a JSON object; what is not known is left out.
    public var json: JSONObject {
        var object = JSONObject()
        object["cause"] = self.cause.map { .string($0.name) }
        object["text"] = self.cause.map { .string("\($0)") }
        object["trace_id"] = self.traceID.map { .string($0) }
        object["exit"] = self.exit.map { .string($0) }
        object["told"] = self.notice.map { .string($0.name) }
        if self.losses > 0 { object["losses"] = .number(JSONNumber(self.losses)) }
        object["limits"] = .object(self.limits.json)
        object["usage"] = .object(self.usage.json)
        object["phase"] = self.phase.map { .string($0) }
        if !self.breadcrumbs.isEmpty { object["breadcrumbs"] = .array(self.breadcrumbs.map(\.json)) }
        if self.lostBreadcrumbs > 0 { object["lost_breadcrumbs"] = .number(JSONNumber(self.lostBreadcrumbs)) }
        if !self.processes.isEmpty { object["processes"] = .array(self.processes.map(\.json)) }
        object["stack"] = Self.texts(self.stack)
        object["hints"] = Self.texts(self.hints)
        return object
    }

    private static func texts(_ texts: [String]) -> JSONValue? {
        texts.isEmpty ? nil : .array(texts.map { .string($0) })
    }
}

extension PostMortem.Usage {
    fileprivate var json: JSONObject {
        var object = JSONObject()
        object["memory"] = self.memory.map { .number(JSONNumber($0.bytes)) }
        object["resident"] = self.resident.map { .number(JSONNumber($0.bytes)) }
        object["output"] = .number(JSONNumber(self.output.bytes))
        object["child_cpu"] = self.childCPU.flatMap { JSONNumber($0.seconds) }.map { .number($0) }
        return object
    }
}

extension PostMortem.Breadcrumb {
    fileprivate var json: JSONValue {
        ["time": JSONNumber(self.time.seconds).map { .number($0) } ?? 0, "text": .string(self.text)]
    }
}

extension PostMortem.ProcessState {
    fileprivate var json: JSONValue {
        var object: JSONObject = [
            "pid": .number(JSONNumber(Int(self.pid))), "name": .string(self.name), "state": .string(self.state),
        ]
        object["wait"] = self.wait.map { .string($0) }
        return .object(object)
    }
}

extension TaskLimits {
    /// The limits under their keys, as the configuration writes them; those that are not set are left out.
    fileprivate var json: JSONObject {
        let values: [(String, String?)] = [
            ("soft_time", self.softTime?.unitDescription), ("hard_time", self.hardTime?.unitDescription),
            ("soft_cpu_time", self.softCPUTime?.unitDescription), ("hard_cpu_time", self.hardCPUTime?.unitDescription),
            ("memory", self.memory?.description), ("open_files", self.openFiles.map { "\($0)" }),
            ("processes", self.processes.map { "\($0)" }), ("file_size", self.fileSize?.description),
            ("output", self.output.description), ("result", self.result.description),
        ]
        var object = JSONObject()
        for (key, value) in values { object[key] = value.map { .string($0) } }
        return object
    }
}

extension Notice {
    /// A short fixed word, as ``Cause/name`` has it for the end that it leads to.
    public var name: String {
        switch self {
        case .softTime: "soft_time"
        case .softCPUTime: "soft_cpu_time"
        case .memory: "soft_memory"
        case .shutdown: "shutdown"
        case .revoked: "revoked"
        }
    }
}

extension Duration {
    /// Seconds, to the microsecond.
    fileprivate var seconds: Double {
        let (whole, atto) = self.components
        return Double(whole) + (Double(atto) / 1e12).rounded() / 1e6
    }
}
