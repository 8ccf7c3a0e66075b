import Celery
import RemoteControl
import Supervision
import Syscalls
import SystemPackage

/// Asks a worker of this machine on its socket.
enum LocalQuestion {
    /// There is no worker.
    struct NobodyListens: Error, CustomStringConvertible {
        let description: String
    }

    /// Asks and waits for the answer. Throws ``NobodyListens`` when there is no worker.
    static func ask(_ request: ControlRequest, at path: String, timeout: Duration) throws -> [ControlReply] {
        let deadline = Instant(nanoseconds: monotonicNanoseconds()) + timeout
        let socket = try self.connect(path)
        var line = try request.body.json()
        line.append(UInt8(ascii: "\n"))
        try self.write(line, to: socket.number, until: deadline)
        guard let answer = try self.line(from: socket.number, until: deadline) else { return [] }
        let answers = try CeleryValue(parsing: answer[...]).asObject?.members ?? []
        return answers.map { ControlReply(node: $0.key, value: $0.value) }
    }

    private static func connect(_ path: String) throws -> Descriptor {
        do throws(Errno) {
            let socket = try connectStream(to: .local(path: path))
            if let error = connectionError(socket.number) { throw error }
            return socket
        } catch {
            throw NobodyListens(description: "no worker listens at \(path): \(error)")
        }
    }

    private static func write(_ bytes: [UInt8], to socket: CInt, until deadline: Instant) throws {
        var rest = bytes[...]
        while !rest.isEmpty, self.left(deadline) > .zero {
            let result = try rest.withUnsafeBytes { bytes throws(Errno) in try send(bytes, on: socket) }
            switch result {
            case .bytes(let count): rest = rest.dropFirst(count)
            case .wouldBlock: _ = isWritable(socket, within: self.left(deadline))
            case .noReader: return
            }
        }
    }

    /// A line without its end; `nil` when none comes in time.
    private static func line(from socket: CInt, until deadline: Instant) throws -> [UInt8]? {
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 65_536, alignment: 1)
        defer { room.deallocate() }
        var line: [UInt8] = []
        while self.left(deadline) > .zero {
            switch try read(socket, into: room) {
            case .bytes(let count):
                line.append(contentsOf: room[..<count])
                if line.last == UInt8(ascii: "\n") { return line.dropLast() }
            case .wouldBlock: _ = isReadable(socket, within: self.left(deadline))
            case .endOfFile: return nil
            }
        }
        return nil
    }

    private static func left(_ deadline: Instant) -> Duration {
        let now = Instant(nanoseconds: monotonicNanoseconds())
        return now < deadline ? deadline - now : .zero
    }
}
