import JSON

/// A task line: `call("tasks.add", 1, 2, id: "a", with: ["priority": 3])`.
package func call(
    _ task: String, _ arguments: JSONValue..., id: String? = nil, named: JSONObject? = nil, with more: JSONObject = [:]
) -> String {
    var line: JSONObject = ["task": .string(task)]
    if let id { line["id"] = .string(id) }
    if !arguments.isEmpty { line["args"] = .array(arguments) }
    if let named { line["kwargs"] = .object(named) }
    for (key, value) in more { line[key] = value }
    return JSONValue.object(line).description
}
