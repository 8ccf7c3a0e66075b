import Celery

/// A message's signature, as its header `celeriac_signature` holds it: `v1 KEY SECONDS BASE64`.
public struct MessageSignature: Equatable, Sendable {
    /// The header's name.
    public static let header = "celeriac_signature"
    private static let version = "v1"

    /// The name of the key. Which algorithm it is for, the verifier's own key says, never the message.
    public let keyID: String
    /// When the message was signed, in seconds since 1970.
    public let seconds: Int
    /// The signature itself.
    public internal(set) var bytes: [UInt8]

    init(keyID: String, seconds: Int, bytes: [UInt8]) {
        self.keyID = keyID
        self.seconds = seconds
        self.bytes = bytes
    }

    /// Reads the header of a message. Throws ``SignatureError``, for a message without one in the given words.
    init(
        of envelope: Envelope, _ unsigned: String = "the message is not signed, and its task requires that"
    ) throws(SignatureError) {
        guard let raw = envelope.headers[Self.header], !raw.isNull else {
            throw SignatureError(.unsigned, unsigned)
        }
        guard let signature = raw.text.flatMap(Self.init(parsing:)) else {
            throw SignatureError(.malformed, "the message's signature is not of the form \"v1 KEY SECONDS BASE64\"")
        }
        self = signature
    }

    /// Reads a text; each signature has exactly one.
    public init?(parsing text: String) {
        let parts = Array(text.utf8).split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
        guard parts.count == 4, parts[0].elementsEqual(Self.version.utf8), KeyFile.isKeyID(parts[1]),
            (1...12).contains(parts[2].count), parts[2].allSatisfy({ (0x30...0x39).contains($0) }),
            parts[3].count <= 128, let bytes = Base64.decode(parts[3])
        else { return nil }
        self.keyID = String(decoding: parts[1], as: UTF8.self)
        self.seconds = Int(String(decoding: parts[2], as: UTF8.self)) ?? 0
        self.bytes = bytes
        guard self.text == text else { return nil }
    }

    /// The header's text.
    public var text: String {
        let base64 = String(decoding: Base64.encode(self.bytes[...]), as: UTF8.self)
        return "\(Self.version) \(self.keyID) \(self.seconds) \(base64)"
    }
}

extension MessageSignature {
    /// The headers that a signature covers, in this order: all that decides what runs, when, how often, and what its
    /// result does. Not covered is what brokers and workers change: `redelivered` and the count of losses.
    private static let headers = [
        "task", "id", "root_id", "parent_id", "group", "group_index", "retries", "eta", "expires", "timelimit",
        "ignore_result", "replaced_task_nesting", "shadow", "argsrepr", "kwargsrepr", "origin", "stamped_headers",
        "stamps", "compression",
    ]
    /// The properties that it covers, behind the headers.
    private static let properties = ["reply_to", "body_encoding"]

    /// What is signed: lines, each one JSON value as it stands in the message (`null` where there is none), and the
    /// SHA-256 of the body as it stands there. A JSON value that is complete cannot be continued by a further line, so no
    /// two messages have the same text.
    public func signedText(of envelope: Envelope) -> [UInt8] {
        var text = Array("celeriac-signature-v1\n\(self.keyID)\n\(self.seconds)\n".utf8)
        let values =
            [RawJSON(envelope.contentType), RawJSON(envelope.contentEncoding)]
            + Self.headers.map { envelope.headers[$0] ?? .null }
            + Self.properties.map { envelope.properties[$0] ?? .null }
        for value in values {
            text += value.bytes
            text.append(UInt8(ascii: "\n"))
        }
        return text + Digest.hex(Digest.sha256(envelope.bodyText))
    }
}
