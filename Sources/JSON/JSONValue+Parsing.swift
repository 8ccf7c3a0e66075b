extension JSONValue {
    /// Parses a whole document.
    ///
    /// Throws ``JSONError`` at the first byte that is not JSON or passes a limit.
    public init(parsing bytes: some Sequence<UInt8>, limits: JSONLimits = JSONLimits()) throws(JSONError) {
        let parse = { (buffer: UnsafeBufferPointer<UInt8>) in
            Result { () throws(JSONError) in try JSONValue(parsing: buffer, limits: limits) }
        }
        self = try (bytes.withContiguousStorageIfAvailable(parse) ?? Array(bytes).withUnsafeBufferPointer(parse)).get()
    }

    private init(parsing bytes: UnsafeBufferPointer<UInt8>, limits: JSONLimits) throws(JSONError) {
        var cursor = Cursor(bytes, limits: limits)
        cursor.skipSpace()
        self = try cursor.parseValue(depth: 0)
        try cursor.expectEnd()
    }
}

extension Cursor {
    fileprivate mutating func parseValue(depth: Int) throws(JSONError) -> JSONValue {
        switch try self.kind() {
        case .null:
            try self.skipWord("null")
            return .null
        case .bool: return .bool(try self.skipBool())
        case .number: return .number(JSONNumber(extent: try self.skipNumber(), of: self.bytes))
        case .string: return .string(self.string(try self.skipString()))
        case .array: return .array(try self.parseArray(depth: depth + 1))
        case .object: return .object(try self.parseObject(depth: depth + 1))
        }
    }

    private mutating func parseArray(depth: Int) throws(JSONError) -> [JSONValue] {
        try self.enter(depth: depth)
        var elements: [JSONValue] = []
        if self.skip(ASCII.closeBracket) { return elements }
        repeat {
            elements.append(try self.parseValue(depth: depth))
        } while try self.skipComma(orEnd: ASCII.closeBracket)
        return elements
    }

    private mutating func parseObject(depth: Int) throws(JSONError) -> JSONObject {
        try self.enter(depth: depth)
        var object = JSONObject()
        if self.skip(ASCII.closeBrace) { return object }
        repeat {
            let start = self.offset
            let key = self.string(try self.skipKey())
            let isNew = object.set(key, to: try self.parseValue(depth: depth))
            if !isNew, self.limits.rejectDuplicates { throw JSONError(.duplicateKey, at: start) }
        } while try self.skipComma(orEnd: ASCII.closeBrace)
        return object
    }

    private func string(_ extent: StringExtent) -> String {
        let raw = UnsafeBufferPointer(rebasing: self.bytes[extent.range])
        return extent.isEscaped ? unescaped(raw) : String(decoding: raw, as: UTF8.self)
    }
}
