import Syscalls
import TLS

/// The server that a URL names.
public final class Server: Endpoint {
    private let url: RedisURL
    private let addresses: AddressBook
    /// What encryption needs of files. Reading all authorities of the system takes tens of milliseconds, so that it is
    /// kept until one side does not accept the other: then a certificate may have been renewed.
    private var context: TLSContext?

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

    public func open() throws -> any ByteStream {
        guard self.url.usesTLS, case .host(let host, _) = self.url.place else { return try HostStream(self.addresses) }
        let context = try self.context ?? TLSContext(self.url.tls)
        self.context = context
        let session = try TLSSession(context, serverName: host, isAddress: isAddress(host))
        return TLSStream(over: try HostStream(self.addresses), session) { [weak self] in self?.context = nil }
    }
}
