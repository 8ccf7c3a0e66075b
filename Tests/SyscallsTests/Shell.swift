import Syscalls
import Testing

/// A shell script in a process of its own, with its output in a pipe.
enum Shell {
    /// Runs a script to its end and returns what it wrote and how it ended.
    static func run(
        _ script: String, _ change: (inout SpawnRequest) -> Void = { _ in }
    ) throws -> (output: String, exit: Exit) {
        let output = try Pipe()
        let pid = try self.start(script, output: output.writing.number, change)
        closeWriting(output)
        return (self.readAll(output.reading.number), try reap(pid))

        // The writing end is closed with its owner, so that the reader sees the end.
        func closeWriting(_ pipe: borrowing Pipe) { try? duplicate(pipe.reading.number, onto: pipe.writing.number) }
    }

    /// Starts a script.
    static func start(
        _ script: String, output: CInt = -1, _ change: (inout SpawnRequest) -> Void = { _ in }
    ) throws -> ProcessID {
        var request = SpawnRequest(
            path: "/bin/sh", arguments: ["sh", "-c", script], environment: ["PATH=/usr/bin:/bin"])
        request.standard = (-1, output, -1)
        change(&request)
        return try spawn(request)
    }

    /// Reads to the end, waiting.
    static func readAll(_ descriptor: CInt) -> String {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4_096)
        while case .bytes(let count)? = buffer.withUnsafeMutableBytes({ try? read(descriptor, into: $0) }) {
            bytes += buffer.prefix(count)
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
