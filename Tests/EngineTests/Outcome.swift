import JSON
import Testing

/// One line of a program's standard output.
struct Outcome {
    let json: JSONValue
    /// When the test read it, on the monotonic clock.
    let arrival: UInt64

    var id: String? { self.json["id"]?.text }
    var task: String? { self.json["task"]?.text }
    var state: String? { self.json["state"]?.text }
    var result: JSONValue? { self.json["result"] }
    var attempts: Int? { self.json["attempts"]?.integer }
    var pid: Int32? { self.json["pid"]?.integer.map(Int32.init) }
    /// In seconds.
    var runtime: Double? { self.json["runtime"]?.double }
    var line: Int? { self.json["line"]?.integer }
    var lastOutput: String? { self.json["last_output"]?.text }
    var leftovers: Int? { self.json["leftover_processes"]?.integer }
    var errorType: String? { self.json["error"]?["type"]?.text }
    var message: String { self.json["error"]?["message"]?.text ?? "" }
    var cause: String? { self.json["error"]?["cause"]?.text }
    var backtrace: [String] { self.json["error"]?["backtrace"]?.elements.compactMap(\.text) ?? [] }
}

extension JSONValue {
    var text: String? { if case .string(let text) = self { text } else { nil } }
    var integer: Int? { if case .number(let number) = self { number.asInt } else { nil } }
    var double: Double? { if case .number(let number) = self { number.asDouble } else { nil } }
    var elements: [JSONValue] { if case .array(let elements) = self { elements } else { [] } }
}

/// A task line: `call("tasks.add", 1, 2, id: "a", with: ["priority": 3])`.
func call(
    _ task: String, _ arguments: JSONValue..., id: String? = nil, named: JSONObject? = nil, with more: JSONObject = [:]
) -> String {
    var line: JSONObject = ["task": .string(task)]
    if let id { line["id"] = .string(id) }
    if !arguments.isEmpty { line["args"] = .array(arguments) }
    if let named { line["kwargs"] = .object(named) }
    for (key, value) in more { line[key] = value }
    return JSONValue.object(line).description
}

/// A program that was fed lines and has ended, with nothing left of its tree.
struct Run {
    let status: CInt
    let outcomes: [Outcome]
    let program: Program

    init(
        _ executable: Executable, _ arguments: [String] = [], _ lines: [String] = [],
        environment: [String: String] = [:], within seconds: Double = 30
    ) throws {
        self.program = try Program(run: executable, arguments, environment: environment)
        if !lines.isEmpty { self.program.send(lines) }
        self.status = try self.program.finish(within: seconds)
        self.outcomes = self.program.outcomes
    }

    /// The only outcome with this id; an empty one, and a failed test, when there is another number of them.
    subscript(id: String) -> Outcome {
        let found = self.outcomes.filter { $0.id == id }
        #expect(found.count == 1, "\(id) has \(found.count) outcomes")
        return found.first ?? Outcome(json: nil, arrival: 0)
    }

    var errorText: String { self.program.errorText }
    /// Ids in the order of the outcomes.
    var order: [String] { self.outcomes.compactMap(\.id) }
}
