import JSON

/// A task whose outcome is a part of a chord.
///
/// The last part to return does not join the chord itself. It leaves a message behind, in the step that stores its
/// outcome, which asks for that: whoever takes it knows the chord's body and may die over it, since the message is then
/// handed out again.
public struct ChordPart: Sendable, Hashable {
    /// The task of the message that asks for the join.
    public static let joinTask = "celeriac.join"
    /// The queue of these messages.
    public static let joinQueue = "celeriac.joins"

    /// The task's id.
    public var taskID: String
    /// The id of the header's group.
    public var groupID: String
    /// The place of the task's result among the others; `nil` puts it behind all that have one.
    public var index: Int?
    /// The message that asks for the join. Its id is the same each time that the task runs.
    public var join: Publication

    /// The place as Celery writes it.
    public var score: String { self.index.map { String($0) } ?? "+inf" }

    /// The part that a task returns, `nil` when it is in no chord. The join is in the trace of the sender. Throws ``BodyError`` for a body with no JSON form.
    init?(
        _ taskID: String, group: String?, index: Int?, chord: Signature?, rootID: String?, sender: TaskHeaders?,
        deliveryTag: String
    ) throws(BodyError) {
        guard let chord, let group else { return nil }
        self.taskID = taskID
        self.groupID = group
        self.index = index
        var task = NewTask(task: Self.joinTask, id: Self.joinID(taskID, group), routingKey: Self.joinQueue)
        task.headers.rootID = rootID ?? taskID
        task.headers.parentID = taskID
        task.headers.group = group
        task.headers.ignoreResult = true
        task.headers.trace = sender?.trace
        task.headers.traceState = sender?.trace == nil ? nil : sender?.traceState
        task.body.embed.chord = chord
        self.join = try Publication(task, deliveryTag: deliveryTag)
    }

    /// Names the join by the part that asks for it: one that returns twice asks for the same.
    public static func joinID(_ taskID: ArraySlice<UInt8>, _ group: ArraySlice<UInt8>) -> String {
        "join.\(String(decoding: group, as: UTF8.self)).\(String(decoding: taskID, as: UTF8.self))"
    }

    private static func joinID(_ taskID: String, _ group: String) -> String {
        self.joinID(Array(taskID.utf8)[...], Array(group.utf8)[...])
    }

    /// What the result backend keeps of a part: `[1, id, state, result]`. The result is JSON.
    public static func value(_ taskID: ArraySlice<UInt8>, _ state: ResultState, _ result: ArraySlice<UInt8>) -> [UInt8]
    {
        var value: [UInt8] = []
        value.reserveCapacity(result.count + taskID.count + 32)
        PythonJSON.append("[1, ", into: &value)
        PythonJSON.write(taskID, into: &value)
        PythonJSON.append(", ", into: &value)
        PythonJSON.write(state.rawValue, into: &value)
        PythonJSON.append(", ", into: &value)
        value.append(contentsOf: result)
        value.append(UInt8(ascii: "]"))
        return value
    }
}
