/// What the parts of a chord returned, in the order of their places.
public struct ChordResults: Sendable {
    /// One part.
    private struct Part {
        let id: String
        let state: ResultState
        let result: CeleryValue
    }

    private let parts: [Part]
    private let tree: ResultNode?

    /// Reads the values of ``ChordPart/value(_:_:_:)`` and, where there is one, the document of the saved group.
    ///
    /// Throws ``BodyError`` for what cannot be read: Celery's `result_serializer` must be JSON.
    public init(parts: [ArraySlice<UInt8>], tree: ArraySlice<UInt8>?, limits: BodyLimits = BodyLimits())
        throws(BodyError)
    {
        self.parts = try parts.map { bytes throws(BodyError) in try Self.part(bytes, limits) }
        self.tree = try tree.map { bytes throws(BodyError) in
            let plain = try CompressedResult(bytes)?.decompress(limits: limits) ?? bytes
            return try SavedGroup(parsing: plain, limits: limits).group
        }
    }

    private static func part(_ bytes: ArraySlice<UInt8>, _ limits: BodyLimits) throws(BodyError) -> Part {
        let plain = try CompressedResult(bytes)?.decompress(limits: limits) ?? bytes
        let value = try CeleryValue(parsing: plain, limits: limits)
        guard let fields = value.asArray, fields.count == 4, let id = fields[1].asString, let state = fields[2].asString
        else { throw BodyError(.malformed, "A part of the chord is not [1, id, state, result].") }
        return Part(id: id, state: ResultState(rawValue: state), result: fields[3])
    }

    /// The list that the body gets. Throws ``ChordFailure`` for the first part that did not succeed.
    public func values() throws(ChordFailure) -> [CeleryValue] {
        for part in self.parts where part.state == .failure || part.state == .revoked {
            throw .dependency(part.id, TaskFailure(part.result))
        }
        guard case .group(_, _, let members)? = self.tree else { return self.parts.map(\.result) }
        let results = Dictionary(self.parts.map { ($0.id, $0.result) }, uniquingKeysWith: { $1 })
        return try members.map { member throws(ChordFailure) in try Self.value(of: member, results) }
    }

    private static func value(
        of node: ResultNode, _ results: [String: CeleryValue]
    ) throws(ChordFailure) -> CeleryValue {
        switch node {
        case .group(_, _, let members):
            return .array(try members.map { member throws(ChordFailure) in try self.value(of: member, results) })
        case .task(let id, _):
            guard let result = results[id] else { throw .join("the result of \(id) is missing") }
            return result
        }
    }
}

/// Why the body of a chord is not run.
public struct ChordFailure: Error, Sendable, Hashable, CustomStringConvertible {
    /// What its result tells, as the one argument of a `ChordError`.
    public let description: String

    /// A part did not succeed.
    static func dependency(_ id: String, _ failure: TaskFailure?) -> ChordFailure {
        let error = failure.map { PythonRepr.text(of: $0) } ?? "an unknown error"
        return ChordFailure(description: "Dependency \(id) raised \(error)")
    }

    /// The parts cannot be put together.
    static func join(_ reason: String) -> ChordFailure { ChordFailure(description: "Join error: \(reason)") }
}
