extension JSONValue {
    /// The value as `type`. Throws `DecodingError`.
    func decoded<Value: Decodable>(as type: Value.Type, at path: @autoclosure () -> CodingPath) throws -> Value {
        if let value = self.scalar(as: type) ?? self.list(as: type) { return value }
        let path = path()
        // A scalar's own `init(from:)` would ask the decoder for the same scalar again.
        if isScalar(type) { throw self.mismatch(type, at: path) }
        if let value = try self.foundationValue(as: type, at: path) { return value }
        return try Value(from: ValueDecoder(value: self, path: path))
    }

    /// Whether the value is `null`.
    var isNull: Bool {
        if case .null = self { true } else { false }
    }

    /// The error that this value is not a `type`.
    func mismatch(_ type: Any.Type, at path: CodingPath) -> DecodingError {
        let keys = path.keys
        switch self {
        case .null:
            let context = DecodingError.Context(codingPath: keys, debugDescription: "Expected \(type), found null.")
            return .valueNotFound(type, context)
        case .number(let number) where isScalar(type) && type != String.self && type != Bool.self:
            let text = number.description.prefix(40)
            return .dataCorrupted(.init(codingPath: keys, debugDescription: "The number \(text) does not fit \(type)."))
        default:
            return .typeMismatch(
                type,
                .init(codingPath: keys, debugDescription: "Expected \(type), found \(self.kind).")
            )
        }
    }

    /// The value as one of the types that map to JSON directly; `nil` when it does not fit or `type` is none of them.
    private func scalar<Value>(as type: Value.Type) -> Value? {
        switch self {
        case .number(let number): number.value(as: type)
        case .string(let string) where type == String.self: (string as! Value)
        case .bool(let bool) where type == Bool.self: (bool as! Value)
        default: type == JSONValue.self ? (self as! Value) : nil
        }
    }

    /// The value as an array of common scalars, without a decoder; `nil` when it does not fit or `type` is another one.
    private func list<Value>(as type: Value.Type) -> Value? {
        guard case .array(let elements) = self else { return nil }
        if type == [Int].self { return self.scalars(elements, as: Int.self) as! Value? }
        if type == [Double].self { return self.scalars(elements, as: Double.self) as! Value? }
        if type == [String].self { return self.scalars(elements, as: String.self) as! Value? }
        if type == [Bool].self { return self.scalars(elements, as: Bool.self) as! Value? }
        return nil
    }

    private func scalars<Element>(_ elements: [JSONValue], as type: Element.Type) -> [Element]? {
        var scalars: [Element] = []
        scalars.reserveCapacity(elements.count)
        for element in elements {
            guard let scalar = element.scalar(as: type) else { return nil }
            scalars.append(scalar)
        }
        return scalars
    }
}

extension JSONNumber {
    fileprivate func value<Value>(as type: Value.Type) -> Value? {
        if type == Int.self { return self.asInt as! Value? }
        if type == Double.self { return self.asDouble as! Value? }
        if type == Float.self { return self.asFloat as! Value? }
        if type == JSONValue.self { return (JSONValue.number(self) as! Value) }
        for integer in integerTypes where type == integer { return self.integer(as: integer) as! Value? }
        return nil
    }

    private var asFloat: Float? {
        guard let value = Float(self.description), value.isFinite else { return nil }
        return value
    }

    private func integer<Integer: FixedWidthInteger>(as type: Integer.Type) -> Any? { self.asInteger(type) }
}

private let integerTypes: [any (FixedWidthInteger & Sendable).Type] = [
    Int64.self, Int32.self, Int16.self, Int8.self, UInt.self, UInt64.self, UInt32.self, UInt16.self, UInt8.self,
    Int128.self, UInt128.self,
]

/// Whether `type` is decoded and encoded without a container.
func isScalar(_ type: Any.Type) -> Bool {
    type == Int.self || type == String.self || type == Bool.self || type == Double.self || type == Float.self
        || integerTypes.contains { $0 == type }
}
