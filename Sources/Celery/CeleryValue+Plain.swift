import JSON

extension CeleryValue {
    /// A value of plain JSON. Nothing in it is taken as a Python type.
    public init(_ json: JSONValue) {
        switch json {
        case .null: self = .null
        case .bool(let bool): self = .bool(bool)
        case .number(let number): self = .number(number)
        case .string(let string): self = .string(string)
        case .array(let elements): self = .array(elements.map { CeleryValue($0) })
        case .object(let object):
            self = .object(CeleryObject(object.map { CeleryObject.Member(key: $0.key, value: CeleryValue($0.value)) }))
        }
    }

    /// The value as plain JSON, in the forms that ``JSONCoder`` reads Swift's types from.
    ///
    /// Times and dates become ISO 8601 text, a UUID its usual text, a decimal a number, bytes base64 text, a
    /// MessagePack point in time ISO 8601 text. Throws ``BodyError`` for floats that are not finite and for other
    /// extension types.
    public func plainJSON() throws(BodyError) -> JSONValue {
        switch self {
        case .null: return .null
        case .bool(let bool): return .bool(bool)
        case .number(let number): return .number(number)
        case .string(let string): return .string(string)
        case .bytes(let bytes): return .string(String(decoding: Base64.encode(bytes[...]), as: UTF8.self))
        case .special(let special): return try special.plainJSON()
        case .notFinite(let word): throw BodyError(.notEncodable, "\(word.rawValue) is not a JSON number.")
        case .extended(let code, let bytes):
            if let time = messagePackTime(code: code, bytes) { return .string(time.text) }
            throw BodyError(.notEncodable, "JSON has no form for the MessagePack extension type \(code).")
        case .array(let elements):
            var plain: [JSONValue] = []
            for element in elements { plain.append(try element.plainJSON()) }
            return .array(plain)
        case .object(let object):
            var plain = JSONObject()
            for member in object.members { plain[member.key] = try member.value.plainJSON() }
            return .object(plain)
        }
    }
}

extension SpecialValue {
    fileprivate func plainJSON() throws(BodyError) -> JSONValue {
        switch self.kind {
        case .datetime, .date, .time: return .string(self.text)
        case .decimal:
            if let number = JSONNumber(self.text) { return .number(number) }
            throw BodyError(.notEncodable, "The decimal \(self.text.prefix(40)) is not a JSON number.")
        case .uuid:
            var text = ""
            for (index, digit) in self.text.enumerated() {
                if [8, 12, 16, 20].contains(index) { text.append("-") }
                text.append(digit)
            }
            return .string(text)
        }
    }
}

/// The time that a MessagePack extension stands for; `nil` when it is another extension or outside Swift's range.
private func messagePackTime(code: Int8, _ bytes: [UInt8]) -> WallTime? {
    func integer(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }
    guard code == -1 else { return nil }
    switch bytes.count {
    case 4: return WallTime(seconds: Double(integer(bytes[...])))
    case 8:
        let both = integer(bytes[...])
        return WallTime(seconds: Double(both & 0x3_FFFF_FFFF) + Double(both >> 34) / 1e9)
    case 12:
        let seconds = Int64(bitPattern: integer(bytes[4...]))
        return WallTime(seconds: Double(seconds) + Double(integer(bytes[..<4])) / 1e9)
    default: return nil
    }
}
