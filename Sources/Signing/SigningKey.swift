import Celery

/// A key that signs messages: a shared secret (HMAC-SHA-256) or a private key (Ed25519).
///
/// Its name goes with each signature and is the file's: `web-2026` for `/etc/celeriac/web-2026.pem`.
public struct SigningKey: Sendable {
    private enum Kind: Sendable {
        case secret([UInt8])
        case ed25519(AsymmetricKey)
    }

    /// Its name.
    public let id: String
    private let kind: Kind

    /// Reads a key from a file that nobody but its owner can read: a line `hmac-sha256 BASE64` with at least 32 bytes, or
    /// a private Ed25519 key in PEM, as `openssl genpkey -algorithm ed25519` writes it. Throws ``KeyError``.
    public init(file path: String) throws(KeyError) {
        let file = try KeyFile(path)
        self.id = file.id
        if let secret = try file.sharedSecret() {
            self.kind = .secret(secret)
            return
        }
        try file.requirePrivate()
        guard let key = AsymmetricKey(privatePEM: file.content), key.isEd25519 else {
            throw KeyError(path, "is neither a line \"hmac-sha256 BASE64\" nor a private Ed25519 key in PEM")
        }
        self.kind = .ed25519(key)
    }

    func sign(_ text: [UInt8]) -> [UInt8] {
        switch self.kind {
        case .secret(let secret): Digest.hmac(text, key: secret)
        case .ed25519(let key): key.sign(text)
        }
    }

    /// Signs a message: sets its signature, in place of one that it may have.
    public func sign(_ envelope: inout Envelope, now seconds: Double) {
        var signature = MessageSignature(keyID: self.id, seconds: Int(seconds), bytes: [])
        signature.bytes = self.sign(signature.signedText(of: envelope))
        envelope.headers[MessageSignature.header] = RawJSON(signature.text)
    }
}
