import Celery

/// Signatures of requests to workers. The header is the one of task messages; the text that is signed begins otherwise,
/// so that no signature of one kind is one of the other.
extension MessageSignature {
    /// The header that tells two requests of the same content apart.
    public static let nonce = "celeriac_nonce"

    /// What is signed of a request: lines, as of ``signedText(of:)``.
    public func signedText(ofRequest envelope: Envelope) -> [UInt8] {
        var text = Array("celeriac-control-v1\n\(self.keyID)\n\(self.seconds)\n".utf8)
        let values = [
            RawJSON(envelope.contentType), RawJSON(envelope.contentEncoding), envelope.headers[Self.nonce] ?? .null,
            envelope.headers["compression"] ?? .null, envelope.properties["body_encoding"] ?? .null,
        ]
        for value in values {
            text += value.bytes
            text.append(UInt8(ascii: "\n"))
        }
        return text + Digest.hex(Digest.sha256(envelope.bodyText))
    }
}

extension SigningKey {
    /// Signs a request to workers.
    ///
    /// - Parameter nonce: A random text.
    public func sign(request envelope: inout Envelope, nonce: String, now seconds: Double) {
        envelope.headers[MessageSignature.nonce] = RawJSON(nonce)
        var signature = MessageSignature(keyID: self.id, seconds: Int(seconds), bytes: [])
        signature.bytes = self.sign(signature.signedText(ofRequest: envelope))
        envelope.headers[MessageSignature.header] = RawJSON(signature.text)
    }
}

/// Lets signed requests in: each once, and none that is old. Reads no clock.
public struct RequestGate: Sendable {
    /// Seconds for which a request is taken after it was signed.
    public static let maxAge = 60
    /// Seconds by which the signer's clock may be ahead.
    public static let skew = 5
    /// Most requests that are remembered. Only those with right signatures are, so only key holders can fill it.
    private static let mostRemembered = 10_000

    private let startedAt: Int
    private var seen: [String: Int] = [:]

    /// A gate that opens now, in seconds since 1970. What was signed before is not taken: nobody remembers whether it was
    /// carried out.
    public init(now: Double) { self.startedAt = Int(now) }

    /// Checks a request; from then on it is a copy. Throws ``SignatureError``.
    public mutating func admit(_ envelope: Envelope, _ keys: MessageKeys?, now: Double) throws(SignatureError) {
        guard let ring = keys?.ring else { throw .noKeys }
        let (signature, id) = try ring.check(request: envelope)
        let now = Int(now)
        guard signature.seconds <= now + Self.skew else {
            throw SignatureError(.outOfTime, "the request was signed in the future, by this machine's clock")
        }
        guard signature.seconds >= now - Self.maxAge else {
            throw SignatureError(.outOfTime, "the request was signed \(now - signature.seconds) seconds ago")
        }
        guard signature.seconds >= self.startedAt else {
            throw SignatureError(.outOfTime, "the request was signed before this worker started")
        }
        guard self.seen[id] == nil else { throw SignatureError(.replayed, "the request has been carried out") }
        if self.seen.count >= Self.mostRemembered { self.seen = self.seen.filter { $0.value >= now - Self.maxAge } }
        guard self.seen.count < Self.mostRemembered else {
            throw SignatureError(.replayed, "there were too many requests to tell whether this one is a copy")
        }
        self.seen[id] = signature.seconds
    }
}

extension KeyRing {
    /// Checks the signature of a request, but not its time. Returns it and what identifies what was signed.
    func check(request envelope: Envelope) throws(SignatureError) -> (MessageSignature, id: String) {
        let signature = try MessageSignature(of: envelope, "the request is not signed")
        let text = signature.signedText(ofRequest: envelope)
        try self.verify(signature, of: text, "request")
        guard envelope.headers[MessageSignature.nonce]?.text?.isEmpty == false else {
            throw SignatureError(.malformed, "the request has no \(MessageSignature.nonce)")
        }
        return (signature, String(decoding: Digest.hex(Digest.sha256(text[...])), as: UTF8.self))
    }
}
