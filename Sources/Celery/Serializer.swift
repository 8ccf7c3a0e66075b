/// A way to write bodies and result documents.
public enum Serializer: String, Sendable, CaseIterable {
    case json
    case messagePack = "msgpack"
    case yaml

    /// What `content-type` says.
    public var contentType: String {
        switch self {
        case .json: "application/json"
        case .messagePack: "application/x-msgpack"
        case .yaml: "application/x-yaml"
        }
    }

    /// What `content-encoding` says.
    public var contentEncoding: String {
        switch self {
        case .json, .yaml: "utf-8"
        case .messagePack: "binary"
        }
    }

    /// The serializer that a content type, or one of Celery's short names, tells of.
    ///
    /// Throws ``BodyError`` for all others; for pickle it says what the sender must change.
    public init(contentType: String?) throws(BodyError) {
        let type = contentType.map { $0.split(separator: ";").first.map(trimmed) ?? "" }
        switch type {
        case "application/json", "json": self = .json
        case "application/x-msgpack", "msgpack": self = .messagePack
        case "application/x-python-serialize", "pickle": throw Self.pickled
        case "application/x-yaml", "yaml": self = .yaml
        case "application/data", "auth":
            throw Self.unsupported("signed or raw (application/data)")
        case nil: throw BodyError(.unsupportedContentType, "The message has no content type.")
        case .some(let other):
            throw BodyError(
                .unsupportedContentType,
                "The content type \"\(other.prefix(80))\" is not supported. Send with task_serializer=\"json\"."
            )
        }
    }

    private static let pickled = BodyError(
        .pickled,
        "The body is pickled. Unpickling runs whatever code the sender chose, so it is never done. "
            + "Send with task_serializer=\"json\"."
    )

    private static func unsupported(_ what: String) -> BodyError {
        BodyError(
            .unsupportedContentType,
            "The body is \(what), which is not supported. Send with task_serializer=\"json\"."
        )
    }

    /// Reads a value. Throws ``BodyError``.
    public func decode(
        _ bytes: ArraySlice<UInt8>, limits: BodyLimits = BodyLimits()
    ) throws(BodyError) -> CeleryValue {
        switch self {
        case .json: try CeleryValue(parsing: bytes, limits: limits)
        case .messagePack: try CeleryValue(messagePack: bytes, limits: limits)
        case .yaml: try CeleryValue(yaml: bytes, limits: limits)
        }
    }

    /// Writes a value. Throws ``BodyError`` for what the format has no form for.
    public func encode(_ value: CeleryValue) throws(BodyError) -> [UInt8] {
        switch self {
        case .json: try value.json()
        case .messagePack: try value.messagePack()
        case .yaml: try value.yaml()
        }
    }
}

private func trimmed(_ text: Substring) -> String {
    String(text.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()).lowercased()
}
