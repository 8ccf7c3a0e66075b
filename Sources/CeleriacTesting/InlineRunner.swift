import Celeriac
import JSON
import Prefork
import Supervision
import Wire

/// Runs registered tasks in the test's own process: arguments are encoded and decoded as messages are, and the outcome is
/// the one that a worker would store.
///
/// ```swift
/// var worker = Worker()
/// addTasks(to: &worker)
/// let run = try await InlineRunner(worker).run("words.count", "three short words")
/// #expect(run.outcome == .success(3))
/// ```
///
/// There is no fork, no limit, no sandbox and no retry: one call is one attempt. A task that crashes ends the test.
public struct InlineRunner {
    private let worker: Worker

    /// A runner of the tasks that the worker has.
    public init(_ worker: Worker) { self.worker = worker }

    /// Runs a task once.
    ///
    /// - Parameters:
    ///   - task: its name.
    ///   - arguments: positional arguments.
    ///   - keywords: keyword arguments.
    ///   - id: the id that the task sees.
    ///   - attempt: which attempt it is, from 1.
    ///   - softTime: the soft limit that it sees as its deadline; `nil` for none. Nothing happens when it passes.
    ///   - isCancelled: whether it is told to stop from the beginning.
    /// - Throws: ``UnknownTask``; an `EncodingError` for an argument that cannot be encoded.
    public func run(
        _ task: String, _ arguments: any Encodable..., keywords: [String: any Encodable] = [:], id: String = "inline",
        attempt: Int = 1, softTime: Duration? = nil, isCancelled: Bool = false
    ) async throws -> InlineRun {
        guard let body = self.worker.bodies[task] else {
            throw UnknownTask(name: task, known: self.worker.bodies.keys.sorted())
        }
        let encoded = try Self.encode(arguments, keywords)
        let inline = try InlineAttempt(
            task, id: id, attempt: attempt, arguments: encoded[...], softTime: softTime,
            notice: isCancelled ? .softTime : nil)
        let report = await inline.run(body)
        return try InlineRun(report, inline.frames())
    }

    private static func encode(_ arguments: [any Encodable], _ keywords: [String: any Encodable]) throws -> [UInt8] {
        var named = JSONObject()
        for (name, value) in keywords { named[name] = try JSONCoder.encode(value) }
        let positional = try arguments.map { try JSONCoder.encode($0) }
        return JSONValue.array([.array(positional), .object(named), .object([:])]).serialized()
    }
}

/// No task of this name is registered.
public struct UnknownTask: Error, CustomStringConvertible {
    /// The name that was asked for.
    public let name: String
    let known: [String]

    public var description: String {
        "no task is called \(self.name); there are \(self.known.joined(separator: ", "))"
    }
}
