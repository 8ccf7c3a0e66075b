import Glibc
import SystemPackage

/// A stream socket of this machine that waits for connections, for its owner only (`unix(7)`). The file goes with it.
public struct LocalListener: ~Copyable {
    /// Readable when a connection waits.
    public let descriptor: Descriptor
    private let path: String

    /// Begins to listen. A file that a dead process has left is replaced.
    ///
    /// Throws `EADDRINUSE` when somebody listens there, and `EINVAL` for a path of more than 107 bytes.
    public init(path: String) throws(Errno) {
        var storage = sockaddr_storage()
        let length = try fill(&storage, with: .local(path: path))
        let kind = CInt(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let socket = Descriptor(owning: try check(socket(AF_UNIX, kind, 0)))
        // The file is made with the mask that is in force: nobody else may connect at any moment.
        let mask = umask(0o177)
        defer { umask(mask) }
        var result = bindLocal(socket.number, &storage, length)
        if result < 0, errno == EADDRINUSE, !hasListener(path) {
            unlink(path)
            result = bindLocal(socket.number, &storage, length)
        }
        try check(result)
        try check(listen(socket.number, 16))
        self.descriptor = socket
        self.path = path
    }

    deinit { unlink(self.path) }

    /// The next connection that waits, non-blocking and closed on exec; `nil` when none does.
    public func accept() throws(Errno) -> CInt? {
        while true {
            let number = Glibc.accept(self.descriptor.number, nil, nil)
            if number >= 0 {
                _ = fcntl(number, F_SETFD, FD_CLOEXEC)
                try setNonblocking(number)
                return number
            }
            switch errno {
            case EINTR, ECONNABORTED: continue
            case EAGAIN: return nil
            default: throw Errno(rawValue: errno)
            }
        }
    }
}

private func bindLocal(_ socket: CInt, _ storage: inout sockaddr_storage, _ length: socklen_t) -> CInt {
    withUnsafePointer(to: &storage) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(socket, $0, length) }
    }
}

private func hasListener(_ path: String) -> Bool {
    guard let socket = try? connectStream(to: .local(path: path)) else { return false }
    return connectionError(socket.number) == nil
}
