import Celery
import JSON

/// The way to the result of a workflow. Keeps its client open.
///
/// A group has no result of its own: its value is the list of its members'.
public struct WorkflowHandle<Output: Decodable & Sendable>: Sendable {
    /// The id of the task, or of the group, whose result it is.
    public var id: String { self.result.id }
    /// The ids of all tasks and groups of the workflow that are known.
    public let ids: [String]
    let result: ResultNode
    let client: Client

    /// Waits for the result, as ``ResultHandle/value(timeout:)`` does; of a group for all members. Throws the first
    /// member's error, in their order.
    public func value(timeout: Duration? = nil) async throws -> Output {
        let deadline = timeout.map { ContinuousClock.now + $0 }
        let value = try await self.value(of: self.result, deadline)
        do {
            return try JSONCoder.decode(Output.self, from: try value.plainJSON())
        } catch {
            throw ClientError(.undecodable, "the result of \(self.id) is no \(Output.self): \(error)")
        }
    }

    private func value(of node: ResultNode, _ deadline: ContinuousClock.Instant?) async throws -> CeleryValue {
        switch node {
        case .task(let id, _):
            return try await self.client.result(of: id).result(timeout: deadline.map { $0 - .now }).rawValue()
        case .group(_, _, let members):
            var values: [CeleryValue] = []
            for member in members { values.append(try await self.value(of: member, deadline)) }
            return .array(values)
        }
    }

    /// Waits for the ends of the tasks that have the result, however they end: one, or a group's members in order.
    public func results(timeout: Duration? = nil) async throws -> [TaskResult] {
        let deadline = timeout.map { ContinuousClock.now + $0 }
        var results: [TaskResult] = []
        for id in self.result.taskIDs {
            results.append(try await self.client.result(of: id).result(timeout: deadline.map { $0 - .now }))
        }
        return results
    }

    /// Keeps the members of a group, so that it can be found by its id: ``Client/savedGroup(_:as:)``. Expires as results
    /// do. Celery: `GroupResult.save`.
    public func save() async throws { try await self.client.save(self.result) }

    /// Deletes all its results, and the saved group.
    public func forget() async throws { try await self.client.forget(self.ids + [self.id]) }

    /// Calls off every task of the workflow: workers that hear it start none, and end those that run with `terminate`.
    ///
    /// As ``ResultHandle/revoke(terminate:signal:)``, in one message. What waits for a task that was called off ends as
    /// called off as well. Returns how many workers listened.
    @discardableResult
    public func revoke(terminate: Bool = false, signal: String = "SIGTERM") async throws -> Int {
        try await self.client.revoke(self.ids, terminate: terminate, signal: signal)
    }
}

extension ResultNode {
    /// The tasks that have the result.
    fileprivate var taskIDs: [String] {
        switch self {
        case .task(let id, _): [id]
        case .group(_, _, let members): members.flatMap(\.taskIDs)
        }
    }
}
