/// A position in bytes that are in memory for the length of one call. Checks the grammar, builds nothing.
///
/// The one type that reads through a pointer: every access is preceded by a comparison with the end.
struct Cursor {
    let bytes: UnsafeBufferPointer<UInt8>
    let limits: JSONLimits
    var offset: Int

    init(_ bytes: UnsafeBufferPointer<UInt8>, limits: JSONLimits, offset: Int = 0) {
        self.bytes = bytes
        self.limits = limits
        self.offset = offset
    }

    /// The byte here. Zero at the end: no JSON token has that byte, so that one comparison serves both.
    @inline(__always)
    var byte: UInt8 { self.offset < self.bytes.count ? self.bytes[self.offset] : 0 }

    /// The error that the byte here is not what the grammar wants.
    func unexpected() -> JSONError {
        JSONError(self.offset < self.bytes.count ? .unexpectedByte : .unexpectedEnd, at: self.offset)
    }

    @inline(__always)
    mutating func skipSpace() {
        while self.byte <= ASCII.space {
            switch self.byte {
            case ASCII.space, ASCII.newline, ASCII.carriageReturn, ASCII.tab: self.offset += 1
            default: return
            }
        }
    }

    /// Moves past `byte` and returns true, or stays.
    @inline(__always)
    mutating func skip(_ byte: UInt8) -> Bool {
        guard self.byte == byte else { return false }
        self.offset += 1
        return true
    }

    mutating func expect(_ byte: UInt8) throws(JSONError) {
        guard self.skip(byte) else { throw self.unexpected() }
    }

    /// Throws unless nothing but white space is left.
    mutating func expectEnd() throws(JSONError) {
        self.skipSpace()
        guard self.offset == self.bytes.count else { throw JSONError(.trailingBytes, at: self.offset) }
    }

    /// The kind that the byte here announces.
    func kind() throws(JSONError) -> JSONKind {
        switch self.byte {
        case ASCII.quote: return .string
        case ASCII.openBrace: return .object
        case ASCII.openBracket: return .array
        case ASCII.minus, ASCII.zero...ASCII.nine: return .number
        case UInt8(ascii: "t"), UInt8(ascii: "f"): return .bool
        case UInt8(ascii: "n"): return .null
        case UInt8(ascii: "N"), UInt8(ascii: "I"): throw JSONError(.notFinite, at: self.offset)
        default: throw self.unexpected()
        }
    }

    /// Moves past the value that starts here, which `depth` containers enclose.
    mutating func skipValue(depth: Int) throws(JSONError) {
        switch try self.kind() {
        case .string: _ = try self.skipString()
        case .number: _ = try self.skipNumber()
        case .null: try self.skipWord("null")
        case .bool: _ = try self.skipBool()
        case .array: try self.skipArray(depth: depth + 1)
        case .object: try self.skipObject(depth: depth + 1)
        }
    }

    private mutating func skipArray(depth: Int) throws(JSONError) {
        try self.enter(depth: depth)
        if self.skip(ASCII.closeBracket) { return }
        while true {
            try self.skipValue(depth: depth)
            if try !self.skipComma(orEnd: ASCII.closeBracket) { return }
        }
    }

    private mutating func skipObject(depth: Int) throws(JSONError) {
        try self.enter(depth: depth)
        if self.skip(ASCII.closeBrace) { return }
        while true {
            _ = try self.skipKey()
            try self.skipValue(depth: depth)
            if try !self.skipComma(orEnd: ASCII.closeBrace) { return }
        }
    }

    /// Moves past an opening bracket or brace and the space behind it.
    @inline(__always)
    mutating func enter(depth: Int) throws(JSONError) {
        guard depth <= self.limits.maxDepth else { throw JSONError(.tooDeep, at: self.offset) }
        self.offset += 1
        self.skipSpace()
    }

    /// Moves past a comma and space and returns true, or past `end` and returns false.
    @inline(__always)
    mutating func skipComma(orEnd end: UInt8) throws(JSONError) -> Bool {
        self.skipSpace()
        if self.skip(end) { return false }
        try self.expect(ASCII.comma)
        self.skipSpace()
        return true
    }

    /// Moves past a key, its colon and the space around them, and returns what is between the quotes.
    @inline(__always)
    mutating func skipKey() throws(JSONError) -> StringExtent {
        guard self.byte == ASCII.quote else { throw self.unexpected() }
        let key = try self.skipString()
        self.skipSpace()
        try self.expect(ASCII.colon)
        self.skipSpace()
        return key
    }

    mutating func skipBool() throws(JSONError) -> Bool {
        let isTrue = self.byte == UInt8(ascii: "t")
        try self.skipWord(isTrue ? "true" : "false")
        return isTrue
    }

    mutating func skipWord(_ word: StaticString) throws(JSONError) {
        for index in 0..<word.utf8CodeUnitCount { try self.expect(word.utf8Start[index]) }
    }
}

// MARK: Strings

/// Where the content of a string lies between its quotes.
struct StringExtent {
    var range: Range<Int>
    /// Whether there is a backslash in it.
    var isEscaped: Bool
}

extension Cursor {
    /// Moves past the string whose opening quote is here.
    @inline(__always)
    mutating func skipString() throws(JSONError) -> StringExtent {
        self.offset += 1
        let start = self.offset
        self.offset = plainASCIIEnd(in: self.bytes, from: start)
        if self.skip(ASCII.quote) { return StringExtent(range: start..<self.offset - 1, isEscaped: false) }
        return try self.skipRareString(from: start)
    }

    /// The rest of a string that has escapes, non-ASCII text or an error.
    private mutating func skipRareString(from start: Int) throws(JSONError) -> StringExtent {
        var isEscaped = false
        while true {
            switch self.byte {
            case ASCII.quote:
                self.offset += 1
                return StringExtent(range: start..<self.offset - 1, isEscaped: isEscaped)
            case ASCII.backslash:
                isEscaped = true
                try self.skipEscape()
            case 0x80...:
                guard let length = utf8SequenceLength(in: self.bytes, at: self.offset) else {
                    throw JSONError(.invalidUTF8, at: self.offset)
                }
                self.offset += length
            case 0x20...:
                self.offset = plainASCIIEnd(in: self.bytes, from: self.offset)
            default:
                throw JSONError(self.offset < self.bytes.count ? .controlCharacter : .unexpectedEnd, at: self.offset)
            }
        }
    }

    mutating func skipEscape() throws(JSONError) {
        let start = self.offset
        self.offset += 1
        switch self.byte {
        case ASCII.quote, ASCII.backslash, UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"), UInt8(ascii: "n"),
            UInt8(ascii: "r"), UInt8(ascii: "t"):
            self.offset += 1
        case UInt8(ascii: "u"):
            self.offset += 1
            let unit = try self.skipHexDigits()
            if UTF16.isTrailSurrogate(unit) { throw JSONError(.loneSurrogate, at: start) }
            if UTF16.isLeadSurrogate(unit) { try self.skipTrailSurrogate(leadAt: start) }
        default:
            throw JSONError(self.offset < self.bytes.count ? .invalidEscape : .unexpectedEnd, at: self.offset)
        }
    }

    private mutating func skipTrailSurrogate(leadAt start: Int) throws(JSONError) {
        guard self.skip(ASCII.backslash), self.skip(UInt8(ascii: "u")), UTF16.isTrailSurrogate(try self.skipHexDigits())
        else {
            throw JSONError(self.offset < self.bytes.count ? .loneSurrogate : .unexpectedEnd, at: start)
        }
    }

    private mutating func skipHexDigits() throws(JSONError) -> UInt16 {
        var unit: UInt16 = 0
        for _ in 0..<4 {
            guard let digit = ASCII.hexValue(self.byte) else {
                throw JSONError(self.offset < self.bytes.count ? .invalidEscape : .unexpectedEnd, at: self.offset)
            }
            unit = unit << 4 | digit
            self.offset += 1
        }
        return unit
    }
}

// MARK: Numbers

/// Where a number lies and what it is.
struct NumberExtent {
    var range: Range<Int>
    /// Its value when it is an integer that fits and whose digits are the only way to write it (`-0` is not).
    var integer: Int64?
}

extension Cursor {
    /// Moves past the number that starts here.
    @inline(__always)
    mutating func skipNumber() throws(JSONError) -> NumberExtent {
        let start = self.offset
        let isNegative = self.skip(ASCII.minus)
        let firstDigit = self.offset
        // Negative on both sides, because Int64.min has no positive twin.
        var value: Int64 = 0
        var fits = true
        while ASCII.isDigit(self.byte) {
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.subtractingReportingOverflow(Int64(self.byte &- ASCII.zero))
            fits = fits && !overflow && !carry
            value = sum
            self.offset += 1
        }
        try self.checkDigits(from: firstDigit)
        if self.byte == ASCII.point || self.byte | 0x20 == UInt8(ascii: "e") {
            try self.skipFractionAndExponent()
            fits = false
        }
        guard self.offset - start <= self.limits.maxNumberLength else { throw JSONError(.numberTooLong, at: start) }
        return NumberExtent(range: start..<self.offset, integer: fits ? self.signed(value, isNegative) : nil)
    }

    /// The value of an integer that was summed up below zero.
    @inline(__always)
    private func signed(_ negated: Int64, _ isNegative: Bool) -> Int64? {
        if isNegative { return negated == 0 ? nil : negated }
        return negated == .min ? nil : -negated
    }

    @inline(__always)
    private func checkDigits(from first: Int) throws(JSONError) {
        if self.offset == first {
            if self.byte == UInt8(ascii: "I") { throw JSONError(.notFinite, at: self.offset) }
            throw JSONError(self.offset < self.bytes.count ? .invalidNumber : .unexpectedEnd, at: self.offset)
        }
        if self.bytes[first] == ASCII.zero, self.offset > first + 1 { throw JSONError(.invalidNumber, at: first) }
    }

    private mutating func skipFractionAndExponent() throws(JSONError) {
        if self.skip(ASCII.point) { try self.skipDigits() }
        guard self.byte | 0x20 == UInt8(ascii: "e") else { return }
        self.offset += 1
        if self.byte == ASCII.plus || self.byte == ASCII.minus { self.offset += 1 }
        try self.skipDigits()
    }

    private mutating func skipDigits() throws(JSONError) {
        guard ASCII.isDigit(self.byte) else {
            throw JSONError(self.offset < self.bytes.count ? .invalidNumber : .unexpectedEnd, at: self.offset)
        }
        while ASCII.isDigit(self.byte) { self.offset += 1 }
    }
}
