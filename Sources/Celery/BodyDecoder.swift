import Compression

/// Opens the bodies of envelopes, within limits. Meant for the child: the master leaves bodies closed.
public struct BodyDecoder: Sendable {
    /// The serializers that are read. Default JSON alone. Celery setting: `accept_content`.
    public var accepted: Set<Serializer>
    /// How much of a hostile body is accepted.
    public var limits: BodyLimits
    /// Whether bodies in Celery's `auth` envelope are opened: only where somebody has checked their signatures.
    public var opensSigned = false

    /// A decoder.
    public init(accepted: Set<Serializer> = [.json], limits: BodyLimits = BodyLimits()) {
        self.accepted = accepted
        self.limits = limits
    }

    /// The serialized body: unwrapped and decompressed. Throws ``BodyError``.
    public func payload(of envelope: Envelope) throws(BodyError) -> ArraySlice<UInt8> {
        let payload = try self.unwrapped(envelope.bodyText, envelope.bodyEncoding)
        guard payload.count <= self.limits.decompression.maxOutput else {
            throw BodyError(.tooLarge, "The body has \(payload.count) bytes.")
        }
        guard let name = envelope.compression else { return payload }
        return try CompressionFormat(contentType: name).decompress(payload, limits: self.limits)[...]
    }

    private func unwrapped(_ text: ArraySlice<UInt8>, _ encoding: String?) throws(BodyError) -> ArraySlice<UInt8> {
        switch encoding {
        case nil, "utf-8": return text
        case "base64":
            guard let bytes = Base64.decode(text) else {
                throw BodyError(.invalidBase64, "The body is said to be base64 and is not.")
            }
            return bytes[...]
        case .some(let other):
            throw BodyError(.unsupportedBodyEncoding, "The body encoding \"\(other.prefix(80))\" is not supported.")
        }
    }

    /// The serializer of a message whose body may be read.
    ///
    /// Throws ``BodyError``; what it throws needs no look into the body.
    public func serializer(of envelope: Envelope) throws(BodyError) -> Serializer {
        let serializer = try Serializer(contentType: envelope.contentType)
        guard self.accepted.contains(serializer) else {
            throw BodyError(.notAccepted, "The content type \"\(serializer.contentType)\" is not accepted here.")
        }
        guard serializer == .messagePack || Self.isUnicode(envelope.contentEncoding) else {
            let name = envelope.contentEncoding ?? ""
            throw BodyError(
                .unsupportedContentEncoding, "The content encoding \"\(name.prefix(80))\" is not supported.")
        }
        return serializer
    }

    private static func isUnicode(_ encoding: String?) -> Bool {
        ["utf-8", "utf8", "us-ascii", "ascii", "binary"].contains(encoding?.lowercased() ?? "utf-8")
    }

    /// The body. Throws ``BodyError``.
    public func value(of envelope: Envelope) throws(BodyError) -> CeleryValue {
        if self.opensSigned, envelope.contentType == SignedBody.contentType {
            return try self.value(of: try self.signedBody(of: envelope))
        }
        let serializer = try self.serializer(of: envelope)
        return try serializer.decode(try self.payload(of: envelope), limits: self.limits)
    }

    /// The value inside of a signed body, in which no other signed body may be.
    private func value(of body: SignedBody) throws(BodyError) -> CeleryValue {
        let serializer = try Serializer(contentType: body.contentType)
        guard self.accepted.contains(serializer) else {
            throw BodyError(.notAccepted, "The content type \"\(serializer.contentType)\" is not accepted here.")
        }
        return try serializer.decode(body.content, limits: self.limits)
    }

    /// The body of a task message of protocol 2. Throws ``BodyError``.
    public func taskBody(of envelope: Envelope) throws(BodyError) -> TaskBody {
        try TaskBody(try self.value(of: envelope))
    }

    /// The body of a task message of protocol 1; JSON is scanned, not built. Throws ``BodyError``.
    public func protocolOneTask(of envelope: Envelope) throws(BodyError) -> ProtocolOneTask {
        let serializer = try self.serializer(of: envelope)
        let payload = try self.payload(of: envelope)
        switch serializer {
        case .json: return try ProtocolOneTask(parsing: payload, limits: self.limits)
        case .messagePack, .yaml: return try ProtocolOneTask(try serializer.decode(payload, limits: self.limits))
        }
    }
}
