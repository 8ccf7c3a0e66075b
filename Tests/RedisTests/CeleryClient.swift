import EngineSupport
import JSON

/// A Python program that uses Celery as applications do: sends tasks and waits for results.
final class CeleryClient {
    private let program: Program

    init(_ connection: PeerConnection) throws {
        self.program = try PythonPeers.start([PythonPeers.program("client.py")], connection)
    }

    convenience init(_ server: RedisServer) throws { try self.init(PeerConnection(server)) }

    // MARK: Sending

    /// Sends a task and returns its id.
    ///
    /// `options` are those of `apply_async`: `countdown`, `eta` (in seconds from now), `expires`, `priority`, `queue`,
    /// `serializer`, `compression`, `time_limit`, `soft_time_limit`, `ignore_result`, `task_id`, and `link` and
    /// `link_error` as arrays of ``signature(_:_:named:immutable:options:)``.
    func send(
        _ task: String, _ arguments: JSONValue..., named: JSONObject = [:], options: JSONObject = [:]
    ) throws -> String {
        let message = Self.signature(task, arguments, named: named, options: options)
        return try self.id(self.ask("send", message))
    }

    /// Sends a task with one argument, written as a Python expression. Returns the id and `repr` of the argument.
    func send(_ task: String, expression: String, options: JSONObject = [:]) throws -> (id: String, repr: String) {
        var command = Self.signature(task, [], options: options)
        command["expression"] = .string(expression)
        let answer = try self.ask("send_expression", command)
        return (try self.id(answer), answer["repr"]?.text ?? "")
    }

    /// Sends a task many times over one connection, with keyword arguments for each call, and returns the ids.
    func sendMany(_ task: String, _ calls: [JSONObject], options: JSONObject = [:]) throws -> [String] {
        var command = Self.signature(task, [], options: options)
        command["calls"] = .array(calls.map { .object($0) })
        return try self.ask("send_many", command)["ids"]?.elements.compactMap(\.text) ?? []
    }

    /// Sends a chain and returns the ids of its steps, the first one first.
    func sendChain(_ steps: JSONObject..., options: JSONObject = [:]) throws -> [String] {
        try self.sendChain(steps, options: options)
    }

    func sendChain(_ steps: [JSONObject], options: JSONObject = [:]) throws -> [String] {
        let command: JSONObject = ["steps": .array(steps.map { .object($0) }), "options": .object(options)]
        return try self.ask("send_chain", command)["ids"]?.elements.compactMap(\.text) ?? []
    }

    /// A workflow that was sent.
    struct SentWorkflow {
        /// The id of its result.
        let id: String
        /// The ids of all its tasks that are known.
        let ids: [String]
        /// Those of the members, when the result is a group.
        let members: [String]
    }

    /// Sends a workflow, as `canvas.py` has it described.
    func sendWorkflow(_ workflow: JSONValue) throws -> SentWorkflow {
        let answer = try self.ask("send_workflow", ["workflow": workflow])
        return SentWorkflow(
            id: try self.id(answer), ids: answer["ids"]?.elements.compactMap(\.text) ?? [],
            members: answer["members"]?.elements.compactMap(\.text) ?? [])
    }

    /// What `get()` of a workflow says; errors are `Type: text`.
    func workflowResult(_ workflow: SentWorkflow, within seconds: Double = 20) throws -> TaskResult {
        let timeout = JSONNumber(seconds).map { JSONValue.number($0) } ?? 20
        return TaskResult(
            try self.ask("get_workflow", ["id": .string(workflow.id), "timeout": timeout], within: seconds + 5))
    }

    /// The values of a group that was saved.
    func restore(_ id: String) throws -> JSONValue? {
        try self.ask("restore", ["id": .string(id), "timeout": 20])["value"]
    }

    /// The states of tasks as stored now.
    func states(_ ids: [String]) throws -> [String: String] {
        let answer = try self.ask("states", ["ids": .array(ids.map { .string($0) })])
        guard case .object(let states)? = answer["states"] else { return [:] }
        return Dictionary(states.map { ($0.key, $0.value.text ?? "") }, uniquingKeysWith: { $1 })
    }

    /// A signature: a task with some of its arguments, to be sent later.
    static func signature(
        _ task: String, _ arguments: [JSONValue] = [], named: JSONObject = [:], immutable: Bool = false,
        options: JSONObject = [:]
    ) -> JSONObject {
        [
            "task": .string(task), "args": .array(arguments), "kwargs": .object(named), "immutable": .bool(immutable),
            "options": .object(options),
        ]
    }

    // MARK: Results

    /// Waits for the result of a task. Throws ``CommandFailed`` when there is none in time.
    func result(_ id: String, within seconds: Double = 20) throws -> TaskResult {
        let timeout = JSONNumber(seconds).map { JSONValue.number($0) } ?? 20
        let answer = try self.ask("get", ["id": .string(id), "timeout": timeout], within: seconds + 5)
        return TaskResult(answer)
    }

    /// The state as stored now; `PENDING` when nothing is.
    func state(_ id: String) throws -> String { try self.ask("state", ["id": .string(id)])["state"]?.text ?? "" }

    /// Tells all workers to forget a task, or with `terminate` to end it.
    func revoke(_ id: String, terminate: Bool = false) throws {
        _ = try self.ask("revoke", ["id": .string(id), "terminate": .bool(terminate)])
    }

    // MARK: Remote control

    /// Asks workers and returns what they answered, in the order of their answers; ends with the first `limit` ones.
    func broadcast(
        _ method: String, _ arguments: JSONObject = [:], address: JSONObject = [:], limit: Int = 1, timeout: Double = 5
    ) throws -> [JSONValue] {
        var command: JSONObject = [
            "method": .string(method), "arguments": .object(arguments), "limit": .number(JSONNumber(limit)),
            "timeout": JSONNumber(timeout).map { .number($0) } ?? 5,
        ]
        for (key, value) in address { command[key] = value }
        return try self.ask("broadcast", command)["replies"]?.elements ?? []
    }

    /// Calls a method of `app.control.inspect()` and returns the answer of the first worker.
    func inspect(_ method: String, _ arguments: JSONValue...) throws -> JSONValue {
        let command: JSONObject = ["method": .string(method), "args": .array(arguments)]
        return try self.ask("inspect", command)["replies"]?.members.first?.value ?? .null
    }

    /// Calls a method of `app.control` and returns the answer of the first worker.
    func control(_ method: String, _ arguments: JSONValue...) throws -> JSONValue {
        let command: JSONObject = ["method": .string(method), "args": .array(arguments)]
        return try self.ask("control", command)["replies"]?.elements.first?.members.first?.value ?? .null
    }

    /// Begins to listen to events.
    func listen() throws { _ = try self.ask("listen", [:]) }

    /// What events have told: `events`, and `tasks` and `workers` as `app.events.State` sees them.
    func heard() throws -> JSONValue { try self.ask("heard", [:]) }

    private func id(_ answer: JSONValue) throws -> String {
        guard let id = answer["id"]?.text else { throw CommandFailed(reason: "no id in \(answer)") }
        return id
    }

    /// Sends a command and waits for its answer.
    private func ask(_ name: String, _ command: JSONObject, within seconds: Double = 30) throws -> JSONValue {
        var command = command
        command["do"] = .string(name)
        let number = self.program.outputLines.count
        self.program.send(JSONValue.object(command).description)
        try self.program.wait(for: "an answer to \(name)", within: seconds) { self.program.outputLines.count > number }
        let answer = try JSONValue(parsing: Array(self.program.outputLines[number].utf8)[...])
        if let reason = answer["error"]?.text { throw CommandFailed(reason: reason) }
        return answer
    }

    /// A command that Python could not carry out.
    struct CommandFailed: Error {
        let reason: String
    }
}
