import JSON

/// The members of a JSON object in their order, each value kept as it was written.
public struct Fields: Sendable, Hashable {
    /// A name and its value.
    public struct Field: Sendable, Hashable {
        /// The name.
        public var name: String
        /// The value.
        public var value: RawJSON

        /// A field.
        public init(_ name: String, _ value: RawJSON) {
            self.name = name
            self.value = value
        }
    }

    /// The fields.
    public private(set) var all: [Field]

    /// The given fields; without arguments none.
    public init(_ fields: [Field] = []) { self.all = fields }

    /// The value of a name. Setting replaces it in place or appends; setting `nil` removes.
    public subscript(name: String) -> RawJSON? {
        get { self.all.first { $0.name == name }?.value }
        set {
            guard let newValue else { return self.all.removeAll { $0.name == name } }
            if let index = self.all.firstIndex(where: { $0.name == name }) {
                self.all[index].value = newValue
            } else {
                self.all.append(Field(name, newValue))
            }
        }
    }

    /// Appends a field without looking whether there is one of that name.
    mutating func append(_ name: String, _ value: RawJSON) { self.all.append(Field(name, value)) }

    /// Puts the fields of `other` in place of their namesakes or behind all. Takes time for both, not for their product.
    mutating func merge(_ other: Fields) {
        var positions = Dictionary(self.all.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
        for field in other.all {
            if let position = positions[field.name] {
                self.all[position].value = field.value
            } else {
                positions[field.name] = self.all.count
                self.all.append(field)
            }
        }
    }

    /// Appends the object as kombu writes it, the values as they were written.
    public func write(into buffer: inout [UInt8]) {
        var separator = Separator()
        buffer.append(UInt8(ascii: "{"))
        for field in self.all {
            separator.write(into: &buffer)
            PythonJSON.write(field.name, into: &buffer)
            PythonJSON.append(": ", into: &buffer)
            buffer.append(contentsOf: field.value.bytes)
        }
        buffer.append(UInt8(ascii: "}"))
    }

    /// The object as one value.
    public var raw: RawJSON {
        var buffer: [UInt8] = []
        self.write(into: &buffer)
        return RawJSON(unchecked: buffer[...])
    }
}

extension Fields {
    /// Members that an object may have: the memory for millions of headers would be many times the message's own.
    public static let mostMembers = 65_536

    /// The members of an object, validated but not built.
    ///
    /// Takes `NaN` and `Infinity`, as Python does. Throws ``JSONError``, also for a name that is there twice, and for more
    /// than ``mostMembers``.
    public init(parsing bytes: ArraySlice<UInt8>, limits: JSONLimits = JSONLimits()) throws(JSONError) {
        self = try scanning(bytes) { mask throws(JSONError) in
            var fields = Fields()
            var names: Set<String> = []
            var scanner = JSONScanner(mask, limits: limits)
            try scanner.enterObject()
            while let member = try scanner.nextMember() {
                let name = member.key.string
                guard names.insert(name).inserted else { throw JSONError(.duplicateKey, at: scanner.offset) }
                guard names.count <= Self.mostMembers else { throw JSONError(.tooManyMembers, at: scanner.offset) }
                fields.append(name, RawJSON(unchecked: bytes[member.value.bytes.indices]))
            }
            try scanner.finish()
            return fields
        }
    }

    /// The members of an object, the last of equal keys. Throws ``BodyError`` for what JSON has no form for.
    init(_ object: CeleryObject) throws(BodyError) {
        var fields: [Field] = []
        for member in object.members { fields.append(Field(member.key, try RawJSON(member.value))) }
        self.init()
        self.merge(Fields(fields))
    }

    /// The members of the object that a body is, validated but not built. Throws ``BodyError``.
    init(body bytes: ArraySlice<UInt8>, limits: BodyLimits) throws(BodyError) {
        do throws(JSONError) {
            try self.init(parsing: bytes, limits: limits.json)
        } catch {
            if error.code == .wrongKind { throw BodyError(.notATask, "The body is not an object.") }
            throw BodyError(error.code == .tooDeep ? .tooDeep : .malformed, "The body is not JSON: \(error).")
        }
    }
}
