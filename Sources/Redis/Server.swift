import Syscalls
import SystemPackage

/// The server that a URL names: its addresses are tried one after the other.
public final class Server: Endpoint {
    private let url: RedisURL
    private var untried: [SocketAddress] = []

    /// The server of a URL.
    public init(_ url: RedisURL) { self.url = url }

    public var description: String {
        switch self.url.place {
        case .host(let host, let port): "\(host):\(port)"
        case .socket(let path): path
        }
    }

    public func open() throws -> any ByteStream {
        if self.untried.isEmpty { self.untried = self.addresses.reversed() }
        guard let address = self.untried.popLast() else { throw Errno.addressNotAvailable }
        return try PlainStream(to: address)
    }

    private var addresses: [SocketAddress] {
        switch self.url.place {
        case .host(let host, let port): Syscalls.addresses(ofHost: host, port: port)
        case .socket(let path): [.local(path: path)]
        }
    }
}

/// What a connection says first.
public struct Login: Sendable {
    /// The user; `nil` for the server's default user.
    public var user: String?
    /// The password; `nil` logs nobody in.
    public var password: String?
    /// The database to use.
    public var database: Int
    /// What `CLIENT LIST` shows; `nil` for nothing.
    public var name: String?

    /// The login that a URL names.
    public init(_ url: RedisURL, name: String? = nil) {
        self.user = url.user
        self.password = url.password
        self.database = url.database
        self.name = name
    }

    var commands: [Command] {
        var commands: [Command] = []
        if let password {
            var command = Command("AUTH")
            if let user { command.add(user) }
            command.add(password)
            commands.append(command)
        }
        if let name { commands.append(Command("CLIENT", "SETNAME", name)) }
        commands.append(Command("SELECT", String(self.database)))
        return commands
    }
}
