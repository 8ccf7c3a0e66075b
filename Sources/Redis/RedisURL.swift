import TLS

/// Where a server is and how to log in, as a URL says it in the way of Celery and redis-py.
///
/// `redis://[user:password@]host[:6379][/db]`, `rediss://…` for TLS, and for a socket of this machine
/// `redis+socket://[user:password@]/path[?virtual_host=db]` or `unix://…[?db=db]`.
public struct RedisURL: Hashable, Sendable {
    /// How the server is reached.
    public enum Place: Hashable, Sendable {
        /// A host, by name or address, and a port.
        case host(String, port: UInt16)
        /// A socket of this machine.
        case socket(path: String)
    }

    /// How the server is reached.
    public var place: Place
    /// Whether the connection is encrypted (`rediss://`).
    public var usesTLS = false
    /// How both sides prove who they are, when the connection is encrypted.
    public var tls = TLSOptions()
    /// The user; `nil` for the server's default user.
    public var user: String?
    /// The password; `nil` logs nobody in.
    public var password: String?
    /// The database's number.
    public var database = 0
    /// What stands behind the question mark, decoded, without the database and what ``tls`` says.
    public var options: [String: String] = [:]

    /// A server without login.
    public init(host: String, port: UInt16 = 6379, database: Int = 0) {
        self.place = .host(host, port: port)
        self.database = database
    }

    /// Reads a URL. Throws ``RedisURLError`` with the part that is wrong; its text never holds the password.
    public init(_ text: String) throws(RedisURLError) { try self.init(text, ofSentinel: false) }

    /// As ``init(_:)``, or a sentinel's URL, which has a scheme and a port of its own.
    init(_ text: String, ofSentinel: Bool) throws(RedisURLError) {
        let parts = URLParts(text)
        switch parts.scheme {
        case "sentinel" where ofSentinel: self.place = .host(try parts.host(), port: try parts.port(26_379))
        case _ where ofSentinel: throw RedisURLError(.scheme, parts.scheme)
        case "redis", "rediss": self.place = .host(try parts.host(), port: try parts.port(6_379))
        case "redis+socket", "socket", "unix": self.place = .socket(path: parts.path.percentDecoded)
        default: throw RedisURLError(.scheme, parts.scheme)
        }
        (self.user, self.password) = parts.login
        self.options = parts.options
        self.database = try self.readDatabase(parts)
        self.usesTLS = parts.scheme == "rediss"
        if self.usesTLS { self.tls = try TLSOptions(taking: &self.options) }
        if case .socket(let path) = self.place, path.isEmpty || path == "/" { throw RedisURLError(.path, path) }
    }

    private mutating func readDatabase(_ parts: URLParts) throws(RedisURLError) -> Int {
        var text = self.options.removeValue(forKey: "virtual_host") ?? self.options.removeValue(forKey: "db") ?? ""
        if case .host = self.place, text.isEmpty { text = String(parts.path.drop { $0 == "/" }) }
        if text.isEmpty { return 0 }
        guard let number = Int(text), number >= 0 else { throw RedisURLError(.database, text) }
        return number
    }

    /// The URL for people and logs: the password, if any, is `**`.
    public var masked: String {
        let login =
            switch (self.user, self.password) {
            case (nil, nil): ""
            case (let user, nil): "\(user!)@"
            case (let user, .some): "\(user ?? ""):**@"
            }
        switch self.place {
        case .host(let host, let port):
            let host = host.contains(":") ? "[\(host)]" : host
            return "\(self.usesTLS ? "rediss" : "redis")://\(login)\(host):\(port)/\(self.database)"
        case .socket(let path): return "redis+socket://\(login)\(path)?virtual_host=\(self.database)"
        }
    }
}

/// Which part of a URL is wrong.
public struct RedisURLError: Error, Equatable, Sendable, CustomStringConvertible {
    /// A part of a URL.
    public enum Part: String, Sendable {
        case scheme, host, port, database, path, option
    }

    /// The part.
    public let part: Part
    /// What stands there; `…` for what may belong to a login.
    public let found: String

    init(_ part: Part, _ found: some StringProtocol) {
        self.part = part
        // What stands in a wrong place may be a part of a login: `redis://user:secret` without its host.
        let isHarmless =
            switch part {
            case .port: found.allSatisfy { $0.isASCII && $0.isNumber }
            case .scheme: found.allSatisfy { $0.isASCII && ($0.isLetter || $0 == "+") }
            case .host, .database, .path, .option: true
            }
        self.found = isHarmless ? String(found) : "…"
    }

    public var description: String {
        switch self.part {
        case .scheme:
            "\"\(self.found)\" is no scheme of a Redis URL: write redis://host:6379/0, rediss:// or redis+socket://"
        case .host: "a Redis URL names a host: redis://host:6379/0"
        case .port: "\"\(self.found)\" is no port"
        case .database: "\"\(self.found)\" is no database: its number is a whole number from 0"
        case .option:
            "\"\(self.found)\" is no option of TLS: there are ssl_cert_reqs=required, optional or none, ssl_check_hostname=true or "
                + "false, ssl_ca_certs, ssl_certfile and ssl_keyfile"
        case .path: "a URL of a local socket has its path behind the slashes: redis+socket:///run/redis.sock"
        }
    }
}

/// A URL taken apart, its parts as they were written.
private struct URLParts {
    var scheme: Substring
    var authority: Substring = ""
    var path: Substring = ""
    var query: Substring = ""

    init(_ text: String) {
        guard let mark = text.firstRange(of: "://") else {
            self.scheme = text[...].prefix { $0 != ":" }
            return
        }
        self.scheme = text[..<mark.lowerBound]
        var rest = text[mark.upperBound...]
        if let question = rest.firstIndex(of: "?") {
            self.query = rest[rest.index(after: question)...]
            rest = rest[..<question]
        }
        // The login comes first: a password may hold slashes. A URL that begins with its path has none, and a path may
        // hold any character.
        let at = rest.first == "/" ? nil : rest.lastIndex(of: "@")
        let place = at.map { rest[rest.index(after: $0)...] } ?? rest
        let slash = place.firstIndex(of: "/") ?? rest.endIndex
        self.authority = rest[..<slash]
        self.path = rest[slash...]
    }

    private var hostAndPort: Substring {
        self.authority.lastIndex(of: "@").map { self.authority[self.authority.index(after: $0)...] } ?? self.authority
    }

    var login: (user: String?, password: String?) {
        guard let at = self.authority.lastIndex(of: "@") else { return (nil, nil) }
        let login = self.authority[..<at]
        guard let colon = login.firstIndex(of: ":") else { return (login.percentDecoded, nil) }
        let user = login[..<colon].percentDecoded
        let password = login[login.index(after: colon)...].percentDecoded
        return (user.isEmpty ? nil : user, password.isEmpty ? nil : password)
    }

    func host() throws(RedisURLError) -> String {
        let text = self.hostAndPort
        let host = text.first == "[" ? text.dropFirst().prefix { $0 != "]" } : text.prefix { $0 != ":" }
        if host.isEmpty { throw RedisURLError(.host, host) }
        return host.percentDecoded
    }

    func port(_ usual: UInt16) throws(RedisURLError) -> UInt16 {
        let text = self.hostAndPort
        let behind = text.first == "[" ? text.drop { $0 != "]" }.dropFirst() : text.drop { $0 != ":" }
        if behind.isEmpty { return usual }
        guard let port = UInt16(behind.dropFirst()), port > 0 else { throw RedisURLError(.port, behind.dropFirst()) }
        return port
    }

    var options: [String: String] {
        var options: [String: String] = [:]
        for pair in self.query.split(separator: "&") {
            let value = pair.firstIndex(of: "=").map { pair[pair.index(after: $0)...] } ?? ""
            options[pair.prefix { $0 != "=" }.percentDecoded] = value.percentDecoded
        }
        return options
    }
}

extension Substring {
    /// The text with `%41` read as `A`; what is no such mark stays.
    fileprivate var percentDecoded: String {
        guard self.contains("%") else { return String(self) }
        var bytes: [UInt8] = []
        var rest = self.utf8[...]
        while let byte = rest.popFirst() {
            let digits = rest.prefix(2)
            guard byte == UInt8(ascii: "%"), digits.count == 2, digits.first != UInt8(ascii: "+"),
                let value = UInt8(Substring(digits), radix: 16)
            else {
                bytes.append(byte)
                continue
            }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
