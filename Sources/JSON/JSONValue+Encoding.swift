extension JSONValue {
    /// The document for a value. Throws `EncodingError`.
    init<Value: Encodable>(encoding value: Value, at path: CodingPath) throws {
        if let json = try Self.direct(value, at: path) {
            self = json
            return
        }
        let encoder = ValueEncoder(path: path)
        try value.encode(to: encoder)
        guard let json = encoder.node.json else {
            let message = "\(Value.self) did not encode anything."
            throw EncodingError.invalidValue(value, .init(codingPath: path.keys, debugDescription: message))
        }
        self = json
    }

    /// The value as JSON when its type maps to JSON directly; `nil` when it must encode itself.
    private static func direct<Value>(_ value: Value, at path: CodingPath) throws -> JSONValue? {
        let type = Value.self
        if type == Int.self { return .number(JSONNumber(value as! Int)) }
        if type == String.self { return .string(value as! String) }
        if type == Bool.self { return .bool(value as! Bool) }
        if type == Double.self { return .number(try self.finite(JSONNumber(value as! Double), value, at: path)) }
        if type == Float.self { return .number(try self.finite(JSONNumber(value as! Float), value, at: path)) }
        if type == JSONValue.self { return (value as! JSONValue) }
        if type == [Int].self { return .array((value as! [Int]).map { .number(JSONNumber($0)) }) }
        if type == [String].self { return .array((value as! [String]).map { .string($0) }) }
        if isScalar(type), let integer = value as? any BinaryInteger { return .number(JSONNumber(integer)) }
        return try self.foundationJSON(of: value, at: path)
    }

    /// `number`, or the error that `value` is none.
    static func finite(_ number: JSONNumber?, _ value: Any, at path: CodingPath) throws -> JSONNumber {
        if let number { return number }
        throw EncodingError.invalidValue(
            value,
            .init(codingPath: path.keys, debugDescription: "JSON has no number \(value).")
        )
    }
}
