import Glibc
import Reactor
import Syscalls

@testable import Redis

/// The other side of a connection, played by the test on the test's own loop: there is no second thread.
final class FakeServer: ReadinessHandler {
    /// What a connection of a client is, and what it has asked.
    final class Client {
        let socket: CInt
        var commands: [[String]] = []
        fileprivate let decoder = ReplyDecoder()
        fileprivate(set) var isOpen = true

        fileprivate init(_ socket: CInt) { self.socket = socket }
    }

    let port: UInt16
    private(set) var clients: [Client] = []
    /// Answers a command; the default answers as a server that has nothing to object.
    var answer: (Client, [String]) -> Void = { _, _ in }

    /// Hears that a client says something, in whatever language; instead of ``answer``.
    var heard: ((Client) -> Void)?

    private let reactor: Reactor
    private let listener: CInt
    private var registrations: [Int: Reactor.Registration] = [:]

    init(on reactor: Reactor, path: String? = nil) throws {
        self.reactor = reactor
        (self.listener, self.port) = path.map { (Self.listen(path: $0), 0) } ?? Self.listenOnLoopback()
        self.answer = { [unowned self] client, command in self.send("+\(command[0])\r\n", to: client) }
        self.registrations[-1] = try reactor.register(self.listener, for: .readable, handler: self, token: -1)
    }

    deinit {
        for client in self.clients { self.close(client) }
        self.stopListening()
    }

    /// From now on connections are refused.
    func stopListening() {
        guard let registration = self.registrations.removeValue(forKey: -1) else { return }
        self.reactor.remove(registration)
        Glibc.close(self.listener)
    }

    /// A port on which nobody listens just now.
    static func freePort() -> UInt16 {
        let (listener, port) = self.listenOnLoopback()
        Glibc.close(listener)
        return port
    }

    private static func listenOnLoopback() -> (CInt, UInt16) {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let listener = self.listen(address)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        _ = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(listener, $0, &length) }
        }
        return (listener, UInt16(bigEndian: address.sin_port))
    }

    private static func listen(path: String) -> CInt {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        return self.listen(address)
    }

    private static func listen<Address>(_ address: Address) -> CInt {
        var address = address
        let family = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { CInt($0.pointee.sa_family) }
        }
        let kind = CInt(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let listener = socket(family, kind, 0)
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, socklen_t(MemoryLayout<Address>.size))
            }
        }
        precondition(result == 0 && Glibc.listen(listener, 16) == 0, "A test can listen.")
        return listener
    }

    func descriptorReady(token: Int, readiness: Readiness) {
        if token < 0 { return self.accept() }
        let client = self.clients[token]
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = read(client.socket, &buffer, buffer.count)
        if count <= 0 { return self.close(client) }
        if let heard { return heard(client) }
        buffer.withUnsafeBytes { client.decoder.append(UnsafeRawBufferPointer(rebasing: $0.prefix(count))) }
        // A command is an array of texts, as an answer may be.
        while client.isOpen, let command = try? client.decoder.next()?.asArray?.compactMap(\.asText) {
            client.commands.append(command)
            self.answer(client, command)
        }
    }

    private func accept() {
        let socket = Glibc.accept(self.listener, nil, nil)
        guard socket >= 0 else { return }
        let token = self.clients.count
        self.clients.append(Client(socket))
        self.registrations[token] = try? self.reactor.register(socket, for: .readable, handler: self, token: token)
    }

    func send(_ text: some StringProtocol, to client: Client) { self.send(Array(text.utf8), to: client) }

    func send(_ bytes: [UInt8], to client: Client) {
        guard client.isOpen else { return }
        var left = bytes[...]
        while !left.isEmpty {
            let count = left.withUnsafeBytes { Glibc.send(client.socket, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL)) }
            guard count > 0 else { return }
            left = left.dropFirst(count)
        }
    }

    /// Ends what this side says; the other may go on.
    func halfClose(_ client: Client) { shutdown(client.socket, CInt(SHUT_WR)) }

    func close(_ client: Client) {
        guard client.isOpen else { return }
        client.isOpen = false
        let token = self.clients.firstIndex { $0 === client }!
        if let registration = self.registrations.removeValue(forKey: token) { self.reactor.remove(registration) }
        Glibc.close(client.socket)
    }
}
