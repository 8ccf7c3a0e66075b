import JSON

extension CeleryValue {
    /// Parses MessagePack as kombu reads it: text and bytes are kept apart, keys are text.
    ///
    /// No memory is set aside for what a length claims. Throws ``BodyError`` at the first byte that is not
    /// MessagePack or passes a limit.
    public init(messagePack bytes: ArraySlice<UInt8>, limits: BodyLimits = BodyLimits()) throws(BodyError) {
        var reader = MessagePackReader(rest: bytes, limits: limits)
        self = try reader.value(depth: 0)
        guard reader.rest.isEmpty else { throw malformed("there are more bytes after the value") }
    }
}

private func malformed(_ reason: String) -> BodyError {
    BodyError(.malformed, "The body is not MessagePack: \(reason).")
}

/// Takes values off the front of bytes.
private struct MessagePackReader {
    var rest: ArraySlice<UInt8>
    let limits: BodyLimits
    var valuesLeft: Int

    init(rest: ArraySlice<UInt8>, limits: BodyLimits) {
        self.rest = rest
        self.limits = limits
        self.valuesLeft = limits.maxValues
    }

    mutating func value(depth: Int) throws(BodyError) -> CeleryValue {
        self.valuesLeft -= 1
        guard self.valuesLeft >= 0 else {
            throw BodyError(.tooManyValues, "The body has more than \(self.limits.maxValues) values.")
        }
        let head = try self.byte()
        switch head {
        case 0x00...0x7F: return .number(JSONNumber(head))
        case 0x80...0x8F: return try self.map(Int(head & 0x0F), depth: depth + 1)
        case 0x90...0x9F: return try self.array(Int(head & 0x0F), depth: depth + 1)
        case 0xA0...0xBF: return .string(try self.text(Int(head & 0x1F)))
        case 0xE0...0xFF: return .number(JSONNumber(Int8(bitPattern: head)))
        default: return try self.longValue(head, depth: depth + 1)
        }
    }

    /// The value whose head says how long its length or number is.
    private mutating func longValue(_ head: UInt8, depth: Int) throws(BodyError) -> CeleryValue {
        switch head {
        case 0xC0: return .null
        case 0xC2: return .bool(false)
        case 0xC3: return .bool(true)
        case 0xC4, 0xC5, 0xC6: return .bytes(Array(try self.take(try self.length(1 << (head - 0xC4)))))
        case 0xC7, 0xC8, 0xC9: return try self.extended(try self.length(1 << (head - 0xC7)))
        case 0xCA: return CeleryValue(Double(Float(bitPattern: UInt32(truncatingIfNeeded: try self.integer(4)))))
        case 0xCB: return CeleryValue(Double(bitPattern: try self.integer(8)))
        case 0xCC, 0xCD, 0xCE, 0xCF: return .number(JSONNumber(try self.integer(1 << (head - 0xCC))))
        case 0xD0: return .number(JSONNumber(Int8(truncatingIfNeeded: try self.integer(1))))
        case 0xD1: return .number(JSONNumber(Int16(truncatingIfNeeded: try self.integer(2))))
        case 0xD2: return .number(JSONNumber(Int32(truncatingIfNeeded: try self.integer(4))))
        case 0xD3: return .number(JSONNumber(Int64(bitPattern: try self.integer(8))))
        case 0xD4...0xD8: return try self.extended(1 << (head - 0xD4))
        case 0xD9, 0xDA, 0xDB: return .string(try self.text(try self.length(1 << (head - 0xD9))))
        case 0xDC, 0xDD: return try self.array(try self.length(2 << (head - 0xDC)), depth: depth)
        case 0xDE, 0xDF: return try self.map(try self.length(2 << (head - 0xDE)), depth: depth)
        default: throw malformed("the byte 0xc1 has no meaning")
        }
    }

    private mutating func array(_ count: Int, depth: Int) throws(BodyError) -> CeleryValue {
        try self.enter(depth: depth, atLeast: count)
        var elements: [CeleryValue] = []
        for _ in 0..<count { elements.append(try self.value(depth: depth)) }
        return .array(elements)
    }

    private mutating func map(_ count: Int, depth: Int) throws(BodyError) -> CeleryValue {
        try self.enter(depth: depth, atLeast: 2 * count)
        var object = CeleryObject()
        for _ in 0..<count {
            guard case .string(let key) = try self.value(depth: depth) else {
                throw malformed("a map has a key that is not text")
            }
            object.append(key, try self.value(depth: depth))
        }
        return .object(object)
    }

    private mutating func extended(_ count: Int) throws(BodyError) -> CeleryValue {
        let code = Int8(bitPattern: try self.byte())
        return .extended(code: code, Array(try self.take(count)))
    }

    private mutating func text(_ count: Int) throws(BodyError) -> String {
        guard let text = String(validating: try self.take(count), as: UTF8.self) else {
            throw malformed("a text is not UTF-8")
        }
        return text
    }

    // MARK: Bytes

    /// Checks a container that says to hold values of `size` bytes or more.
    private func enter(depth: Int, atLeast size: Int) throws(BodyError) {
        guard depth <= self.limits.maxDepth else {
            throw BodyError(.tooDeep, "The body's arrays and maps are nested more than \(self.limits.maxDepth) deep.")
        }
        guard size <= self.rest.count else { throw malformed("it ends too early") }
    }

    private mutating func byte() throws(BodyError) -> UInt8 {
        guard let byte = self.rest.popFirst() else { throw malformed("it ends too early") }
        return byte
    }

    private mutating func take(_ count: Int) throws(BodyError) -> ArraySlice<UInt8> {
        guard count <= self.rest.count else { throw malformed("it ends too early") }
        defer { self.rest = self.rest.dropFirst(count) }
        return self.rest.prefix(count)
    }

    /// A length of at most four bytes.
    private mutating func length(_ size: Int) throws(BodyError) -> Int { Int(try self.integer(size)) }

    private mutating func integer(_ size: Int) throws(BodyError) -> UInt64 {
        try self.take(size).reduce(0) { $0 << 8 | UInt64($1) }
    }
}
