import Syscalls

/// The server that a URL names.
public final class Server: Endpoint {
    private let url: RedisURL
    private let addresses: AddressBook

    /// The server of a URL.
    public convenience init(_ url: RedisURL) { self.init(url, addresses: AddressBook(url.place)) }

    init(_ url: RedisURL, addresses: AddressBook) {
        self.url = url
        self.addresses = addresses
    }

    public var description: String {
        switch self.url.place {
        case .host(let host, let port): "\(SocketAddress.internet(host: host, port: port))"
        case .socket(let path): path
        }
    }

    public func open() throws -> any ByteStream { try HostStream(self.addresses) }
}
