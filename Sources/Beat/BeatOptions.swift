import Signing

/// How a scheduler uses its server.
public struct BeatOptions {
    /// Celery's `global_keyprefix` of the broker.
    public var keyPrefix = ""
    /// The database of results on the broker's server; `nil` when they are elsewhere or nowhere.
    public var resultDatabase: Int?
    /// Celery's `global_keyprefix` of the result backend.
    public var resultKeyPrefix = ""
    /// How long a scheduler that is gone keeps the lead.
    public var lease: Duration = .seconds(5)
    /// Who this is: unique among schedulers.
    public var identity: String
    /// The sender that messages name.
    public var origin: String
    /// The key that signs messages; `nil` signs nothing.
    public var signer: SigningKey?

    /// The usual options.
    public init(identity: String, origin: String) {
        self.identity = identity
        self.origin = origin
    }
}
