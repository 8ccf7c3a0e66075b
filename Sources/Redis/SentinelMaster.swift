import TLS

/// The master of a name, wherever the sentinels say that it is: asked for each attempt, since a failover moves it.
///
/// Each attempt begins with the next sentinel: one that swallows everything, or is cut off and tells what was, does not
/// keep the others from being asked. What they say is checked: a server that is no master (`ROLE`) is not used.
public final class SentinelMaster: Endpoint {
    private let name: String
    private let login: Login
    private let tls: TLSOptions?
    /// The one to be asked next comes first.
    private var sentinels: [Server]
    /// The server that was named last, which keeps what it knows.
    private var last: (url: RedisURL, server: Server)?

    /// - Parameters:
    ///   - url: the sentinels.
    ///   - name: what they call the master. Celery: `master_name` of the transport's options.
    ///   - sentinelLogin: how to log in to the sentinels themselves. Celery: `sentinel_kwargs`.
    ///   - tls: how sentinels and master are encrypted; `nil` when they are not.
    public init(_ url: SentinelURL, name: String, sentinelLogin: Login = Login(), tls: TLSOptions? = nil) {
        self.name = name
        self.login = sentinelLogin
        self.tls = tls
        self.sentinels = url.sentinels.map { Server(Self.url($0.place, tls)) }
    }

    private static func url(_ place: RedisURL.Place, _ tls: TLSOptions?) -> RedisURL {
        var url = RedisURL(host: "")
        url.place = place
        url.usesTLS = tls != nil
        url.tls = tls ?? TLSOptions()
        return url
    }

    public var description: String { "the master \(self.name)" }

    public var mustBeMaster: Bool { true }

    public func open() throws -> any ByteStream {
        let order = self.sentinels
        self.sentinels = Array(order.dropFirst() + order.prefix(1))
        return try SentinelStream(order.map { sentinel in { try self.ask(sentinel) } }, master: self.server)
    }

    private func ask(_ sentinel: Server) throws -> SentinelQuestion {
        try SentinelQuestion(to: sentinel, login: self.login, master: self.name)
    }

    private func server(at place: RedisURL.Place) -> Server {
        let url = Self.url(place, self.tls)
        if let last, last.url == url { return last.server }
        let server = Server(url)
        self.last = (url, server)
        return server
    }
}
