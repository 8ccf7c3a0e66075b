import Glibc

/// Sockets on the loopback interface, as tests need them. Every call throws ``SocketError``.
package enum LocalSocket {
    /// A listener; port 0 takes a free one.
    package static func listen(port: UInt16) throws -> CInt {
        let descriptor = try Self.make(AF_INET)
        var reuse: CInt = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &reuse, socklen_t(MemoryLayout<CInt>.size))
        var address = Self.loopback(port)
        let result = Self.withAddress(&address) { Glibc.bind(descriptor, $0, $1) }
        guard result == 0, Glibc.listen(descriptor, 64) == 0 else { throw SocketError("listen", closing: descriptor) }
        return descriptor
    }

    package static func connect(port: UInt16) throws -> CInt {
        let descriptor = try Self.make(AF_INET)
        var address = Self.loopback(port)
        let result = Self.withAddress(&address) { Glibc.connect(descriptor, $0, $1) }
        guard result == 0 else { throw SocketError("connect", closing: descriptor) }
        Self.sendAtOnce(descriptor)
        return descriptor
    }

    /// Small writes go out at once, each for itself.
    package static func sendAtOnce(_ descriptor: CInt) {
        var noDelay: CInt = 1
        setsockopt(descriptor, CInt(IPPROTO_TCP), TCP_NODELAY, &noDelay, socklen_t(MemoryLayout<CInt>.size))
    }

    package static func connect(path: String) throws -> CInt {
        let descriptor = try Self.make(AF_UNIX)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let result = Self.withAddress(&address) { Glibc.connect(descriptor, $0, $1) }
        guard result == 0 else { throw SocketError("connect", closing: descriptor) }
        return descriptor
    }

    package static func port(of descriptor: CInt) -> UInt16 {
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        _ = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
        }
        return UInt16(bigEndian: address.sin_port)
    }

    /// A port that nobody listens on. It lies below those that the kernel hands out by itself, so that it stays free
    /// while its server is down.
    package static func freePort() throws -> UInt16 {
        for _ in 0..<100 {
            let port = UInt16.random(in: 20_000..<30_000)
            guard let descriptor = try? Self.listen(port: port) else { continue }
            close(descriptor)
            return port
        }
        throw SocketError("find a free port", closing: -1)
    }

    private static func make(_ family: CInt) throws -> CInt {
        let kind = CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue)
        let descriptor = Glibc.socket(family, kind, 0)
        guard descriptor >= 0 else { throw SocketError("socket", closing: -1) }
        return descriptor
    }

    private static func loopback(_ port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        return address
    }

    private static func withAddress<Address>(
        _ address: inout Address, _ body: (UnsafePointer<sockaddr>, socklen_t) -> CInt
    ) -> CInt {
        withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<Address>.size)) }
        }
    }
}

/// A socket call that failed, and why.
package struct SocketError: Error, CustomStringConvertible {
    package let description: String

    package init(_ call: String, closing descriptor: CInt) {
        self.description = "\(call): \(String(cString: strerror(errno)))"
        if descriptor >= 0 { close(descriptor) }
    }
}
