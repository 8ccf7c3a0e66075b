/// A group whose members are stored, so that it can be found again: `{"result": …}`.
public struct SavedGroup: Sendable, Hashable {
    /// The group.
    public var group: ResultNode

    /// The document of a group.
    public init(_ group: ResultNode) { self.group = group }

    /// Reads a JSON document. Throws ``BodyError``.
    public init(parsing bytes: ArraySlice<UInt8>, limits: BodyLimits = BodyLimits()) throws(BodyError) {
        guard let node = try CeleryValue(parsing: bytes, limits: limits)["result"].flatMap({ ResultNode($0) }) else {
            throw BodyError(.malformed, "The document of a group has no result that can be read.")
        }
        self.group = node
    }

    /// The document as Celery writes it. Throws ``BodyError``, though a tree of ids always has a JSON form.
    public func serialized() throws(BodyError) -> [UInt8] {
        try CeleryValue.object(["result": self.group.value]).json()
    }
}
