import FoundationEssentials

extension JSONValue {
    /// The value as one of Foundation's types that have a JSON form of their own; `nil` when `type` is none of them.
    func foundationValue<Value>(as type: Value.Type, at path: CodingPath) throws -> Value? {
        if type == Date.self { return try self.parsed(at: path, date) as! Value? }
        if type == Data.self { return try self.parsed(at: path) { Data(base64Encoded: $0) } as! Value? }
        if type == URL.self { return try self.parsed(at: path) { URL(string: $0) } as! Value? }
        if type == UUID.self { return try self.parsed(at: path) { UUID(uuidString: $0) } as! Value? }
        if type == Decimal.self { return try self.decimal(at: path) as! Value? }
        return nil
    }

    /// A value of one of Foundation's types that have a JSON form of their own; `nil` when it is of another type.
    static func foundationJSON<Value>(of value: Value, at path: CodingPath) throws -> JSONValue? {
        let type = Value.self
        if type == Date.self { return .string(try self.text(of: value as! Date, at: path)) }
        if type == Data.self { return .string((value as! Data).base64EncodedString()) }
        if type == URL.self { return .string((value as! URL).absoluteString) }
        if type == UUID.self { return .string((value as! UUID).uuidString) }
        if type == Decimal.self {
            return .number(try self.finite(JSONNumber((value as! Decimal).description), value, at: path))
        }
        return nil
    }

    private static func text(of date: Date, at path: CodingPath) throws -> String {
        if let text = ISO8601.text(seconds: date.timeIntervalSince1970) { return text }
        let message = "A date must be in the years 1 to 9999."
        throw EncodingError.invalidValue(date, .init(codingPath: path.keys, debugDescription: message))
    }

    private func parsed<Value>(at path: CodingPath, _ parse: (String) -> Value?) throws -> Value {
        guard case .string(let string) = self else { throw self.mismatch(Value.self, at: path) }
        if let value = parse(string) { return value }
        let message = "\"\(string.prefix(40))\" is not a \(Value.self)."
        throw DecodingError.dataCorrupted(.init(codingPath: path.keys, debugDescription: message))
    }

    private func decimal(at path: CodingPath) throws -> Decimal {
        guard case .number(let number) = self else { throw self.mismatch(Decimal.self, at: path) }
        if let decimal = Decimal(string: number.description), decimal.isFinite { return decimal }
        let message = "The number \(number.description.prefix(40)) does not fit Decimal."
        throw DecodingError.dataCorrupted(.init(codingPath: path.keys, debugDescription: message))
    }
}

private func date(_ text: String) -> Date? { ISO8601.seconds(parsing: text).map { Date(timeIntervalSince1970: $0) } }
