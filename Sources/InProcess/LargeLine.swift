import Syscalls
import SystemPackage
import TaskLines
import Wire

/// A task line that is too large for the master's memory, on its way from the input into a file.
struct LargeLine {
    private let file: SpoolFile
    private var count = 0
    private var outline = LineOutline()
    /// Why it is no task line: then the rest of it is dropped.
    private(set) var flaw: TaskLineError?

    init() throws(Errno) { self.file = try SpoolFile() }

    /// Takes the next bytes of the line. Throws, and has not taken them, when they cannot be written.
    mutating func append(_ bytes: Bytes) throws(Errno) {
        guard self.flaw == nil else { return }
        try bytes.withUnsafeBufferPointer { bytes throws(Errno) in
            try self.file.write(UnsafeRawBufferPointer(bytes), at: self.count)
        }
        self.count += bytes.count
        do throws(TaskLineError) { try self.outline.feed(bytes) } catch { self.flaw = error }
    }

    /// All that it has taken, in memory.
    func readBack() throws(Errno) -> [UInt8] { Array(try Payload.file(self.file, 0..<self.count).bytes()) }

    /// The line is over: its fields, and its arguments in the file; `nil` when it is blank.
    mutating func finish() throws(TaskLineError) -> (line: TaskLine, args: Payload, kwargs: Payload)? {
        if let flaw { throw flaw }
        let parts = try self.outline.finish()
        guard let line = parts.line else { return nil }
        let file = self.file
        let args = parts.args.map { Payload.file(file, $0) }
        let kwargs = parts.kwargs.map { Payload.file(file, $0) }
        return (line, args ?? .memory(line.args), kwargs ?? .memory(line.kwargs))
    }

    /// How long the line is.
    var size: Int { self.count }
}
