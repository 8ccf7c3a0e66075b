/// What a task message carries for the time after its task. Members that are not known stay as they are.
public struct Embed: Sendable, Hashable {
    /// All members, in their order.
    public private(set) var members: CeleryObject

    /// Nothing embedded, written as Celery does.
    public init() { self.members = ["callbacks": nil, "errbacks": nil, "chain": nil, "chord": nil] }

    /// Takes what was decoded; null is nothing. Throws ``BodyError`` when a known member holds no signatures.
    init(_ value: CeleryValue) throws(BodyError) {
        guard let members = value.isNull ? Embed().members : value.asObject else {
            throw BodyError(.notATask, "The embedded tasks are not an object.")
        }
        for name in ["callbacks", "errbacks", "chain"] {
            guard let list = members[name], !list.isNull else { continue }
            guard let list = list.asArray, list.allSatisfy({ Signature($0) != nil }) else {
                throw BodyError(.notATask, "The body's \(name) are not a list of signatures.")
            }
        }
        if let chord = members["chord"], !chord.isNull, Signature(chord) == nil {
            throw BodyError(.notATask, "The body's chord is not a signature.")
        }
        self.members = members
    }

    /// Signatures to send with the result, on success.
    public var callbacks: [Signature] {
        get { self.signatures("callbacks") }
        set { self.set("callbacks", newValue) }
    }

    /// Signatures to send on failure.
    public var errbacks: [Signature] {
        get { self.signatures("errbacks") }
        set { self.set("errbacks", newValue) }
    }

    /// The remaining steps of the chain, last step first.
    public var chain: [Signature] {
        get { self.signatures("chain") }
        set { self.set("chain", newValue) }
    }

    /// Writes an empty list where there are no more steps, as Celery does in what follows a step of a chain.
    mutating func writeEndOfChain() {
        if self.chain.isEmpty { self.members["chain"] = [] }
    }

    /// The body of the chord that the task is a part of; `nil` when it is a part of none.
    public var chord: Signature? {
        get { self.members["chord"].flatMap { Signature($0) } }
        set { self.members["chord"] = newValue.map { .object($0.members) } ?? .null }
    }

    private func signatures(_ name: String) -> [Signature] {
        self.members[name]?.asArray?.compactMap { Signature($0) } ?? []
    }

    private mutating func set(_ name: String, _ signatures: [Signature]) {
        self.members[name] = signatures.isEmpty ? .null : .array(signatures.map { .object($0.members) })
    }
}
