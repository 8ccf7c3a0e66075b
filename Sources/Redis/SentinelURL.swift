/// Sentinels, and how to log in to the master that they name, in the way of Celery:
/// `sentinel://[user:password@]host[:26379][/db];sentinel://host2…`.
public struct SentinelURL: Hashable, Sendable {
    /// The sentinels, at least one.
    public let sentinels: [RedisURL]
    /// The master's user, password and database: the first that any part of the URL names.
    public let login: Login

    /// Reads a URL. Throws ``RedisURLError`` with the part that is wrong.
    public init(_ text: String) throws(RedisURLError) {
        var sentinels: [RedisURL] = []
        for part in text.split(separator: ";") { sentinels.append(try RedisURL(String(part), ofSentinel: true)) }
        if sentinels.isEmpty { throw RedisURLError(.scheme, text) }
        self.sentinels = sentinels
        let named = sentinels.first { $0.password != nil }
        self.login = Login(
            user: named?.user, password: named?.password,
            database: sentinels.lazy.map(\.database).first { $0 != 0 } ?? 0)
    }

    /// Whether a text is a URL of this kind.
    public static func isOne(_ text: String) -> Bool { text.hasPrefix("sentinel://") }

    /// The URL for people and logs: passwords are `**`.
    public var masked: String {
        self.sentinels.map { $0.masked.replacing("redis://", with: "sentinel://", maxReplacements: 1) }
            .joined(separator: ";")
    }
}
