extension CeleryValue {
    /// The JSON that kombu writes for the value. Throws ``BodyError`` for extension types, which JSON has no form for.
    public func json() throws(BodyError) -> [UInt8] {
        var buffer: [UInt8] = []
        try self.write(into: &buffer)
        return buffer
    }

    /// Appends the JSON that kombu writes for the value.
    ///
    /// Throws ``BodyError`` for extension types; what was appended until then stays.
    public func write(into buffer: inout [UInt8]) throws(BodyError) {
        switch self {
        case .null: PythonJSON.append("null", into: &buffer)
        case .bool(let bool): PythonJSON.append(bool ? "true" : "false", into: &buffer)
        case .number(let number): number.write(into: &buffer)
        case .notFinite(let word): buffer.append(contentsOf: word.rawValue.utf8)
        case .string(let string): PythonJSON.write(string, into: &buffer)
        case .bytes(let bytes): writeTagged(bytes, into: &buffer)
        case .special(let special): special.write(into: &buffer)
        case .array(let elements):
            var separator = Separator()
            buffer.append(UInt8(ascii: "["))
            for element in elements {
                separator.write(into: &buffer)
                try element.write(into: &buffer)
            }
            buffer.append(UInt8(ascii: "]"))
        case .object(let object):
            var separator = Separator()
            buffer.append(UInt8(ascii: "{"))
            for member in object.members {
                separator.write(into: &buffer)
                PythonJSON.write(member.key, into: &buffer)
                PythonJSON.append(": ", into: &buffer)
                try member.value.write(into: &buffer)
            }
            buffer.append(UInt8(ascii: "}"))
        case .extended(let code, _):
            throw BodyError(.notEncodable, "JSON has no form for the MessagePack extension type \(code).")
        }
    }
}
