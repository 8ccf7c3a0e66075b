import Celery

/// What a worker checks messages with, and signs them with.
public struct MessageKeys: Sendable {
    /// The keys whose signatures are taken; `nil` for none.
    public let ring: KeyRing?
    /// The key that signs; `nil` for none.
    public let signer: SigningKey?
    /// The certificates whose owners' bodies are taken; `nil` for none.
    public let certificates: CertificateStore?
    /// Seconds after which a signature is not taken any more.
    public let maxAge: Double

    /// Reads them: directories for `verifyKeys` and `certificates`, a file for `signingKey`. Throws ``KeyError``.
    public init(
        verifyKeys: String? = nil, signingKey: String? = nil, certificates: String? = nil, maxAge: Double = 86_400
    ) throws(KeyError) {
        self.ring = try verifyKeys.map { path throws(KeyError) in try KeyRing(directory: path) }
        self.signer = try signingKey.map { path throws(KeyError) in try SigningKey(file: path) }
        self.certificates = try certificates.map { path throws(KeyError) in try CertificateStore(directory: path) }
        self.maxAge = maxAge
    }

    /// As ``KeyRing/check(_:maxAge:now:)``; without keys nothing is taken.
    public func checkSignature(_ envelope: Envelope, now: Double) throws(SignatureError) -> SignedMessage {
        guard let ring else { throw .noKeys }
        return try ring.check(envelope, maxAge: self.maxAge, now: now)
    }

    /// As ``CertificateStore/check(_:now:)``; without certificates nothing is taken.
    public func checkCertificate(_ envelope: Envelope, now: Double) throws(SignatureError) {
        guard let certificates else { throw .noKeys }
        try certificates.check(envelope, now: now)
    }
}
