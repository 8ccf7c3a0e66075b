/// Where a server is: at a place of its own, or where sentinels say that the master is.
public enum ServerURL: Hashable, Sendable {
    /// One server.
    case server(RedisURL)
    /// The master of this name.
    case sentinels(SentinelURL, master: String)

    /// Reads a URL. Throws ``RedisURLError`` with the part that is wrong.
    ///
    /// - Parameter master: what sentinels call the master. Celery: `master_name` of the transport's options.
    public init(_ text: String, master: String) throws(RedisURLError) {
        self =
            SentinelURL.isOne(text)
            ? .sentinels(try SentinelURL(text), master: master) : .server(try RedisURL(text))
    }

    /// A connection's way there; each connection has one of its own.
    public func endpoint() -> any Endpoint {
        switch self {
        case .server(let url): Server(url)
        case .sentinels(let url, let master): SentinelMaster(url, name: master)
        }
    }

    /// How to log in, and the name that `CLIENT LIST` shows; `nil` for none.
    public func login(name: String?) -> Login {
        switch self {
        case .server(let url): return Login(url, name: name)
        case .sentinels(let url, _):
            var login = url.login
            login.name = name
            return login
        }
    }

    /// The database to use.
    public var database: Int { self.login(name: nil).database }

    /// Whether both lead to the same server, whatever the database.
    public func isSameServer(as other: ServerURL) -> Bool {
        switch (self, other) {
        case (.server(let left), .server(let right)): left.place == right.place
        case (.sentinels(let left, let master), .sentinels(let right, let other)):
            master == other && left.sentinels.map(\.place) == right.sentinels.map(\.place)
        default: false
        }
    }

    /// The URL for people and logs: passwords are `**`.
    public var masked: String {
        switch self {
        case .server(let url): url.masked
        case .sentinels(let url, let master): "\(url.masked) (master \(master))"
        }
    }

    /// Host or path, port (0 for a path), user, and whether the connection is encrypted, for people. Of sentinels the
    /// first.
    public var parts: (host: String, port: Int, user: String?, isEncrypted: Bool) {
        let url =
            switch self {
            case .server(let url): url
            case .sentinels(let url, _): url.sentinels[0]
            }
        switch url.place {
        case .host(let host, let port): return (host, Int(port), url.user, url.usesTLS)
        case .socket(let path): return (path, 0, url.user, url.usesTLS)
        }
    }
}
