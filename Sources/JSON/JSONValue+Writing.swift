extension JSONValue {
    /// The document without white space, in UTF-8.
    public func serialized() -> [UInt8] {
        var buffer: [UInt8] = []
        self.write(into: &buffer)
        return buffer
    }

    /// Appends the document without white space, in UTF-8.
    public func write(into buffer: inout [UInt8]) {
        switch self {
        case .null: buffer.append(contentsOf: "null".utf8)
        case .bool(let value): buffer.append(contentsOf: value ? "true".utf8 : "false".utf8)
        case .number(let number): number.write(into: &buffer)
        case .string(let string): quoted(string, into: &buffer)
        case .array(let elements):
            buffer.append(ASCII.openBracket)
            for index in elements.indices {
                if index > 0 { buffer.append(ASCII.comma) }
                elements[index].write(into: &buffer)
            }
            buffer.append(ASCII.closeBracket)
        case .object(let object):
            buffer.append(ASCII.openBrace)
            for index in object.indices {
                if index > 0 { buffer.append(ASCII.comma) }
                quoted(object[index].key, into: &buffer)
                buffer.append(ASCII.colon)
                object[index].value.write(into: &buffer)
            }
            buffer.append(ASCII.closeBrace)
        }
    }
}
