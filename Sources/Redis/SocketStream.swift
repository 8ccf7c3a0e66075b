import Syscalls
import SystemPackage

/// A socket without encryption.
final class SocketStream: ByteStream {
    private let socket: Descriptor
    private var isConnected = false

    init(to address: SocketAddress) throws(Errno) { self.socket = try connectStream(to: address) }

    var descriptor: CInt { self.socket.number }

    /// A connection attempt is over when the socket is writable.
    var wanted: Readiness { self.isConnected ? [] : .writable }

    var holdsInput: Bool { false }

    func finishConnecting() throws -> Bool {
        if let error = connectionError(self.socket.number) { throw error }
        self.isConnected = true
        return true
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> ReadResult {
        try Syscalls.read(self.socket.number, into: buffer)
    }

    func write(_ queue: inout WriteQueue) throws -> WriteResult {
        try queue.write(upTo: 1 << 20) { (bytes) throws(Errno) in try send(bytes, on: self.socket.number) }
    }
}
