import Glibc
import SystemPackage

/// Sends datagrams to another process of this machine, and never waits for it.
public struct DatagramSocket: ~Copyable {
    private let socket: Descriptor
    private var address: sockaddr_un
    private let length: socklen_t

    /// A socket for a path, or for a name that begins with `@` and stands in no file system.
    ///
    /// Throws `EINVAL` for anything else, and for what is too long.
    public init(_ name: String) throws(Errno) {
        let (address, length) = try Self.address(name)
        let kind = CInt(SOCK_DGRAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let number = try check(Glibc.socket(AF_UNIX, kind, 0))
        self.socket = Descriptor(owning: number)
        (self.address, self.length) = (address, length)
    }

    private static func address(_ name: String) throws(Errno) -> (sockaddr_un, socklen_t) {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var bytes = Array(name.utf8)
        let isAbstract = bytes.first == UInt8(ascii: "@")
        guard isAbstract || bytes.first == UInt8(ascii: "/"), bytes.count < MemoryLayout.size(ofValue: address.sun_path)
        else { throw .invalidArgument }
        if isAbstract { bytes[0] = 0 }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        // An abstract name ends where the address does.
        return (address, socklen_t(MemoryLayout<sa_family_t>.size + bytes.count + (isAbstract ? 0 : 1)))
    }

    /// Sends a datagram. Returns whether it was taken; not when the other side has too many to read.
    public mutating func send(_ bytes: [UInt8]) throws(Errno) -> Bool {
        let (number, length) = (self.socket.number, self.length)
        while true {
            let count = withUnsafePointer(to: &self.address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    sendto(number, bytes, bytes.count, CInt(MSG_NOSIGNAL), $0, length)
                }
            }
            if count >= 0 { return true }
            switch errno {
            case EINTR: continue
            case EAGAIN, ENOBUFS: return false
            default: throw Errno(rawValue: errno)
            }
        }
    }
}
