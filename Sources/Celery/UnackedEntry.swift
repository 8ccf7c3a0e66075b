import JSON

/// A value of the hash of unacknowledged messages: `[envelope, exchange, routing key]`.
public struct UnackedEntry: Sendable, Hashable {
    /// The message.
    public var envelope: Envelope
    /// The exchange that it was sent to; empty for the anonymous one.
    public var exchange: String
    /// The routing key that it was sent with.
    public var routingKey: String

    /// The entry for a message.
    public init(envelope: Envelope, exchange: String, routingKey: String) {
        self.envelope = envelope
        self.exchange = exchange
        self.routingKey = routingKey
    }

    /// Reads an entry. Throws ``EnvelopeError``.
    public init(parsing bytes: ArraySlice<UInt8>, limits: JSONLimits = JSONLimits()) throws(EnvelopeError) {
        let elements = try Self.elements(of: bytes, limits)
        self.envelope = try Envelope(parsing: elements[0].bytes, limits: limits)
        self.exchange = elements[1].text ?? ""
        guard let routingKey = elements[2].text else { throw EnvelopeError(.wrongKind, field: "routing_key") }
        self.routingKey = routingKey
    }

    private static func elements(
        of bytes: ArraySlice<UInt8>, _ limits: JSONLimits
    ) throws(EnvelopeError) -> [RawJSON] {
        let elements: [RawJSON]
        do {
            elements = try RawJSON(unchecked: bytes).elements(limits: limits)
        } catch {
            throw EnvelopeError(error.code == .wrongKind ? .wrongKind : .invalidJSON(error))
        }
        guard elements.count == 3 else { throw EnvelopeError(.wrongKind) }
        return elements
    }

    /// The entry as kombu writes it.
    public func serialized() -> [UInt8] {
        var buffer: [UInt8] = []
        buffer.append(UInt8(ascii: "["))
        self.envelope.write(into: &buffer)
        PythonJSON.append(", ", into: &buffer)
        PythonJSON.write(self.exchange, into: &buffer)
        PythonJSON.append(", ", into: &buffer)
        PythonJSON.write(self.routingKey, into: &buffer)
        buffer.append(UInt8(ascii: "]"))
        return buffer
    }
}
