import Logging

/// Where a child wrote a line of output.
public enum OutputStream: String, Sendable {
    case stdout, stderr
}

extension WorkerLogHandler {
    /// Logs one line that a task printed, at level info: `task.output child.pid=7 stream=stdout task.id=… text="…"`.
    ///
    /// - Parameters:
    ///   - line: The bytes as the child wrote them, without the newline. Need not be UTF-8.
    ///   - stream: Where it wrote them.
    ///   - taskID: The task that ran, `nil` between two tasks.
    ///   - taskName: The task's name.
    ///   - childPID: The child's process number.
    public func taskOutput(
        _ line: ArraySlice<UInt8>,
        stream: OutputStream,
        taskID: String?,
        taskName: String?,
        childPID: Int32
    ) {
        guard self.logLevel <= .info else { return }
        var fields = [
            LogRecord.Field(key: "child.pid", value: Array(String(childPID).utf8)),
            LogRecord.Field(key: "stream", value: Array(stream.rawValue.utf8)),
            LogRecord.Field(key: "text", value: Array(line)),
        ]
        if let taskID { fields.append(.init(key: "task.id", value: Array(taskID.utf8))) }
        if let taskName { fields.append(.init(key: "task.name", value: Array(taskName.utf8))) }
        self.output.log(level: .info, message: "task.output", fields: fields)
    }
}
