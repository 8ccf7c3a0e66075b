import JSON

/// A position in a message that is in memory for the length of one call.
///
/// Reads what messages are mostly made of: plain texts, small integers, words. Every other value goes to
/// ``JSONScanner``, and at whatever is wrong it gives up. Every access is preceded by a comparison with the end.
struct HeadReader {
    /// The message is not as messages usually are, or none.
    struct Unusual: Error {}

    /// A value, and where it lies.
    enum Value {
        case null
        case bool(Bool)
        case integer(Int)
        /// A text without escapes: what is between the quotes.
        case text(Range<Int>)
        case other(JSONSlice)
    }

    /// A name as it stands between its quotes.
    struct Key {
        let bytes: UnsafeBufferPointer<UInt8>

        @inline(__always)
        static func ~= (name: StaticString, key: Key) -> Bool {
            guard name.utf8CodeUnitCount == key.bytes.count else { return false }
            for index in 0..<key.bytes.count where name.utf8Start[index] != key.bytes[index] { return false }
            return true
        }
    }

    private let bytes: UnsafeBufferPointer<UInt8>
    private let message: ArraySlice<UInt8>
    private let limits: JSONLimits
    private var offset = 0
    private var depth = 0
    private var isFirst = true

    /// A reader at the start of `message`, whose bytes are also in `bytes`.
    init(_ bytes: UnsafeBufferPointer<UInt8>, of message: ArraySlice<UInt8>, limits: JSONLimits) {
        self.bytes = bytes
        self.message = message
        self.limits = limits
    }

    /// The byte here; 0, which no token has, at the end.
    @inline(__always)
    private var byte: UInt8 { self.offset < self.bytes.count ? self.bytes[self.offset] : 0 }

    /// Steps into the object that starts here.
    mutating func enterObject() throws(Unusual) { try self.enter(UInt8(ascii: "{")) }

    /// Steps into the array that starts here.
    mutating func enterArray() throws(Unusual) { try self.enter(UInt8(ascii: "[")) }

    private mutating func enter(_ bracket: UInt8) throws(Unusual) {
        self.skipSpace()
        try self.expect(bracket)
        self.depth += 1
        self.isFirst = true
    }

    /// Moves to the next value of what was entered and returns true, or behind `end` and returns false.
    @inline(__always)
    private mutating func reachesNext(end: UInt8) throws(Unusual) -> Bool {
        let isFirst = self.isFirst
        self.isFirst = false
        self.skipSpace()
        if self.skip(end) {
            self.depth -= 1
            return false
        }
        if !isFirst {
            try self.expect(UInt8(ascii: ","))
            self.skipSpace()
        }
        return true
    }

    /// Moves past the next value of the array that was entered; `nil` behind the array.
    mutating func nextElement() throws(Unusual) -> Value? {
        try self.reachesNext(end: UInt8(ascii: "]")) ? try self.value() : nil
    }

    /// Moves to the next value of the object that was entered and returns its name; `nil` behind the object.
    mutating func nextKey() throws(Unusual) -> Key? {
        guard try self.reachesNext(end: UInt8(ascii: "}")) else { return nil }
        guard let extent = self.plainText() else { throw Unusual() }
        self.skipSpace()
        try self.expect(UInt8(ascii: ":"))
        self.skipSpace()
        return Key(bytes: UnsafeBufferPointer(rebasing: self.bytes[extent]))
    }

    /// Whether an object is next.
    var isAtObject: Bool { self.byte == UInt8(ascii: "{") }

    /// Whether an array is next.
    var isAtArray: Bool { self.byte == UInt8(ascii: "[") }

    /// Moves past the value that starts here.
    mutating func value() throws(Unusual) -> Value {
        switch self.byte {
        case UInt8(ascii: "\""):
            if let extent = self.plainText() { return .text(extent) }
        case UInt8(ascii: "n"):
            if self.skip("null") { return .null }
        case UInt8(ascii: "t"):
            if self.skip("true") { return .bool(true) }
        case UInt8(ascii: "f"):
            if self.skip("false") { return .bool(false) }
        case 0x30...0x39:
            if let integer = self.smallInteger() { return .integer(integer) }
        default: break
        }
        return .other(try self.scannedValue())
    }

    /// Throws unless nothing but space is left.
    mutating func expectEnd() throws(Unusual) {
        self.skipSpace()
        guard self.offset == self.bytes.count else { throw Unusual() }
    }

    /// The bytes of the message in a range that counts from its start.
    func slice(_ range: Range<Int>) -> ArraySlice<UInt8> {
        let start = self.message.startIndex
        return self.message[start + range.lowerBound..<start + range.upperBound]
    }

    /// The value's content if it is a text.
    func content(_ value: Value) -> ArraySlice<UInt8>? {
        switch value {
        case .text(let range): self.slice(range)
        case .other(let slice): slice.text.map { Array($0.string.utf8)[...] }
        case .null, .bool, .integer: nil
        }
    }
}

// MARK: Tokens

extension HeadReader {
    @inline(__always)
    private mutating func skipSpace() {
        while self.offset < self.bytes.count {
            switch self.bytes[self.offset] {
            case 0x20, 0x09, 0x0A, 0x0D: self.offset += 1
            default: return
            }
        }
    }

    @inline(__always)
    private mutating func skip(_ byte: UInt8) -> Bool {
        guard self.byte == byte else { return false }
        self.offset += 1
        return true
    }

    @inline(__always)
    private mutating func expect(_ byte: UInt8) throws(Unusual) {
        guard self.skip(byte) else { throw Unusual() }
    }

    /// Moves past `word`, or stays.
    @inline(__always)
    private mutating func skip(_ word: StaticString) -> Bool {
        let count = word.utf8CodeUnitCount
        guard self.bytes.count - self.offset >= count else { return false }
        for index in 0..<count where self.bytes[self.offset + index] != word.utf8Start[index] { return false }
        self.offset += count
        return true
    }

    /// Moves past a text of nothing but ASCII without escapes and returns what is between its quotes, or stays.
    @inline(__always)
    private mutating func plainText() -> Range<Int>? {
        guard self.byte == UInt8(ascii: "\"") else { return nil }
        let start = self.offset + 1
        let end = plainASCIIEnd(in: self.bytes, from: start)
        guard end < self.bytes.count, self.bytes[end] == UInt8(ascii: "\"") else { return nil }
        self.offset = end + 1
        return start..<end
    }

    /// Moves past an integer of up to 18 digits, or stays.
    @inline(__always)
    private mutating func smallInteger() -> Int? {
        let start = self.offset
        var (end, number) = (start, 0)
        while end < self.bytes.count, end - start <= 18, case let digit = self.bytes[end] &- 0x30, digit < 10 {
            number = number &* 10 &+ Int(digit)
            end += 1
        }
        guard end - start <= 18, self.bytes[start] != 0x30 || end - start == 1 else { return nil }
        if end < self.bytes.count, ".eE".utf8.contains(self.bytes[end]) { return nil }
        self.offset = end
        return number
    }

    private mutating func scannedValue() throws(Unusual) -> JSONSlice {
        var limits = self.limits
        limits.maxDepth -= self.depth
        var scanner = JSONScanner(self.slice(self.offset..<self.bytes.count), limits: limits)
        do {
            let value = try scanner.nextValue()
            self.offset += scanner.offset
            return value
        } catch {
            throw Unusual()
        }
    }
}
