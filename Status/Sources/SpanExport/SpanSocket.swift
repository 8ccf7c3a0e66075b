import Foundation

/// A datagram socket that workers of this machine write spans to. It is read by a thread of its own.
final class SpanSocket: Sendable {
    /// As large as the largest datagram of a worker, and some more.
    private static let longest = 65_536

    /// The socket cannot be made.
    struct Failure: Error, CustomStringConvertible {
        let path: String
        let number: Int32
        var description: String { "cannot listen at \(self.path): \(String(cString: strerror(self.number)))" }
    }

    private let path: String
    private let number: Int32

    /// Listens at a path, in place of a socket that an earlier process has left there. Throws ``Failure``.
    init(_ path: String) throws {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else {
            throw Failure(path: path, number: ENAMETOOLONG)
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        self.path = path
        self.number = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard self.number >= 0 else { throw Failure(path: path, number: errno) }
        var status = stat()
        if lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK { unlink(path) }
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(self.number, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result == 0 else {
            let reason = errno
            Foundation.close(self.number)
            throw Failure(path: path, number: reason)
        }
    }

    /// Starts the thread, which calls `take` for each datagram until ``close()``.
    func read(_ take: @escaping @Sendable (Data) -> Void) {
        Thread.detachNewThread { [self] in
            var buffer = [UInt8](repeating: 0, count: Self.longest)
            while true {
                let count = recv(self.number, &buffer, buffer.count, 0)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { break }
                take(Data(buffer[..<count]))
            }
            Foundation.close(self.number)
        }
    }

    /// Takes no more; wakes the thread, which then ends.
    func close() {
        unlink(self.path)
        shutdown(self.number, Int32(SHUT_RDWR))
    }
}
