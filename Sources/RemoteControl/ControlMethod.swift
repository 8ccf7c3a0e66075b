import Celery
import JSON

/// What workers can be asked, with Celery's names, arguments and words.
public struct ControlMethod: Sendable {
    /// Who may ask.
    public enum Kind: Sendable {
        /// Changes nothing.
        case inspection
        /// Changes what the worker does.
        case control
    }

    struct Parameter: Sendable, ExpressibleByStringLiteral {
        let name: String
        var isRequired = true
        /// Whether it takes several values.
        var isList: Bool { ["task_id", "ids", "taskinfoitems", "headers", "parts"].contains(self.name) }

        init(stringLiteral name: String) {
            self.isRequired = !name.hasSuffix("?")
            self.name = self.isRequired ? name : String(name.dropLast())
        }
    }

    /// Its name.
    public let name: String
    /// Who may ask.
    public let kind: Kind
    /// What it does, in a few words.
    public let meaning: String
    let parameters: [Parameter]
    /// Whether further arguments are ignored.
    let takesOthers: Bool

    private init(
        _ kind: Kind, _ name: String, _ parameters: [Parameter], others: Bool = true, _ meaning: String
    ) {
        (self.kind, self.name, self.parameters, self.takesOthers) = (kind, name, parameters, others)
        self.meaning = meaning
    }

    /// The names of its parameters, the optional ones with a question mark.
    public var usage: [String] { self.parameters.map { $0.isRequired ? $0.name : "\($0.name)?" } }

    /// Celery's older names.
    public static let aliases = [
        "dump_active": "active", "dump_reserved": "reserved", "dump_schedule": "scheduled", "dump_revoked": "revoked",
        "dump_tasks": "registered", "dump_conf": "conf",
    ]

    /// The method of a name. Throws ``ControlError`` for a name that is not known.
    public static func named(_ name: String) throws(ControlError) -> ControlMethod {
        guard let method = self.all.first(where: { $0.name == Self.aliases[name] ?? name }) else {
            throw ControlError("KeyError", name)
        }
        return method
    }

    /// Checks that all is there that must be. Throws ``ControlError`` in the words of Python.
    public func check(_ arguments: CeleryObject) throws(ControlError) {
        let known = self.parameters.map(\.name)
        if !self.takesOthers, let other = arguments.keys.first(where: { !known.contains($0) }) {
            throw ControlError("TypeError", "\(self.name)() got an unexpected keyword argument '\(other)'")
        }
        let missing = self.parameters.filter { $0.isRequired && arguments[$0.name] == nil }.map { "'\($0.name)'" }
        guard !missing.isEmpty else { return }
        let noun = missing.count == 1 ? "argument" : "arguments"
        throw ControlError(
            "TypeError",
            "\(self.name)() missing \(missing.count) required positional \(noun): \(Self.list(missing))")
    }

    /// Reads the words of a command line: the parameters in their order, the last one with all that is left if it takes
    /// several; or `name=value` for any of them. Throws ``ControlError`` for more words than it takes.
    public func arguments(_ words: [String]) throws(ControlError) -> CeleryObject {
        var arguments = CeleryObject()
        var open = self.parameters[...]
        for word in words {
            if let (name, value) = self.named(word) {
                arguments[name] = value
            } else if let parameter = open.first(where: { arguments[$0.name] == nil || $0.isList }) {
                open = open.drop { $0.name != parameter.name }
                let value = Self.value(word)
                let others = arguments[parameter.name]?.asArray ?? []
                arguments[parameter.name] = parameter.isList ? .array(others + [.string(word)]) : value
            } else {
                let usage = self.usage.isEmpty ? "none" : self.usage.joined(separator: ", ")
                throw ControlError("\(self.name) takes no argument \(pythonText(word)); its arguments: \(usage)")
            }
        }
        return arguments
    }

    private func named(_ word: String) -> (String, CeleryValue)? {
        let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, let parameter = self.parameters.first(where: { $0.name == parts[0] }) else {
            return nil
        }
        return (parts[0], parameter.isList ? .array([.string(parts[1])]) : Self.value(parts[1]))
    }

    /// A number, a truth or null; anything else is a text.
    private static func value(_ word: String) -> CeleryValue {
        switch word {
        case "true", "false": return .bool(word == "true")
        case "null", "none": return .null
        default: break
        }
        if let number = Int(word) { return .number(JSONNumber(number)) }
        return Double(word).map { CeleryValue($0) } ?? .string(word)
    }

    private static func list(_ names: [String]) -> String {
        switch names.count {
        case 1: names[0]
        case 2: "\(names[0]) and \(names[1])"
        default: "\(names.dropLast().joined(separator: ", ")), and \(names[names.count - 1])"
        }
    }
}

extension ControlMethod {
    /// All of them, those that change nothing first.
    public static let all: [ControlMethod] = [
        ControlMethod(.inspection, "active", ["safe?"], "Tasks that run."),
        ControlMethod(.inspection, "active_queues", [], others: false, "Queues that are taken from."),
        ControlMethod(.inspection, "clock", [], "The worker's Lamport clock."),
        ControlMethod(.inspection, "conf", ["with_defaults?"], "The configuration, without secrets."),
        ControlMethod(.inspection, "hello", ["from_node", "revoked?"], "Tells and learns what was revoked."),
        ControlMethod(.inspection, "memdump", ["samples?"], "Memory of the master."),
        ControlMethod(.inspection, "memsample", [], "Memory of the master, in short."),
        ControlMethod(.inspection, "objgraph", ["num?", "max_depth?", "type?"], "Objects of a Python worker."),
        ControlMethod(.inspection, "ping", [], "Who is there."),
        ControlMethod(.inspection, "query_task", ["ids"], "What is known of tasks, by id."),
        ControlMethod(.inspection, "registered", ["taskinfoitems?", "builtins?"], "Tasks that the worker knows."),
        ControlMethod(.inspection, "report", [], others: false, "Versions and settings, for a report of a fault."),
        ControlMethod(.inspection, "reserved", [], "Tasks that were taken and have not started."),
        ControlMethod(.inspection, "revoked", [], "Ids of revoked tasks."),
        ControlMethod(.inspection, "scheduled", [], "Tasks that are not due."),
        ControlMethod(
            .inspection, "snapshot", ["parts?"], others: false,
            "What the worker does and has done; parts are worker, queues, tasks, children, failures."),
        ControlMethod(.inspection, "stats", [], "What the worker has done, and with what."),
        ControlMethod(
            .control, "add_consumer", ["queue", "exchange?", "exchange_type?", "routing_key?"],
            "Takes from one more queue."),
        ControlMethod(.control, "autoscale", ["max?", "min?"], others: false, "Bounds of a Python worker's pool."),
        ControlMethod(.control, "cancel_consumer", ["queue"], "Takes from a queue no more."),
        ControlMethod(.control, "disable_events", [], others: false, "Sends no events of tasks."),
        ControlMethod(.control, "election", ["id", "topic", "action?"], "An election among Python workers."),
        ControlMethod(.control, "enable_events", [], others: false, "Sends events of tasks."),
        ControlMethod(.control, "heartbeat", [], others: false, "Sends a heartbeat now."),
        ControlMethod(.control, "pool_grow", ["n?"], "Has n more children."),
        ControlMethod(.control, "pool_restart", ["modules?", "reload?", "reloader?"], "Replaces all children."),
        ControlMethod(.control, "pool_shrink", ["n?"], "Has n children less."),
        ControlMethod(.control, "recycle", ["pid"], others: false, "Replaces a child when it has finished its tasks."),
        ControlMethod(.control, "rate_limit", ["task_name", "rate_limit"], "Limits how often a task starts."),
        ControlMethod(.control, "revoke", ["task_id", "terminate?", "signal?"], "Calls tasks off."),
        ControlMethod(
            .control, "revoke_by_stamped_headers", ["headers", "terminate?", "signal?"],
            "Calls off what has such a stamp."),
        ControlMethod(.control, "shutdown", ["msg?"], "Ends the worker when its running tasks are done."),
        ControlMethod(.control, "terminate", ["signal", "task_id"], "Ends tasks that run."),
        ControlMethod(.control, "time_limit", ["task_name", "hard?", "soft?"], "Limits how long a task runs."),
    ]
}
