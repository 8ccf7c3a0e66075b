/// A body in Celery's `auth` envelope: who signed it, and what. Whether the signature is right is for others to say.
public struct SignedBody: Sendable, Hashable {
    /// The content type of envelopes with such a body.
    public static let contentType = "application/data"

    /// The signer: the values of the issuer's name in its certificate and the certificate's number, with blanks between.
    public let signer: String
    /// The signature of ``content``.
    public let signature: [UInt8]
    /// Which serializer wrote ``content``.
    public let contentType: String
    /// `utf-8` or `binary`.
    public let contentEncoding: String
    /// The serialized body.
    public let content: ArraySlice<UInt8>

    /// Reads what Celery's `auth` serializer has written: base64 of five fields with the bytes 0 and 1 between them.
    /// Each part has one spelling; any other is refused. Throws ``BodyError``.
    public init(parsing text: ArraySlice<UInt8>) throws(BodyError) {
        guard let bytes = Base64.decode(text) else { throw Self.malformed("it is not base64") }
        var rest = bytes[...]
        let signer = try Self.field(&rest, atMost: 4_096)
        let signature = try Self.field(&rest, atMost: 4_096)
        let contentType = try Self.field(&rest, atMost: 128)
        let contentEncoding = try Self.field(&rest, atMost: 128)
        guard let signerName = Base64.decode(signer).flatMap({ String(validating: $0, as: UTF8.self) }),
            let signatureBytes = Base64.decode(signature)
        else { throw Self.malformed("its signer or its signature is not base64") }
        guard let type = String(validating: contentType, as: UTF8.self),
            let encoding = String(validating: contentEncoding, as: UTF8.self)
        else { throw Self.malformed("its content type is no text") }
        self.signer = signerName
        self.signature = signatureBytes
        self.contentType = type
        self.contentEncoding = encoding
        self.content = rest
    }

    /// Takes a field off the front, and the separator behind it. The last field may hold separators.
    private static func field(
        _ rest: inout ArraySlice<UInt8>, atMost limit: Int
    ) throws(BodyError) -> ArraySlice<UInt8> {
        let window = rest.prefix(limit + 2)
        for index in window.indices.dropLast() where window[index] == 0 && window[index + 1] == 1 {
            defer { rest = rest[(index + 2)...] }
            return rest[..<index]
        }
        throw self.malformed("it has fewer fields than five, or one that is too long")
    }

    private static func malformed(_ reason: String) -> BodyError {
        BodyError(.malformed, "The body is not in Celery's \"auth\" envelope: \(reason).")
    }
}

extension BodyDecoder {
    /// The signed body of an envelope: unwrapped, decompressed and taken apart. Throws ``BodyError``.
    public func signedBody(of envelope: Envelope) throws(BodyError) -> SignedBody {
        guard envelope.contentType == SignedBody.contentType else {
            throw BodyError(.unsupportedContentType, "The body is not signed (\(SignedBody.contentType)).")
        }
        return try SignedBody(parsing: try self.payload(of: envelope))
    }
}
