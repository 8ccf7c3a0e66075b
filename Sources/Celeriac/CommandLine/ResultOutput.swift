import CeleriacClient
import JSON
import Syscalls

/// Prints how a task ended.
struct ResultOutput {
    let json: Bool

    /// Prints it; an end other than success ends the command with status 1.
    func show(_ result: TaskResult) throws -> Int32 {
        do {
            let value = try result.rawValue()
            let plain = try? value.plainJSON()
            self.show(result.id, result.state, ("result", plain ?? .string("\(value)")))
            return 0
        } catch let error as TaskError {
            self.show(result.id, result.state, ("error", Self.json(error)))
            // A traceback ends with the error.
            if !self.json { printError(terminalText(error.traceback ?? "\(error)", keepsLines: true)) }
        } catch let error as TaskRevokedError {
            let about: JSONValue = ["type": "TaskRevokedError", "message": .string(error.reason)]
            self.show(result.id, result.state, ("error", about))
            if !self.json { printError(terminalText("\(error)")) }
        }
        return ClientStatus.failed.rawValue
    }

    /// Prints a state that is not the last.
    func show(_ id: String, _ state: ResultState) {
        print(self.json ? JSONValue.object(Self.head(id, state)).description : state.rawValue)
    }

    private func show(_ id: String, _ state: ResultState, _ member: (key: String, value: JSONValue)) {
        guard self.json else {
            if member.key == "result" { print(member.value) }
            return
        }
        var object = Self.head(id, state)
        object[member.key] = member.value
        print(JSONValue.object(object))
    }

    private static func head(_ id: String, _ state: ResultState) -> JSONObject {
        ["id": .string(id), "state": .string(state.rawValue)]
    }

    private static func json(_ error: TaskError) -> JSONValue {
        var object: JSONObject = ["type": .string(error.type), "message": .string(error.message)]
        object["module"] = error.module.map { .string($0) }
        object["traceback"] = error.traceback.map { .string($0) }
        return .object(object)
    }
}
