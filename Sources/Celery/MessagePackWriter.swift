import JSON

extension CeleryValue {
    /// The MessagePack that kombu writes for the value.
    ///
    /// Throws ``BodyError`` for what kombu's serializer refuses: times, dates, decimals, UUIDs, and integers beyond
    /// 64 bits.
    public func messagePack() throws(BodyError) -> [UInt8] {
        var writer = MessagePackWriter()
        try writer.write(self)
        return writer.buffer
    }
}

private struct MessagePackWriter {
    var buffer: [UInt8] = []

    mutating func write(_ value: CeleryValue) throws(BodyError) {
        switch value {
        case .null: self.buffer.append(0xC0)
        case .bool(let bool): self.buffer.append(bool ? 0xC3 : 0xC2)
        case .number(let number): try self.write(number)
        case .notFinite(let word): self.write(word.value)
        case .string(let string): try self.write(string)
        case .bytes(let bytes):
            try self.writeHead(bytes.count, short: nil, long: [(0xC4, 1), (0xC5, 2), (0xC6, 4)])
            self.buffer.append(contentsOf: bytes)
        case .array(let elements):
            try self.writeHead(elements.count, short: (0x90, 15), long: [(0xDC, 2), (0xDD, 4)])
            for element in elements { try self.write(element) }
        case .object(let object):
            try self.writeHead(object.members.count, short: (0x80, 15), long: [(0xDE, 2), (0xDF, 4)])
            for member in object.members {
                try self.write(member.key)
                try self.write(member.value)
            }
        case .extended(let code, let bytes): try self.writeExtended(code, bytes)
        case .special(let special):
            throw BodyError(.notEncodable, "MessagePack has no form for a \(special.kind.rawValue).")
        }
    }

    private mutating func write(_ number: JSONNumber) throws(BodyError) {
        if let integer = number.asInteger(Int64.self) {
            integer < 0 ? self.writeNegative(integer) : self.writePositive(UInt64(integer))
        } else if let integer = number.asInteger(UInt64.self) {
            self.writePositive(integer)
        } else if let double = number.asDouble, number.description.utf8.contains(where: isFractionMark) {
            self.write(double)
        } else {
            throw BodyError(.notEncodable, "MessagePack has no form for a number of more than 64 bits.")
        }
    }

    private mutating func writePositive(_ integer: UInt64) {
        switch integer {
        case 0...0x7F: self.buffer.append(UInt8(integer))
        case ...0xFF: self.write(0xCC, integer, size: 1)
        case ...0xFFFF: self.write(0xCD, integer, size: 2)
        case ...0xFFFF_FFFF: self.write(0xCE, integer, size: 4)
        default: self.write(0xCF, integer, size: 8)
        }
    }

    private mutating func writeNegative(_ integer: Int64) {
        let bits = UInt64(bitPattern: integer)
        switch integer {
        case (-32)...: self.buffer.append(UInt8(truncatingIfNeeded: bits))
        case Int64(Int8.min)...: self.write(0xD0, bits, size: 1)
        case Int64(Int16.min)...: self.write(0xD1, bits, size: 2)
        case Int64(Int32.min)...: self.write(0xD2, bits, size: 4)
        default: self.write(0xD3, bits, size: 8)
        }
    }

    private mutating func write(_ double: Double) { self.write(0xCB, double.bitPattern, size: 8) }

    private mutating func write(_ text: String) throws(BodyError) {
        try self.writeHead(text.utf8.count, short: (0xA0, 31), long: [(0xD9, 1), (0xDA, 2), (0xDB, 4)])
        self.buffer.append(contentsOf: text.utf8)
    }

    private mutating func writeExtended(_ code: Int8, _ bytes: [UInt8]) throws(BodyError) {
        if let power = [1, 2, 4, 8, 16].firstIndex(of: bytes.count) {
            self.buffer.append(0xD4 + UInt8(power))
        } else {
            try self.writeHead(bytes.count, short: nil, long: [(0xC7, 1), (0xC8, 2), (0xC9, 4)])
        }
        self.buffer.append(UInt8(bitPattern: code))
        self.buffer.append(contentsOf: bytes)
    }

    /// Appends the shortest head for a count.
    private mutating func writeHead(
        _ count: Int,
        short: (head: UInt8, most: Int)?,
        long: [(head: UInt8, size: Int)]
    ) throws(BodyError) {
        if let short, count <= short.most { return self.buffer.append(short.head | UInt8(count)) }
        for form in long where UInt64(count) >> (8 * UInt64(form.size)) == 0 {
            return self.write(form.head, UInt64(count), size: form.size)
        }
        throw BodyError(.notEncodable, "MessagePack has no form for a value of \(count) bytes or elements.")
    }

    private mutating func write(_ head: UInt8, _ integer: UInt64, size: Int) {
        self.buffer.append(head)
        for index in (0..<size).reversed() { self.buffer.append(UInt8(truncatingIfNeeded: integer >> (8 * index))) }
    }
}

/// Whether a byte of a number says that it is not an integer.
private func isFractionMark(_ byte: UInt8) -> Bool { byte == UInt8(ascii: ".") || byte | 0x20 == UInt8(ascii: "e") }

extension CeleryValue.NotFinite {
    /// The float.
    public var value: Double {
        switch self {
        case .nan: .nan
        case .infinity: .infinity
        case .negativeInfinity: -.infinity
        }
    }
}
