import JSON

/// The body of a message of protocol 1: one object that says everything.
public struct ProtocolOneTask: Sendable, Hashable {
    /// The object's members.
    public let fields: Fields

    /// Scans a JSON body without building it.
    ///
    /// Throws ``BodyError`` with `notATask` when it is anything but an object that names a task.
    public init(parsing payload: ArraySlice<UInt8>, limits: BodyLimits = BodyLimits()) throws(BodyError) {
        let fields = try Fields(body: payload, limits: limits)
        guard fields["task"] != nil else { throw Self.notATask }
        self.fields = fields
    }

    /// Takes a body that was decoded, by whichever serializer.
    ///
    /// Throws ``BodyError`` with `notATask` when it is anything but an object that names a task.
    public init(_ value: CeleryValue) throws(BodyError) {
        guard let object = value.asObject, object["task"] != nil else { throw Self.notATask }
        self.fields = try Fields(object)
    }

    private static let notATask = BodyError(.notATask, "Neither the headers nor the body of the message name a task.")

    /// Whether times without offset are in UTC; else they are in the sender's local time.
    public var isUTC: Bool { self.fields["utc"]?.bool ?? true }

    /// The headers that the message would have in protocol 2. Headers of the message itself override the body.
    ///
    /// Throws ``EnvelopeError``.
    public func headers(overriddenBy messageHeaders: Fields = Fields()) throws(EnvelopeError) -> TaskHeaders {
        let ownNames = ["args", "kwargs", "callbacks", "errbacks", "chord", "taskset", "utc"]
        var fields = Fields(self.fields.all.filter { !ownNames.contains($0.name) })
        if fields["group"]?.isNull ?? true { fields["group"] = self.fields["taskset"] }
        fields.merge(messageHeaders)
        var headers = try TaskHeaders(fields)
        if fields["lang"] == nil { headers.lang = nil }
        return headers
    }

    /// The body that the message would have in protocol 2. Throws ``BodyError``.
    public func body(limits: BodyLimits = BodyLimits()) throws(BodyError) -> TaskBody {
        var embed = CeleryObject()
        for name in ["callbacks", "errbacks", "chain", "chord"] {
            embed[name] = try self.fields[name]?.value(limits: limits) ?? .null
        }
        return try TaskBody([
            try self.fields["args"]?.value(limits: limits) ?? [],
            try self.fields["kwargs"]?.value(limits: limits) ?? [:],
            .object(embed),
        ])
    }
}
