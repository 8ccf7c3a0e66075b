/// A key that tells whether a signature is right: a shared secret, or a public key.
struct VerifyingKey: Sendable {
    private enum Kind: Sendable {
        case secret([UInt8])
        case ed25519(AsymmetricKey)
    }

    let id: String
    private let kind: Kind

    /// Reads a key. Throws ``KeyError``.
    init(_ file: KeyFile) throws(KeyError) {
        self.id = file.id
        if let secret = try file.sharedSecret() {
            self.kind = .secret(secret)
            return
        }
        guard AsymmetricKey(privatePEM: file.content) == nil else {
            throw KeyError(file.path, "is a private key: who verifies needs the public one (openssl pkey -pubout)")
        }
        guard let key = AsymmetricKey(publicPEM: file.content), key.isEd25519 else {
            throw KeyError(file.path, "is neither a line \"hmac-sha256 BASE64\" nor a public Ed25519 key in PEM")
        }
        self.kind = .ed25519(key)
    }

    func verifies(_ signature: [UInt8], of text: [UInt8]) -> Bool {
        switch self.kind {
        case .secret(let secret): Digest.areEqual(signature, Digest.hmac(text, key: secret))
        case .ed25519(let key): signature.count == 64 && key.verifies(signature, of: text)
        }
    }
}
