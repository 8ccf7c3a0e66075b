import Signing
import Supervision

/// How a ``Client`` uses its servers.
public struct ClientOptions: Sendable {
    /// The queue of messages that name none. Celery setting: `task_default_queue`.
    public var queue = "celery"
    /// Celery's `global_keyprefix` of the broker.
    public var keyPrefix = ""
    /// Celery's `global_keyprefix` of the result backend.
    public var resultKeyPrefix = ""
    /// How long what the client itself stores is kept: saved groups, and what chords need. Default a day; zero for ever.
    /// Celery: `result_expires`.
    public var resultExpires: Duration = .seconds(86_400)
    /// What the sentinels of a `sentinel://` URL call the master. Celery: `master_name` of the transport's options.
    public var masterName = "mymaster"
    /// How long a call waits for a connection and an answer. Default 10 seconds. Waiting for results has its own times.
    public var timeout: Duration = .seconds(10)
    /// Whether calls wait for a server that cannot be reached at first, up to ``timeout``. Default `true`; `false` fails
    /// them with the first attempt to connect, which suits a command line.
    public var waitsForServer = true
    /// The key that signs each message, for workers that require it; `nil`, the default, signs nothing.
    public var signingKey: SigningKey?
    /// What `CLIENT LIST` shows. Default `celeriac-client`; `nil` for nothing.
    public var name: String? = "celeriac-client"

    /// The usual options.
    public init() {}
}
