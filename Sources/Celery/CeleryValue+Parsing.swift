import JSON

extension CeleryValue {
    /// Parses JSON as Python reads it: `NaN` and `Infinity` are numbers, and kombu's special objects are values.
    ///
    /// Throws ``BodyError`` at the first byte that is not JSON or passes a limit.
    public init(parsing bytes: ArraySlice<UInt8>, limits: BodyLimits = BodyLimits()) throws(BodyError) {
        var parser = ValueParser(bytes: bytes, limits: limits)
        self = try parser.document()
    }
}

/// Reads containers itself, and leaves strings, numbers and words to the scanner.
private struct ValueParser {
    let bytes: ArraySlice<UInt8>
    let limits: BodyLimits
    var rest: ArraySlice<UInt8>
    var valuesLeft: Int

    init(bytes: ArraySlice<UInt8>, limits: BodyLimits) {
        self.bytes = bytes
        self.limits = limits
        self.rest = bytes
        self.valuesLeft = limits.maxValues
    }

    mutating func document() throws(BodyError) -> CeleryValue {
        self.skipSpace()
        let value = try self.value(depth: 0)
        self.skipSpace()
        guard self.rest.isEmpty else { throw self.unexpected() }
        return value
    }

    private mutating func value(depth: Int) throws(BodyError) -> CeleryValue {
        self.valuesLeft -= 1
        guard self.valuesLeft >= 0 else {
            throw BodyError(.tooManyValues, "The body has more than \(self.limits.maxValues) values.")
        }
        switch self.rest.first {
        case UInt8(ascii: "["): return .array(try self.array(depth: depth + 1))
        case UInt8(ascii: "{"): return try self.object(depth: depth + 1)
        case UInt8(ascii: "N"), UInt8(ascii: "I"): return try self.notFinite()
        case UInt8(ascii: "-") where self.rest.dropFirst().first == UInt8(ascii: "I"): return try self.notFinite()
        default: return try self.leaf()
        }
    }

    private mutating func array(depth: Int) throws(BodyError) -> [CeleryValue] {
        try self.enter(depth: depth)
        var elements: [CeleryValue] = []
        if self.skip(UInt8(ascii: "]")) { return elements }
        repeat {
            elements.append(try self.value(depth: depth))
        } while try self.skipComma(orEnd: UInt8(ascii: "]"))
        return elements
    }

    private mutating func object(depth: Int) throws(BodyError) -> CeleryValue {
        try self.enter(depth: depth)
        var object = CeleryObject()
        if self.skip(UInt8(ascii: "}")) { return .object(object) }
        repeat {
            guard self.rest.first == UInt8(ascii: "\""), case .string(let key) = try self.leaf() else {
                throw self.unexpected()
            }
            self.skipSpace()
            guard self.skip(UInt8(ascii: ":")) else { throw self.unexpected() }
            self.skipSpace()
            object.append(key, try self.value(depth: depth))
        } while try self.skipComma(orEnd: UInt8(ascii: "}"))
        return try CeleryValue(untagging: object)
    }

    private mutating func leaf() throws(BodyError) -> CeleryValue {
        var scanner = JSONScanner(self.rest, limits: self.limits.json)
        let slice: JSONSlice
        do { slice = try scanner.nextValue() } catch { throw self.malformed(error) }
        self.rest.removeFirst(scanner.offset)
        if let text = slice.text { return .string(text.string) }
        if let number = slice.number { return .number(number) }
        return slice.bool.map(CeleryValue.bool) ?? .null
    }

    private mutating func notFinite() throws(BodyError) -> CeleryValue {
        for word in [CeleryValue.NotFinite.nan, .infinity, .negativeInfinity]
        where self.rest.starts(with: word.rawValue.utf8) {
            self.rest.removeFirst(word.rawValue.utf8.count)
            return .notFinite(word)
        }
        throw self.unexpected()
    }

    // MARK: Bytes

    private mutating func enter(depth: Int) throws(BodyError) {
        guard depth <= self.limits.maxDepth else {
            let most = self.limits.maxDepth
            throw BodyError(.tooDeep, "The body's arrays and objects are nested more than \(most) deep.")
        }
        self.rest.removeFirst()
        self.skipSpace()
    }

    private mutating func skipComma(orEnd end: UInt8) throws(BodyError) -> Bool {
        self.skipSpace()
        if self.skip(end) { return false }
        guard self.skip(UInt8(ascii: ",")) else { throw self.unexpected() }
        self.skipSpace()
        return true
    }

    private mutating func skip(_ byte: UInt8) -> Bool {
        guard self.rest.first == byte else { return false }
        self.rest.removeFirst()
        return true
    }

    private mutating func skipSpace() {
        while let byte = self.rest.first, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
            self.rest.removeFirst()
        }
    }

    private func unexpected() -> BodyError {
        self.malformed(JSONError(self.rest.isEmpty ? .unexpectedEnd : .unexpectedByte, at: 0))
    }

    /// An error at an offset from here.
    private func malformed(_ error: JSONError) -> BodyError {
        let offset = self.rest.startIndex - self.bytes.startIndex + error.offset
        return BodyError(.malformed, "The body is not JSON: \(JSONError(error.code, at: offset)).")
    }
}
