import JSON

/// A message as kombu puts it on a Redis list: a body that stays closed, and what must be known to handle it.
public struct Envelope: Sendable, Hashable {
    /// The body: a JSON string, as it was written. See ``bodyText`` and ``BodyDecoder``.
    public var body: RawJSON
    /// Which serializer wrote the body; `nil` when the message does not say.
    public var contentType: String?
    /// `utf-8`, or `binary`; `nil` when the message does not say.
    public var contentEncoding: String?
    /// What the message is about. For a task of protocol 2 see ``TaskHeaders``.
    public var headers: Fields
    /// How the message is to be carried.
    public var properties: Fields
    /// Further fields, which kombu does not write.
    public var others = Fields()

    /// An envelope.
    public init(body: RawJSON, contentType: String?, contentEncoding: String?, headers: Fields, properties: Fields) {
        self.body = body
        self.contentType = contentType
        self.contentEncoding = contentEncoding
        self.headers = headers
        self.properties = properties
    }

    /// The content of the body's string. A slice of the message unless there are escapes in it.
    public var bodyText: ArraySlice<UInt8> {
        let inner = self.body.bytes.dropFirst().dropLast()
        guard inner.contains(UInt8(ascii: "\\")) else { return inner }
        return Array((self.body.text ?? "").utf8)[...]
    }
}

extension Envelope {
    /// Reads an envelope. The body is not looked into; headers and properties are validated and kept as written.
    ///
    /// Throws ``EnvelopeError``, also for a name that an object has twice.
    public init(parsing bytes: ArraySlice<UInt8>, limits: JSONLimits = JSONLimits()) throws(EnvelopeError) {
        let fields = try Self.fields(bytes, "", limits)
        guard let body = fields["body"] else { throw EnvelopeError(.missing, field: "body") }
        guard body.bytes.first == UInt8(ascii: "\"") else { throw EnvelopeError(.wrongKind, field: "body") }
        self.body = body
        self.contentType = try Self.text(of: "content-type", in: fields)
        self.contentEncoding = try Self.text(of: "content-encoding", in: fields)
        self.headers =
            try fields["headers"].map { raw throws(EnvelopeError) in
                try Self.fields(raw.bytes, "headers", limits)
            } ?? Fields()
        guard let properties = fields["properties"] else { throw EnvelopeError(.missing, field: "properties") }
        self.properties = try Self.fields(properties.bytes, "properties", limits)
        guard let tag = self.properties["delivery_tag"] else {
            throw EnvelopeError(.missing, field: "properties.delivery_tag")
        }
        guard tag.text != nil else { throw EnvelopeError(.wrongKind, field: "properties.delivery_tag") }
        let known = ["body", "content-type", "content-encoding", "headers", "properties"]
        self.others = Fields(fields.all.filter { !known.contains($0.name) })
    }

    private static func fields(
        _ bytes: ArraySlice<UInt8>, _ name: String, _ limits: JSONLimits
    ) throws(EnvelopeError) -> Fields {
        do {
            return try Fields(parsing: bytes, limits: limits)
        } catch {
            throw EnvelopeError(error.code == .wrongKind ? .wrongKind : .invalidJSON(error), field: name)
        }
    }

    private static func text(of name: String, in fields: Fields) throws(EnvelopeError) -> String? {
        guard let raw = fields[name], !raw.isNull else { return nil }
        guard let text = raw.text else { throw EnvelopeError(.wrongKind, field: name) }
        return text
    }

    /// The message as kombu writes it.
    public func serialized() -> [UInt8] {
        var buffer: [UInt8] = []
        self.write(into: &buffer)
        return buffer
    }

    /// Appends the message as kombu writes it.
    public func write(into buffer: inout [UInt8]) {
        buffer.reserveCapacity(buffer.count + self.body.bytes.count + 1024)
        PythonJSON.append(#"{"body": "#, into: &buffer)
        buffer.append(contentsOf: self.body.bytes)
        PythonJSON.append(#", "content-encoding": "#, into: &buffer)
        buffer.append(contentsOf: RawJSON(self.contentEncoding).bytes)
        PythonJSON.append(#", "content-type": "#, into: &buffer)
        buffer.append(contentsOf: RawJSON(self.contentType).bytes)
        PythonJSON.append(#", "headers": "#, into: &buffer)
        self.headers.write(into: &buffer)
        PythonJSON.append(#", "properties": "#, into: &buffer)
        self.properties.write(into: &buffer)
        for other in self.others.all {
            PythonJSON.append(", ", into: &buffer)
            PythonJSON.write(other.name, into: &buffer)
            PythonJSON.append(": ", into: &buffer)
            buffer.append(contentsOf: other.value.bytes)
        }
        buffer.append(UInt8(ascii: "}"))
    }
}
