/// Validates a JSON document that comes in pieces, wherever they are cut, and tells of each token.
///
/// For documents that are too large for memory: it keeps the kinds of the open arrays and objects and, between two
/// pieces, the bytes of one unfinished token, at most the longest number. Accepts exactly what
/// ``JSONSlice/init(validating:limits:)`` accepts. After an error it must not be used again.
public struct JSONStreamScanner: Sendable {
    /// A token or a part of one: strings come in several.
    public struct Token {
        /// What it does.
        public enum Kind: Sendable {
            /// White space between other tokens.
            case space
            /// Opens an array or object.
            case open
            /// Closes an array or object.
            case close
            /// Anything else.
            case other
        }

        /// What it does.
        public let kind: Kind
        /// Its bytes, valid during the call.
        public let bytes: UnsafeBufferPointer<UInt8>
        /// Where it starts, counted from the start of the document.
        public let offset: Int
        /// Arrays and objects around it; one that it opens or closes counts.
        public let depth: Int
    }

    /// What may come next, outside of a string.
    private enum Expectation {
        case value
        case valueOrEnd
        case key
        case keyOrEnd
        case colon
        case commaOrEnd
        case nothing
    }

    private let limits: JSONLimits
    private var expectation = Expectation.value
    private var containers: [JSONKind] = []
    /// Whether the last piece ended inside a string, and whether that is a key.
    private var isInString = false
    private var isKey = false
    /// The start of a token that the last piece cut.
    private var carry: [UInt8] = []

    /// Bytes of the document before the carry.
    private var offset = 0

    /// A scanner at the start of a document.
    public init(limits: JSONLimits = JSONLimits()) { self.limits = limits }

    /// Takes the next bytes of the document. Throws ``JSONError``; its offset counts from the start of the document.
    public mutating func feed(
        _ piece: UnsafeBufferPointer<UInt8>, tokens: (Token) -> Void = { _ in }
    ) throws(JSONError) {
        if self.carry.isEmpty { return try self.scan(piece, isLast: false, tokens) }
        let bytes = self.carry + piece
        self.carry = []
        try bytes.withUnsafeBufferPointer { all throws(JSONError) in try self.scan(all, isLast: false, tokens) }
    }

    /// The document is over. Throws ``JSONError`` unless it is complete.
    public mutating func finish(tokens: (Token) -> Void = { _ in }) throws(JSONError) {
        let bytes = self.carry
        self.carry = []
        try bytes.withUnsafeBufferPointer { rest throws(JSONError) in try self.scan(rest, isLast: true, tokens) }
        guard case .nothing = self.expectation, !self.isInString else {
            throw JSONError(.unexpectedEnd, at: self.offset)
        }
    }

    private mutating func scan(
        _ bytes: UnsafeBufferPointer<UInt8>, isLast: Bool, _ tokens: (Token) -> Void
    ) throws(JSONError) {
        var cursor = Cursor(bytes, limits: self.limits)
        while cursor.offset < bytes.count {
            let (start, depth) = (cursor.offset, self.containers.count)
            do {
                guard let kind = try self.skipToken(&cursor, isLast: isLast) else { break }
                let token = UnsafeBufferPointer(rebasing: bytes[start..<cursor.offset])
                let most = max(depth, self.containers.count)
                tokens(Token(kind: kind, bytes: token, offset: self.offset + start, depth: most))
            } catch {
                throw JSONError(error.code, at: self.offset + error.offset)
            }
        }
        self.offset += cursor.offset
        self.carry = Array(bytes[cursor.offset...])
    }

    /// Moves past a token; returns `nil`, and stays, when its end is not here yet.
    private mutating func skipToken(_ cursor: inout Cursor, isLast: Bool) throws(JSONError) -> Token.Kind? {
        if self.isInString { return try self.skipText(&cursor, isLast: isLast) ? .other : nil }
        let start = cursor.offset
        cursor.skipSpace()
        if cursor.offset > start { return .space }
        switch self.expectation {
        case .value: return try self.skipValue(&cursor, isLast: isLast)
        case .valueOrEnd:
            if let end = self.skipEnd(&cursor) { return end }
            return try self.skipValue(&cursor, isLast: isLast)
        case .key: return try self.enterKey(&cursor)
        case .keyOrEnd:
            if let end = self.skipEnd(&cursor) { return end }
            return try self.enterKey(&cursor)
        case .colon:
            try cursor.expect(ASCII.colon)
            self.expectation = .value
            return .other
        case .commaOrEnd:
            if let end = self.skipEnd(&cursor) { return end }
            return try self.skipComma(&cursor)
        case .nothing: throw JSONError(.trailingBytes, at: cursor.offset)
        }
    }

    /// Moves past the end of the innermost array or object, if that is here.
    private mutating func skipEnd(_ cursor: inout Cursor) -> Token.Kind? {
        guard cursor.skip(self.containers.last == .object ? ASCII.closeBrace : ASCII.closeBracket) else { return nil }
        self.containers.removeLast()
        self.valueEnded()
        return .close
    }

    private mutating func skipComma(_ cursor: inout Cursor) throws(JSONError) -> Token.Kind {
        try cursor.expect(ASCII.comma)
        self.expectation = self.containers.last == .object ? .key : .value
        return .other
    }

    private mutating func enterKey(_ cursor: inout Cursor) throws(JSONError) -> Token.Kind {
        try cursor.expect(ASCII.quote)
        (self.isInString, self.isKey) = (true, true)
        return .other
    }

    private mutating func valueEnded() { self.expectation = self.containers.isEmpty ? .nothing : .commaOrEnd }
}

// MARK: Values

extension JSONStreamScanner {
    private mutating func skipValue(_ cursor: inout Cursor, isLast: Bool) throws(JSONError) -> Token.Kind? {
        switch try cursor.kind() {
        case .string:
            cursor.offset += 1
            (self.isInString, self.isKey) = (true, false)
        case .number:
            guard isLast || Self.numberEnds(cursor) else { return nil }
            _ = try cursor.skipNumber()
            self.valueEnded()
        case .null, .bool:
            guard isLast || cursor.bytesLeft >= Self.longestWord else { return nil }
            try cursor.skipValue(depth: 0)
            self.valueEnded()
        case .array: return try self.enter(.array, &cursor)
        case .object: return try self.enter(.object, &cursor)
        }
        return .other
    }

    private mutating func enter(_ kind: JSONKind, _ cursor: inout Cursor) throws(JSONError) -> Token.Kind {
        guard self.containers.count < self.limits.maxDepth else { throw JSONError(.tooDeep, at: cursor.offset) }
        cursor.offset += 1
        self.containers.append(kind)
        self.expectation = kind == .object ? .keyOrEnd : .valueOrEnd
        return .open
    }

    /// Whether the number that starts here ends here, or is too long already.
    private static func numberEnds(_ cursor: Cursor) -> Bool {
        if cursor.bytesLeft > cursor.limits.maxNumberLength { return true }
        return cursor.bytes[cursor.offset...].contains { byte in
            switch byte {
            case ASCII.zero...ASCII.nine, ASCII.plus, ASCII.minus, ASCII.point, UInt8(ascii: "e"), UInt8(ascii: "E"):
                false
            default: true
            }
        }
    }

    private static let longestWord = 5
    private static let longestEscape = 12  // A pair of surrogates.
    private static let longestSequence = 4

    /// Moves past plain text, an escape, a character that is not ASCII, or the closing quote.
    private mutating func skipText(_ cursor: inout Cursor, isLast: Bool) throws(JSONError) -> Bool {
        let end = plainASCIIEnd(in: cursor.bytes, from: cursor.offset)
        guard end == cursor.offset else {
            cursor.offset = end
            return true
        }
        switch cursor.byte {
        case ASCII.quote:
            cursor.offset += 1
            self.isInString = false
            if self.isKey { self.expectation = .colon } else { self.valueEnded() }
        case ASCII.backslash:
            // More than the longest one, so that a broken one is not taken for one that is cut.
            guard isLast || cursor.bytesLeft > Self.longestEscape else { return false }
            try cursor.skipEscape()
        case 0x80...:
            let start = cursor.offset
            while cursor.byte >= 0x80, isLast || cursor.bytesLeft >= Self.longestSequence {
                guard let length = utf8SequenceLength(in: cursor.bytes, at: cursor.offset) else {
                    throw JSONError(.invalidUTF8, at: cursor.offset)
                }
                cursor.offset += length
            }
            return cursor.offset > start
        default: throw JSONError(.controlCharacter, at: cursor.offset)
        }
        return true
    }
}

extension Cursor {
    fileprivate var bytesLeft: Int { self.bytes.count - self.offset }
}
