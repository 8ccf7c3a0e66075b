import Celery
import JSON

/// The last word about a task, as its worker stored it.
public struct TaskResult: Sendable {
    /// What Celery stores.
    private let document: ResultDocument
    /// The state: `success`, `failure` or `revoked`.
    public var state: ResultState { self.document.state }
    /// The task's id.
    public var id: String { self.document.taskID }
    /// When it ended, in seconds since 1970; `nil` when the document does not say.
    public var endTime: Double? { self.document.dateDone?.seconds }
    /// The traceback of an error.
    public var traceback: String? { self.document.traceback }

    init(_ document: ResultDocument) { self.document = document }

    /// What the task returned, in Celery's own terms. Throws ``TaskError`` or ``TaskRevokedError`` when it did not
    /// return, ``ClientError`` with the code `undecodable` for what cannot be read.
    public func rawValue() throws -> CeleryValue {
        switch self.state {
        case .success: return try self.value()
        case .revoked: throw TaskRevokedError(id: self.id, reason: self.failure?.arguments.first?.asString ?? "revoked")
        default: throw TaskError(id: self.id, try self.requiredFailure(), traceback: self.traceback)
        }
    }

    /// What the task returned. Throws as ``rawValue()``, and ``ClientError`` with the code `undecodable` when it is of
    /// another type.
    public func value<Output: Decodable>(as type: Output.Type) throws -> Output {
        let value = try self.rawValue()
        do {
            return try JSONCoder.decode(type, from: try value.plainJSON())
        } catch {
            throw ClientError(.undecodable, "the result of \(self.id) is no \(type): \(error)")
        }
    }

    private var failure: TaskFailure? { self.document.failure }

    private func value() throws(ClientError) -> CeleryValue {
        do throws(BodyError) { return try self.document.result.value() } catch {
            throw ClientError(.undecodable, "the result of \(self.id) cannot be read: \(error)")
        }
    }

    private func requiredFailure() throws(ClientError) -> TaskFailure {
        guard let failure = self.failure else {
            throw ClientError(.undecodable, "the state of \(self.id) is \(self.state.rawValue), and no error is stored")
        }
        return failure
    }
}
