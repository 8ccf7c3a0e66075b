import Celery
import Configuration
import JSON
import Prefork
import Wire

/// Tasks that every worker has, under Celery's names.
struct BuiltinTasks {
    /// What is registered beside the program's own tasks. A task of the program of the same name wins.
    static let options: [String: TaskOptions] = Dictionary(
        uniqueKeysWithValues: Self.names.map { ($0, TaskOptions()) })

    private static let names = [
        "celery.map", "celery.starmap", "celery.accumulate", "celery.backend_cleanup", "celery.chord_unlock",
        ChordPart.joinTask,
    ]

    /// Whether a task is none of the program's, and so is not listed.
    static func isBuiltin(_ name: String) -> Bool { self.names.contains(name) }

    /// The tasks that a list can be given to.
    let bodies: [String: Prefork.TaskBody]
    /// The pool of each task, by its index.
    let pools: [String: Int]

    /// The bodies of all, by name.
    var all: [String: Prefork.TaskBody] {
        [
            "celery.map": self.mapping(isSplat: false), "celery.starmap": self.mapping(isSplat: true),
            "celery.accumulate": .synchronous(Self.accumulate),
            // Redis lets results expire by itself.
            "celery.backend_cleanup": .synchronous { _ in noResult },
            "celery.chord_unlock": .synchronous { _ in
                throw NamedFailure(
                    type: "ChordError", message: "chords are joined by the Redis result backend, not by polling")
            },
            // Messages that ask for joins are answered before a body is looked for.
            ChordPart.joinTask: .synchronous { _ in noResult },
        ]
    }

    // MARK: Lists

    /// Runs as the task does that it calls: on the main thread, or cancellable.
    private func mapping(isSplat: Bool) -> Prefork.TaskBody {
        .chosen { call in
            let list = try TaskList(call, isSplat: isSplat)
            switch try self.body(of: list.task, for: call) {
            case .synchronous(let body):
                return .synchronous { call in
                    Self.array(try list.items.map { item in try body(try list.next(item, call)) })
                }
            case .asynchronous(let body):
                return .asynchronous { call in
                    var results: [[UInt8]] = []
                    for item in list.items { results.append(try await body(try list.next(item, call))) }
                    return Self.array(results)
                }
            case .chosen:
                throw NamedFailure(type: "ArgumentError", message: "\(list.task) cannot be called for each element")
            }
        }
    }

    /// A task must not escape its pool, and so its sandbox, by being called from another one.
    private func body(of task: String, for call: TaskCall) throws -> Prefork.TaskBody {
        guard let body = self.bodies[task] else {
            throw NamedFailure(type: "NotRegistered", message: task)
        }
        guard self.pools[task] == self.pools[call.name] else {
            throw NamedFailure(
                type: "PoolError",
                message: "\(task) runs in another pool than \(call.name): give both the same `pool`")
        }
        return body
    }

    private static func array(_ results: [[UInt8]]) -> [UInt8] {
        var array: [UInt8] = [UInt8(ascii: "[")]
        for (index, result) in results.enumerated() {
            if index > 0 { array.append(contentsOf: ", ".utf8) }
            array.append(contentsOf: result)
        }
        array.append(UInt8(ascii: "]"))
        return array
    }

    // MARK: One of the arguments

    private static func accumulate(_ call: TaskCall) throws -> [UInt8] {
        guard case .array(let parts)? = try? JSONValue(parsing: call.body), parts.count >= 2,
            case .array(let arguments) = parts[0]
        else { throw NamedFailure(type: "ArgumentError", message: "the body is not [args, kwargs]") }
        guard case .number(let number)? = parts[1]["index"] else { return JSONValue.array(arguments).serialized() }
        guard let index = number.asInt, arguments.indices.contains(index) else {
            throw NamedFailure(type: "IndexError", message: "there is no argument \(number)")
        }
        return arguments[index].serialized()
    }
}

/// What `celery.map` and `celery.starmap` are to do.
private struct TaskList: Sendable {
    let task: String
    /// The bodies of the calls.
    let items: [[UInt8]]

    init(_ call: TaskCall, isSplat: Bool) throws {
        guard case .array(let parts)? = try? JSONValue(parsing: call.body), parts.count >= 2,
            case .string(let task)? = parts[1]["task"]?["task"], case .array(let list)? = parts[1]["it"]
        else {
            throw NamedFailure(
                type: "ArgumentError", message: "the arguments are not `task`, a signature, and `it`, a list")
        }
        self.task = task
        self.items = try list.map { item in
            var arguments: JSONValue = .array([item])
            if isSplat {
                guard case .array = item else {
                    throw NamedFailure(type: "ArgumentError", message: "an element of `it` is not a list of arguments")
                }
                arguments = item
            }
            return JSONValue.array([arguments, .object(JSONObject()), .object(JSONObject())]).serialized()
        }
    }

    /// The call for an element, unless the attempt is to stop.
    func next(_ item: [UInt8], _ call: TaskCall) throws -> TaskCall {
        if call.notice != nil { throw CancellationError() }
        return TaskCall(call, task: self.task, body: item[...])
    }
}
