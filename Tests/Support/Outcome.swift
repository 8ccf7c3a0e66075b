import JSON

/// One line of a program's standard output.
package struct Outcome {
    package let json: JSONValue
    /// When the test read it, on the monotonic clock.
    package let arrival: UInt64

    package init(json: JSONValue, arrival: UInt64) { (self.json, self.arrival) = (json, arrival) }

    package var id: String? { self.json["id"]?.text }
    package var task: String? { self.json["task"]?.text }
    package var state: String? { self.json["state"]?.text }
    package var result: JSONValue? { self.json["result"] }
    package var attempts: Int? { self.json["attempts"]?.integer }
    package var pid: Int32? { self.json["pid"]?.integer.map(Int32.init) }
    /// In seconds.
    package var runtime: Double? { self.json["runtime"]?.double }
    package var line: Int? { self.json["line"]?.integer }
    package var lastOutput: String? { self.json["last_output"]?.text }
    package var leftovers: Int? { self.json["leftover_processes"]?.integer }
    package var errorType: String? { self.json["error"]?["type"]?.text }
    package var message: String { self.json["error"]?["message"]?.text ?? "" }
    package var cause: String? { self.json["error"]?["cause"]?.text }
    package var backtrace: [String] { self.json["error"]?["backtrace"]?.elements.compactMap(\.text) ?? [] }
}

extension JSONValue {
    package var text: String? { if case .string(let text) = self { text } else { nil } }
    package var integer: Int? { if case .number(let number) = self { number.asInt } else { nil } }
    package var double: Double? { if case .number(let number) = self { number.asDouble } else { nil } }
    package var elements: [JSONValue] { if case .array(let elements) = self { elements } else { [] } }
    package var members: [JSONObject.Member] { if case .object(let object) = self { Array(object) } else { [] } }
}
