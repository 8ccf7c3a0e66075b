extension JSONValue: Codable {
    /// For other coders than ``JSONCoder``, which takes the value as it is.
    ///
    /// Numbers go through `Int64`, `UInt64` or `Double`.
    public init(from decoder: any Decoder) throws {
        if let container = try? decoder.container(keyedBy: AnyKey.self) {
            var object = JSONObject()
            for key in container.allKeys { object[key.stringValue] = try container.decode(JSONValue.self, forKey: key) }
            self = .object(object)
        } else if var container = try? decoder.unkeyedContainer() {
            var elements: [JSONValue] = []
            while !container.isAtEnd { elements.append(try container.decode(JSONValue.self)) }
            self = .array(elements)
        } else {
            self = try Self.scalar(in: decoder.singleValueContainer())
        }
    }

    private static func scalar(in container: some SingleValueDecodingContainer) throws -> JSONValue {
        if container.decodeNil() { return .null }
        if let bool = try? container.decode(Bool.self) { return .bool(bool) }
        if let integer = try? container.decode(Int64.self) { return .number(JSONNumber(integer)) }
        if let integer = try? container.decode(UInt64.self) { return .number(JSONNumber(integer)) }
        if let double = try? container.decode(Double.self), let number = JSONNumber(double) { return .number(number) }
        return .string(try container.decode(String.self))
    }

    /// For other coders than ``JSONCoder``, which takes the value as it is.
    ///
    /// Numbers go through `Int64`, `UInt64` or `Double`.
    public func encode(to encoder: any Encoder) throws {
        switch self {
        case .array(let elements):
            var container = encoder.unkeyedContainer()
            for element in elements { try container.encode(element) }
        case .object(let object):
            var container = encoder.container(keyedBy: AnyKey.self)
            for (key, value) in object { try container.encode(value, forKey: AnyKey(stringValue: key)) }
        case .null, .bool, .number, .string:
            var container = encoder.singleValueContainer()
            try self.encodeScalar(in: &container)
        }
    }

    private func encodeScalar(in container: inout some SingleValueEncodingContainer) throws {
        switch self {
        case .bool(let bool): try container.encode(bool)
        case .string(let string): try container.encode(string)
        case .number(let number):
            if let integer = number.asInteger(Int64.self) { return try container.encode(integer) }
            if let integer = number.asInteger(UInt64.self) { return try container.encode(integer) }
            if let double = number.asDouble { return try container.encode(double) }
            let message = "The number is too large for this coder."
            throw EncodingError.invalidValue(self, .init(codingPath: container.codingPath, debugDescription: message))
        case .null, .array, .object: try container.encodeNil()
        }
    }
}

/// A key with any name.
private struct AnyKey: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
}
