import Celery

/// The keys whose signatures are taken, by name. Several may be in use at the same time: a new key is added before
/// anybody signs with it, and an old one removed when nothing that it signed waits any more.
public struct KeyRing: Sendable {
    private let keys: [String: VerifyingKey]

    /// Reads each file of a directory: a line `hmac-sha256 BASE64`, or a public Ed25519 key in PEM. Throws ``KeyError``.
    public init(directory: String) throws(KeyError) {
        var keys: [String: VerifyingKey] = [:]
        for file in try KeyFile.all(in: directory) {
            guard keys[file.id] == nil else { throw KeyError(file.path, "there is another key called \(file.id)") }
            keys[file.id] = try VerifyingKey(file)
        }
        guard !keys.isEmpty else { throw KeyError(directory, "has no keys") }
        self.keys = keys
    }

    /// The names of the keys, sorted.
    public var names: [String] { self.keys.keys.sorted() }

    /// Checks a message's signature, and that it was signed, or if that is later, due, at most `maxAge` seconds ago.
    ///
    /// Returns what identifies the signature, and until when it will be taken, in seconds since 1970. Throws
    /// ``SignatureError``.
    public func check(_ envelope: Envelope, maxAge: Double, now: Double) throws(SignatureError) -> SignedMessage {
        let signature = try MessageSignature(of: envelope)
        let text = signature.signedText(of: envelope)
        try self.verify(signature, of: text, "message")
        let start = try Self.start(of: signature, envelope, now: now)
        guard now <= start + maxAge else {
            throw SignatureError(.outOfTime, "the message was signed \(Int(now) - signature.seconds) seconds ago")
        }
        return SignedMessage(id: Digest.hex(Digest.sha256(text[...])), validUntil: start + maxAge)
    }

    /// Throws ``SignatureError`` unless a key of the ring has signed the text.
    func verify(_ signature: MessageSignature, of text: [UInt8], _ what: String) throws(SignatureError) {
        guard let key = self.keys[signature.keyID] else {
            throw SignatureError(.unknownKey, "the \(what)'s key \(signature.keyID) is not known to this worker")
        }
        guard key.verifies(signature.bytes, of: text) else {
            throw SignatureError(.mismatch, "the \(what) is not what the key \(signature.keyID) has signed")
        }
    }

    /// Seconds by which clocks may differ.
    private static let skew = 300.0

    private static func start(
        of signature: MessageSignature, _ envelope: Envelope, now: Double
    ) throws(SignatureError) -> Double {
        let signed = Double(signature.seconds)
        guard signed <= now + Self.skew else {
            throw SignatureError(.outOfTime, "the message was signed in the future, by this machine's clock")
        }
        let eta = envelope.headers["eta"]?.text.flatMap { WallTime($0)?.seconds } ?? signed
        return max(signed, eta)
    }
}

/// A message whose signature is right.
public struct SignedMessage: Sendable, Equatable {
    /// What identifies it: two messages of which one is no copy of the other have different ones.
    public let id: String
    /// Until when its signature is taken, in seconds since 1970.
    public let validUntil: Double

    init(id: [UInt8], validUntil: Double) {
        self.id = String(decoding: id, as: UTF8.self)
        self.validUntil = validUntil
    }
}
