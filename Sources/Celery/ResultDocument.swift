import JSON

/// What the result backend stores and publishes about a task.
public struct ResultDocument: Sendable, Hashable {
    /// The task's id.
    public var taskID: String
    /// The task's state.
    public var state: ResultState
    /// The return value, the error, or what a state of its own tells: JSON as it was written.
    public var result: RawJSON
    /// The traceback of an error.
    public var traceback: String?
    /// The tasks that the task sent; `nil` in a document that no run of the task wrote.
    public var children: [ResultNode]? = []
    /// When the task ended; `nil` unless its state is the last.
    public var dateDone: WallTime?
    /// The group that the task is a part of.
    public var groupID: String?
    /// The task that sent this one.
    public var parentID: String?
    /// Further fields: those of ``Extension``, and all that are not known.
    public var others = Fields()

    /// A document.
    public init(taskID: String, state: ResultState, result: RawJSON) {
        self.taskID = taskID
        self.state = state
        self.result = result
    }

    /// The task returned; the bytes are its return value.
    public static func success(_ taskID: String, result: RawJSON, at date: WallTime) -> ResultDocument {
        var document = ResultDocument(taskID: taskID, state: .success, result: result)
        document.dateDone = date
        return document
    }

    /// The task failed. Throws ``BodyError`` for arguments of the error that JSON has no form for.
    public static func failure(
        _ taskID: String, _ failure: TaskFailure, traceback: String? = nil, at date: WallTime
    ) throws(BodyError) -> ResultDocument {
        var document = ResultDocument(taskID: taskID, state: .failure, result: try RawJSON(failure.value))
        document.traceback = traceback
        document.dateDone = date
        return document
    }

    /// The task will be run again, because of an error or for a reason of its own.
    ///
    /// Throws ``BodyError`` for arguments of the error that JSON has no form for.
    public static func retry(
        _ taskID: String, _ cause: TaskFailure?, traceback: String? = nil
    ) throws(BodyError) -> ResultDocument {
        let result = try cause.map { cause throws(BodyError) in try RawJSON(cause.value) } ?? .null
        var document = ResultDocument(taskID: taskID, state: .retry, result: result)
        document.traceback = traceback
        return document
    }

    /// The task was called off.
    public static func revoked(_ taskID: String, _ why: TaskFailure.Revocation, at date: WallTime) -> ResultDocument {
        let failure = TaskFailure.revoked(why)
        // An error made of texts has a JSON form.
        var document = ResultDocument(taskID: taskID, state: .revoked, result: try! RawJSON(failure.value))
        document.dateDone = date
        return document
    }

    /// A child began to run the task.
    public static func started(_ taskID: String, pid: Int, node: String) -> ResultDocument {
        let result = Fields([Fields.Field("pid", RawJSON(pid)), Fields.Field("hostname", RawJSON(node))])
        return ResultDocument(taskID: taskID, state: .started, result: result.raw)
    }

    /// The error of a document that holds one; `nil` for others.
    public var failure: TaskFailure? { (try? self.result.value()).flatMap { TaskFailure($0) } }
}
