import JSON
import Supervision

/// The outcome of one task message as one line of JSON. What is `nil` is left out.
public struct OutcomeLine: Sendable {
    /// How a task ended.
    public enum Ending: Sendable {
        /// It returned; the bytes are its result, a JSON document without line ends: see ``singleLine(_:)``.
        case result(ArraySlice<UInt8>)
        /// It failed.
        case error(Failure)
    }

    /// Why a task failed.
    public struct Failure: Equatable, Sendable {
        /// The name of the error's type.
        public var type: String
        /// What went wrong, for humans.
        public var message: String
        /// The frames of the backtrace, innermost first.
        public var backtrace: [String]?
        /// What made the engine end the attempt: a limit, a signal, a lost child.
        public var cause: String?

        /// A failure without backtrace and cause.
        public init(type: String, message: String) {
            self.type = type
            self.message = message
        }
    }

    /// The task id.
    public var id: String?
    /// The name of the task.
    public var task: String?
    /// Celery's name of the state: `SUCCESS`, `FAILURE`, `REVOKED`.
    public var state: String
    /// The result or the error.
    public var ending: Ending
    /// Attempts made, the first included. Default 0.
    public var attempts = 0
    /// The child that ran the last attempt.
    public var pid: Int32?
    /// How long the last attempt ran. Written in seconds, to the microsecond.
    public var runtime: Duration?
    /// The most private memory that the last attempt used. Written in bytes.
    public var peakMemory: ByteCount?
    /// The number of the input line, for a line that was no task message.
    public var line: Int?
    /// The end of what the task wrote to its output, for an attempt that ended abnormally.
    public var lastOutput: String?
    /// Processes that the attempt left behind and that were killed.
    public var leftoverProcesses: Int?
    /// What else is known of an abnormal end: a JSON object without line ends.
    public var postMortem: ArraySlice<UInt8>?

    /// An outcome with nothing but its state and ending.
    public init(state: String, ending: Ending) {
        self.state = state
        self.ending = ending
    }
}

extension OutcomeLine {
    /// Appends the line and its newline. Allocates nothing but room in the buffer.
    public func write(into buffer: inout [UInt8]) {
        var object = ObjectWriter()
        self.writeHead(&object, into: &buffer)
        if case .result(let json) = self.ending { buffer.append(contentsOf: json) }
        self.writeTail(&object, into: &buffer)
    }

    /// Writes the line and its newline in pieces, so that a large result need not be copied.
    ///
    /// - Parameters:
    ///   - pieces: is given a closure that appends what stands before, and later after, the result.
    ///   - result: is given the result.
    public func write(pieces: ((inout [UInt8]) -> Void) -> Void, result: (ArraySlice<UInt8>) -> Void) {
        var object = ObjectWriter()
        pieces { self.writeHead(&object, into: &$0) }
        if case .result(let json) = self.ending { result(json) }
        pieces { self.writeTail(&object, into: &$0) }
    }

    private func writeHead(_ object: inout ObjectWriter, into buffer: inout [UInt8]) {
        object.write("id", self.id, into: &buffer)
        object.write("task", self.task, into: &buffer)
        object.write("state", self.state, into: &buffer)
        self.writeEnding(&object, into: &buffer)
    }

    private func writeTail(_ object: inout ObjectWriter, into buffer: inout [UInt8]) {
        object.write("attempts", self.attempts, into: &buffer)
        object.write("pid", self.pid.map(Int.init), into: &buffer)
        if let runtime {
            object.writeKey("runtime", into: &buffer)
            writeSeconds(runtime, into: &buffer)
        }
        object.write("peak_memory", self.peakMemory?.bytes, into: &buffer)
        object.write("line", self.line, into: &buffer)
        object.write("last_output", self.lastOutput, into: &buffer)
        object.write("leftover_processes", self.leftoverProcesses, into: &buffer)
        if let postMortem {
            object.writeKey("post_mortem", into: &buffer)
            buffer.append(contentsOf: postMortem)
        }
        object.finish(into: &buffer)
        buffer.append(newline)
    }

    private func writeEnding(_ object: inout ObjectWriter, into buffer: inout [UInt8]) {
        switch self.ending {
        case .result: object.writeKey("result", into: &buffer)
        case .error(let failure):
            object.writeKey("error", into: &buffer)
            failure.write(into: &buffer)
        }
    }
}

extension OutcomeLine {
    /// A JSON document without line ends, as it must stand in a line. In a document they can only be white space.
    public static func singleLine(_ json: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let isLineEnd = { (byte: UInt8) in byte == newline || byte == UInt8(ascii: "\r") }
        guard json.contains(where: isLineEnd) else { return json }
        return json.map { isLineEnd($0) ? UInt8(ascii: " ") : $0 }[...]
    }
}

extension OutcomeLine.Failure {
    fileprivate func write(into buffer: inout [UInt8]) {
        var object = ObjectWriter()
        object.write("type", self.type, into: &buffer)
        object.write("message", self.message, into: &buffer)
        if let backtrace {
            object.writeKey("backtrace", into: &buffer)
            writeArray(backtrace, into: &buffer)
        }
        object.write("cause", self.cause, into: &buffer)
        object.finish(into: &buffer)
    }
}

private let newline = UInt8(ascii: "\n")

/// Writes the members of an object and the commas between them.
private struct ObjectWriter {
    private var isFirst = true

    mutating func writeKey(_ key: StaticString, into buffer: inout [UInt8]) {
        buffer.append(UInt8(ascii: self.isFirst ? "{" : ","))
        self.isFirst = false
        buffer.append(UInt8(ascii: "\""))
        buffer.append(contentsOf: UnsafeBufferPointer(start: key.utf8Start, count: key.utf8CodeUnitCount))
        buffer.append(UInt8(ascii: "\""))
        buffer.append(UInt8(ascii: ":"))
    }

    mutating func write(_ key: StaticString, _ text: String?, into buffer: inout [UInt8]) {
        guard let text else { return }
        self.writeKey(key, into: &buffer)
        quoted(text, into: &buffer)
    }

    mutating func write(_ key: StaticString, _ integer: Int?, into buffer: inout [UInt8]) {
        guard let integer else { return }
        self.writeKey(key, into: &buffer)
        writeDecimal(Int64(integer), into: &buffer)
    }

    func finish(into buffer: inout [UInt8]) { buffer.append(UInt8(ascii: "}")) }
}

private func writeArray(_ texts: [String], into buffer: inout [UInt8]) {
    buffer.append(UInt8(ascii: "["))
    for (index, text) in texts.enumerated() {
        if index > 0 { buffer.append(UInt8(ascii: ",")) }
        quoted(text, into: &buffer)
    }
    buffer.append(UInt8(ascii: "]"))
}

/// Appends seconds with as many of six decimals as are needed.
private func writeSeconds(_ duration: Duration, into buffer: inout [UInt8]) {
    let microseconds = duration.wholeNanoseconds / 1000
    writeDecimal(Int64(microseconds / 1_000_000), into: &buffer)
    let fraction = microseconds % 1_000_000
    guard fraction > 0 else { return }
    let point = buffer.count
    // The leading 1 keeps the zeros behind the point, and gives its place to the point.
    writeDecimal(Int64(1_000_000 + fraction), into: &buffer)
    buffer[point] = UInt8(ascii: ".")
    while buffer.last == UInt8(ascii: "0") { buffer.removeLast() }
}
