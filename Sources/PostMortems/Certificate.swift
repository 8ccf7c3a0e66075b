import JSON

/// A record of an abnormal end as text for people.
///
/// Reads what is there, whoever wrote it and in whichever version; what is missing or of another kind is left out.
public struct Certificate {
    private let record: JSONObject
    private let postMortem: JSONObject

    /// A record as outcome lines and dead letters have it: `error`, `attempts`, `runtime`, …, and `post_mortem`.
    public init(_ record: JSONObject) {
        self.record = record
        if case .object(let object)? = record["post_mortem"] { self.postMortem = object } else { self.postMortem = [:] }
    }

    /// The text, in lines without their ends.
    public var lines: [String] {
        self.head + self.table("breadcrumbs", self.breadcrumbs) + self.table("processes", self.processes)
            + self.table("stack", self.texts("stack")) + self.table("backtrace", self.backtrace)
            + self.table("last output", self.lastOutput) + self.table("hints", self.texts("hints"))
    }

    private var head: [String] {
        let pairs: [(String, String?)] = [
            ("task", self.name), ("state", self.text("state")), ("error", self.error), ("cause", self.cause),
            ("ended by", self.text("exit")), ("attempt", self.attempt), ("told before", self.text("told")),
            ("ran for", self.number("runtime").map { "\($0) s" }), ("used", self.usage), ("limits", self.limits),
            ("phase", self.text("phase")), ("worker", self.text("worker")), ("time", self.text("time")),
        ]
        return pairs.compactMap { name, value in value.map { "\(Self.padded(name)) \($0)" } }
    }

    private static func padded(_ name: String) -> String {
        name + String(repeating: " ", count: max(0, 12 - name.count))
    }

    private func table(_ title: String, _ rows: [String]) -> [String] {
        rows.isEmpty ? [] : ["", title] + rows.map { "  \($0)" }
    }

    // MARK: Values

    private subscript(key: String) -> JSONValue? { self.record[key] ?? self.postMortem[key] }

    private func text(_ key: String) -> String? { Self.text(self[key]) }

    private static func text(_ value: JSONValue?) -> String? {
        if case .string(let text)? = value { text } else { nil }
    }

    private func number(_ key: String) -> JSONNumber? { Self.number(self[key]) }

    private static func number(_ value: JSONValue?) -> JSONNumber? {
        if case .number(let number)? = value { number } else { nil }
    }

    private func texts(_ key: String) -> [String] {
        guard case .array(let values)? = self[key] else { return [] }
        return values.compactMap(Self.text)
    }

    // MARK: Rows

    private var name: String? {
        let parts = [self.text("task"), (self.text("task_id") ?? self.text("id")).map { "[\($0)]" }]
        let known = parts.compactMap(\.self)
        return known.isEmpty ? nil : known.joined(separator: " ")
    }

    private var error: String? {
        let error = self["error"]
        guard let type = Self.text(error?["type"]) ?? self.text("type") else { return nil }
        let message = Self.text(error?["message"]) ?? self.text("message") ?? ""
        return message.isEmpty ? type : "\(type): \(message)"
    }

    private var cause: String? {
        guard let name = Self.text(self["error"]?["cause"]) ?? self.text("cause") else { return nil }
        return self.text("text").map { "\(name): \($0)" } ?? name
    }

    private var attempt: String? {
        let parts = [
            self.number("attempts").map { "\($0)" }, self.number("pid").map { "child \($0)" },
            self.number("losses").map { "alone, after \($0) lost" },
        ].compactMap(\.self)
        return parts.isEmpty ? nil : parts.joined(separator: ", ")
    }

    private var usage: String? {
        let usage = self["usage"]
        let parts = [
            (Self.number(usage?["memory"]) ?? self.number("peak_memory")).map { "\($0) B of memory" },
            Self.number(usage?["resident"]).map { "\($0) B resident" },
            Self.number(usage?["output"]).map { "\($0) B of output" },
            Self.number(usage?["child_cpu"]).map { "\($0) s of CPU in the child's life" },
        ].compactMap(\.self)
        return parts.isEmpty ? nil : parts.joined(separator: ", ")
    }

    private var limits: String? {
        guard case .object(let limits)? = self["limits"] else { return nil }
        return limits.compactMap { key, value in Self.text(value).map { "\(key) \($0)" } }.joined(separator: ", ")
    }

    private var breadcrumbs: [String] {
        guard case .array(let crumbs)? = self["breadcrumbs"] else { return [] }
        let lost = self.number("lost_breadcrumbs").map { ["… \($0) earlier ones were overwritten …"] } ?? []
        return lost
            + crumbs.compactMap { crumb in
                guard let text = Self.text(crumb["text"]) else { return nil }
                return Self.number(crumb["time"]).map { "+\($0) s  \(text)" } ?? text
            }
    }

    private var processes: [String] {
        guard case .array(let processes)? = self["processes"] else { return [] }
        return processes.map { process in
            let parts = [
                Self.number(process["pid"]).map { "\($0)" }, Self.text(process["name"]), Self.text(process["state"]),
                Self.text(process["wait"]).map { "in \($0)" },
            ]
            return parts.compactMap(\.self).joined(separator: " ")
        }
    }

    private var backtrace: [String] {
        guard case .array(let frames)? = self["error"]?["backtrace"] ?? self["backtrace"] else { return [] }
        return frames.compactMap(Self.text)
    }

    private var lastOutput: [String] {
        self.text("last_output")?.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) ?? []
    }
}
