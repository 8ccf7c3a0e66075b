import Syscalls

/// Bytes to and from a server, in order, without waiting. A plain socket, or one with encryption on top.
public protocol ByteStream: AnyObject {
    /// What the loop watches. It may change with each call of ``finishConnecting()``, and not after that.
    var descriptor: CInt { get }
    /// What must be watched besides what the connection wants.
    var wanted: Readiness { get }
    /// Whether a read yields something though the descriptor may not become readable: bytes that were taken from it
    /// and not handed out.
    var holdsInput: Bool { get }
    /// Goes on connecting once the descriptor is ready. Returns whether bytes can go out.
    func finishConnecting() throws -> Bool
    /// Reads what has come. Fewer bytes than there is room for are all that there were.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> ReadResult
    /// Writes some of what waits, in the queue and in the stream itself; no bytes when nothing does.
    func write(_ queue: inout WriteQueue) throws -> WriteResult
}

/// Where a connection leads. Asked anew for each attempt, so that it can try one address after the other.
public protocol Endpoint: CustomStringConvertible {
    /// Begins to connect.
    func open() throws -> any ByteStream
    /// Whether a server that is a replica is the wrong one; `false` by default.
    var mustBeMaster: Bool { get }
}

extension Endpoint {
    public var mustBeMaster: Bool { false }
}
