import CShims
import Glibc
import SystemPackage

/// Where a stream socket leads.
public enum SocketAddress: Hashable, Sendable {
    /// An address of IPv4 or IPv6 in its usual text form, and a port.
    case internet(host: String, port: UInt16)
    /// A path of this machine (`unix(7)`).
    case local(path: String)
}

extension SocketAddress: CustomStringConvertible {
    public var description: String {
        switch self {
        case .internet(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .local(let path): path
        }
    }
}

/// A stream socket on its way to an address: non-blocking, closed on exec, without Nagle's delay, with keepalive.
///
/// The connection is there, or has failed, when the descriptor becomes writable; ``connectionError(_:)`` tells which.
/// Throws `EINVAL` for a host that is not an address, or a path that is too long.
public func connectStream(to address: SocketAddress) throws(Errno) -> Descriptor {
    var storage = sockaddr_storage()
    let length = try fill(&storage, with: address)
    let kind = CInt(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
    let socket = Descriptor(owning: try check(socket(CInt(storage.ss_family), kind, 0)))
    if case .internet = address {
        try setOption(socket.number, CInt(IPPROTO_TCP), TCP_NODELAY, 1)
        try setOption(socket.number, SOL_SOCKET, SO_KEEPALIVE, 1)
    }
    let result = withUnsafePointer(to: &storage) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(socket.number, $0, length) }
    }
    // A local socket whose listener is busy answers EAGAIN; there is nothing to wait for, so it counts as failed.
    if result < 0 && errno != EINPROGRESS { throw Errno(rawValue: errno) }
    return socket
}

/// What became of a connection attempt whose socket is ready: `nil` when it is connected (`SO_ERROR`).
public func connectionError(_ descriptor: CInt) -> Errno? {
    var code: CInt = 0
    var length = socklen_t(MemoryLayout<CInt>.size)
    guard getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &length) == 0 else { return Errno(rawValue: errno) }
    return code == 0 ? nil : Errno(rawValue: code)
}

/// Whether a text is an address of IPv4 or IPv6 in its usual form, so that there is nothing to look up.
public func isAddress(_ host: String) -> Bool {
    var storage = sockaddr_storage()
    return fillIPv4(&storage, host, 0) != nil || fillIPv6(&storage, host, 0) != nil
}

/// `send(2)`, repeated when interrupted. As ``write(_:to:)``, but a socket whose other side is gone raises no signal:
/// the program may be any that talks to a server.
public func send(_ bytes: UnsafeRawBufferPointer, on socket: CInt) throws(Errno) -> WriteResult {
    while true {
        let count = Glibc.send(socket, bytes.baseAddress, bytes.count, CInt(MSG_NOSIGNAL))
        if count >= 0 { return .bytes(count) }
        switch errno {
        case EINTR: continue
        case EAGAIN: return .wouldBlock
        case EPIPE, ECONNRESET: return .noReader
        default: throw Errno(rawValue: errno)
        }
    }
}

private func setOption(_ socket: CInt, _ level: CInt, _ name: CInt, _ value: CInt) throws(Errno) {
    var value = value
    try check(setsockopt(socket, level, name, &value, socklen_t(MemoryLayout<CInt>.size)))
}

func fill(_ storage: inout sockaddr_storage, with address: SocketAddress) throws(Errno) -> socklen_t {
    switch address {
    case .internet(let host, let port):
        if let length = fillIPv4(&storage, host, port) { return length }
        if let length = fillIPv6(&storage, host, port) { return length }
        throw .invalidArgument
    case .local(let path): return try fillLocal(&storage, path)
    }
}

private func fillIPv4(_ storage: inout sockaddr_storage, _ host: String, _ port: UInt16) -> socklen_t? {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    guard inet_pton(AF_INET, host, &address.sin_addr) == 1 else { return nil }
    return copy(address, into: &storage)
}

private func fillIPv6(_ storage: inout sockaddr_storage, _ host: String, _ port: UInt16) -> socklen_t? {
    var address = sockaddr_in6()
    address.sin6_family = sa_family_t(AF_INET6)
    address.sin6_port = port.bigEndian
    guard inet_pton(AF_INET6, host, &address.sin6_addr) == 1 else { return nil }
    return copy(address, into: &storage)
}

private func fillLocal(_ storage: inout sockaddr_storage, _ path: String) throws(Errno) -> socklen_t {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let bytes = Array(path.utf8)
    // The kernel's field ends with a zero byte.
    guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else { throw .invalidArgument }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
    return copy(address, into: &storage)
}

private func copy<Address>(_ address: Address, into storage: inout sockaddr_storage) -> socklen_t {
    withUnsafeMutableBytes(of: &storage) { target in
        withUnsafeBytes(of: address) { target.copyMemory(from: $0) }
    }
    return socklen_t(MemoryLayout<Address>.size)
}

/// The name of this machine (`gethostname(2)`).
public func hostName() -> String {
    var name = [CChar](repeating: 0, count: Int(HOST_NAME_MAX) + 1)
    guard gethostname(&name, name.count) == 0 else { return "localhost" }
    return name.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
}
