import Compression

/// Closes the bodies of envelopes.
public struct BodyEncoder: Sendable {
    /// How bodies are written. Default JSON. Celery setting: `task_serializer`.
    public var serializer: Serializer
    /// How bodies are compressed. Default `nil`: not at all. Celery setting: `task_compression`.
    public var compression: CompressionFormat?

    /// An encoder.
    public init(serializer: Serializer = .json, compression: CompressionFormat? = nil) {
        self.serializer = serializer
        self.compression = compression
    }

    /// An envelope around a body, wrapped as base64.
    ///
    /// The headers get `compression`; the properties get `body_encoding` and `delivery_tag`, as the last ones.
    /// Throws ``BodyError``.
    public func envelope(
        _ body: CeleryValue,
        headers: Fields,
        properties: Fields,
        deliveryTag: String
    ) throws(BodyError) -> Envelope {
        var payload = try self.serializer.encode(body)
        var headers = headers
        if let compression = self.compression {
            payload = try compression.compressed(payload[...])
            headers["compression"] = RawJSON(compression.contentType)
        }
        var properties = properties
        properties["body_encoding"] = RawJSON("base64")
        properties["delivery_tag"] = RawJSON(deliveryTag)
        return Envelope(
            body: RawJSON(unchecked: ([quote] + Base64.encode(payload[...]) + [quote])[...]),
            contentType: self.serializer.contentType,
            contentEncoding: self.serializer.contentEncoding,
            headers: headers,
            properties: properties
        )
    }
}

private let quote = UInt8(ascii: "\"")
