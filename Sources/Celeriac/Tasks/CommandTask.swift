import Configuration
import JSON
import Prefork
import Supervision
import Syscalls
import SystemPackage

/// A task that is a program: started for each message, its standard output the result.
///
/// The child feeds it, collects its output, passes a notice on as SIGTERM to its process group, and, being its parent,
/// takes the whole tree along when it is killed.
struct CommandTask {
    private static let keptErrorOutput = 4_096

    let spec: CommandSpec

    var body: TaskBody { .synchronous { call in try self.run(call) } }

    private func run(_ call: TaskCall) throws -> [UInt8] {
        let process = try CommandProcess(self.request(call), input: self.input(call))
        let exit = try process.runToEnd(
            notices: call.noticeDescriptor, isCancelled: { call.notice != nil }, outputLimit: call.resultLimit)
        switch exit {
        case .exited(0): return Self.result(process.output)
        case .exited(let code): throw Self.failure("exited with code \(code)", process.errorOutput)
        case .signalled(let number):
            throw Self.failure("was ended by \(Signal(number).name)", process.errorOutput)
        }
    }

    private func request(_ call: TaskCall) throws -> SpawnRequest {
        let arguments = try CommandArguments(call)
        let rendered: [String]
        do {
            rendered = try self.spec.renderedArguments(arguments.value)
        } catch {
            throw NamedFailure(type: "ArgumentError", message: "\(error)")
        }
        var environment = Environment.current
        for (name, value) in self.spec.environment { environment[name] = value }
        // It is read by Swift programs, and was set for the child alone.
        environment["SWIFT_BACKTRACE"] = self.spec.environment["SWIFT_BACKTRACE"]
        var request = SpawnRequest(
            path: rendered[0], arguments: rendered, environment: environment.map { "\($0.key)=\($0.value)" })
        request.workingDirectory = self.spec.workingDirectory
        request.newGroup = true
        request.searchesPath = true
        return request
    }

    /// What the command finds on its standard input.
    private func input(_ call: TaskCall) throws -> [UInt8] {
        guard self.spec.standardInput == .json else { return [] }
        let arguments = try CommandArguments(call)
        let object: JSONObject = [
            "args": .array(arguments.positional), "kwargs": .object(arguments.keywords), "id": .string(call.id),
            "attempt": .number(JSONNumber(call.attempt)),
        ]
        return JSONValue.object(object).serialized()
    }

    /// JSON when it is JSON, else text.
    private static func result(_ output: [UInt8]) -> [UInt8] {
        if let value = try? JSONValue(parsing: output) { return value.serialized() }
        var text = output[...]
        if text.last == UInt8(ascii: "\n") { text.removeLast() }
        var bytes: [UInt8] = []
        quoted(text, into: &bytes)
        return bytes
    }

    private static func failure(_ what: String, _ errorOutput: [UInt8]) -> NamedFailure {
        let end = String(decoding: errorOutput.suffix(Self.keptErrorOutput), as: UTF8.self)
        let text = end.isEmpty ? "the command \(what)" : "the command \(what): \(end)"
        return NamedFailure(type: "CommandError", message: text)
    }
}

/// The arguments of a call, as a command's templates name them.
private struct CommandArguments {
    let positional: [JSONValue]
    let keywords: JSONObject
    private let id: String

    init(_ call: TaskCall) throws {
        guard case .array(let parts)? = try? JSONValue(parsing: call.body), parts.count >= 2,
            case .array(let positional) = parts[0], case .object(let keywords) = parts[1]
        else { throw NamedFailure(type: "ArgumentError", message: "the body is not [args, kwargs]") }
        self.positional = positional
        self.keywords = keywords
        self.id = call.id
    }

    /// The text for a placeholder: a string as it is, anything else as JSON.
    func value(_ placeholder: CommandTemplate.Placeholder) -> String? {
        switch placeholder {
        case .argument(let index):
            self.positional.indices.contains(index) ? Self.text(self.positional[index]) : nil
        case .keyword(let name): self.keywords[name].map(Self.text)
        case .arguments: JSONValue.array(self.positional).description
        case .keywords: JSONValue.object(self.keywords).description
        case .id: self.id
        }
    }

    private static func text(_ value: JSONValue) -> String {
        if case .string(let text) = value { text } else { value.description }
    }
}
