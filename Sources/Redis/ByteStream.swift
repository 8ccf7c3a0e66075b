import Syscalls
import SystemPackage

/// Bytes to and from a server, in order, without waiting. A plain socket, or one with encryption on top.
public protocol ByteStream: AnyObject {
    /// What the loop watches.
    var descriptor: CInt { get }
    /// What must be watched besides what the connection wants.
    var wanted: Readiness { get }
    /// Goes on connecting once the descriptor is ready. Returns whether bytes can go out.
    func finishConnecting() throws -> Bool
    /// Reads what has come.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> ReadResult
    /// Writes some of what waits.
    func write(_ queue: inout WriteQueue) throws -> WriteResult
}

/// Where a connection leads. Asked anew for each attempt, so that it can try one address after the other.
public protocol Endpoint: CustomStringConvertible {
    /// Begins to connect.
    func open() throws -> any ByteStream
}

/// A socket without encryption.
final class PlainStream: ByteStream {
    private let socket: Descriptor
    private var isConnected = false

    init(to address: SocketAddress) throws(Errno) { self.socket = try connectStream(to: address) }

    var descriptor: CInt { self.socket.number }

    /// A connection attempt is over when the socket is writable.
    var wanted: Readiness { self.isConnected ? [] : .writable }

    func finishConnecting() throws -> Bool {
        if let error = connectionError(self.socket.number) { throw error }
        self.isConnected = true
        return true
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> ReadResult {
        try Syscalls.read(self.socket.number, into: buffer)
    }

    func write(_ queue: inout WriteQueue) throws -> WriteResult {
        try queue.write(upTo: 1 << 20, to: self.socket.number)
    }
}
