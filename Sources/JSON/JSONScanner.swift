/// Reads a JSON document from left to right, validates each value and hands out its bytes without building it.
///
/// Works on one level: members or elements come as slices, and another scanner reads what is inside one. A key that an
/// object has twice comes twice. After an error the scanner must not be used again.
public struct JSONScanner: Sendable {
    /// A member of an object.
    public struct Member: Sendable {
        /// The member's name.
        public let key: JSONText
        /// The member's value.
        public let value: JSONSlice
    }

    private let bytes: ArraySlice<UInt8>
    private let limits: JSONLimits
    private var isFirst = true
    private var depth = 0

    /// Bytes read so far, counted from the start of the document.
    public private(set) var offset = 0

    /// A scanner at the start of a document.
    public init(_ bytes: ArraySlice<UInt8>, limits: JSONLimits = JSONLimits()) {
        self.bytes = bytes
        self.limits = limits
    }

    /// The next value, whole. Throws ``JSONError``.
    public mutating func nextValue() throws(JSONError) -> JSONSlice {
        try self.withCursor { cursor, depth throws(JSONError) in
            cursor.skipSpace()
            return try cursor.valueExtent(depth: depth)
        }.slice(of: self.bytes)
    }

    /// Steps into the object that comes next. Throws ``JSONError`` with `wrongKind` when it is something else.
    public mutating func enterObject() throws(JSONError) { try self.enter(.object) }

    /// Steps into the array that comes next. Throws ``JSONError`` with `wrongKind` when it is something else.
    public mutating func enterArray() throws(JSONError) { try self.enter(.array) }

    /// The next member of the object that was entered, `nil` after the last. Throws ``JSONError``.
    public mutating func nextMember() throws(JSONError) -> Member? {
        let isFirst = self.isFirst
        let extent = try self.withCursor { cursor, depth throws(JSONError) -> (StringExtent, ValueExtent)? in
            guard try cursor.reachesNext(isFirst: isFirst, end: ASCII.closeBrace) else { return nil }
            return (try cursor.skipKey(), try cursor.valueExtent(depth: depth))
        }
        guard let (key, value) = extent else { return nil }
        self.isFirst = false
        let name = JSONText(raw: self.bytes[fromStart: key.range], isEscaped: key.isEscaped)
        return Member(key: name, value: value.slice(of: self.bytes))
    }

    /// The next element of the array that was entered, `nil` after the last. Throws ``JSONError``.
    public mutating func nextElement() throws(JSONError) -> JSONSlice? {
        let isFirst = self.isFirst
        let extent = try self.withCursor { cursor, depth throws(JSONError) -> ValueExtent? in
            guard try cursor.reachesNext(isFirst: isFirst, end: ASCII.closeBracket) else { return nil }
            return try cursor.valueExtent(depth: depth)
        }
        self.isFirst = false
        return extent?.slice(of: self.bytes)
    }

    /// Throws ``JSONError`` unless only white space is left.
    public mutating func finish() throws(JSONError) {
        try self.withCursor { cursor, _ throws(JSONError) in try cursor.expectEnd() }
    }

    private mutating func enter(_ kind: JSONKind) throws(JSONError) {
        try self.withCursor { cursor, depth throws(JSONError) in
            cursor.skipSpace()
            guard try cursor.kind() == kind else { throw JSONError(.wrongKind, at: cursor.offset) }
            try cursor.enter(depth: depth + 1)
        }
        self.depth += 1
        self.isFirst = true
    }

    @inline(__always)
    private mutating func withCursor<Result>(
        _ body: (inout Cursor, _ depth: Int) throws(JSONError) -> Result
    ) throws(JSONError) -> Result {
        let (limits, depth, start) = (self.limits, self.depth, self.offset)
        let (result, end) = try self.bytes.withUnsafeBufferPointer { buffer throws(JSONError) -> (Result, Int) in
            var cursor = Cursor(buffer, limits: limits, offset: start)
            return (try body(&cursor, depth), cursor.offset)
        }
        self.offset = end
        return result
    }
}

/// Where a value lies.
private struct ValueExtent {
    var kind: JSONKind
    var range: Range<Int>
    var isEscaped = false

    func slice(of bytes: ArraySlice<UInt8>) -> JSONSlice {
        JSONSlice(kind: self.kind, bytes: bytes[fromStart: self.range], isEscaped: self.isEscaped)
    }
}

extension Cursor {
    fileprivate mutating func valueExtent(depth: Int) throws(JSONError) -> ValueExtent {
        let start = self.offset
        let kind = try self.kind()
        guard kind == .string else {
            try self.skipValue(depth: depth)
            return ValueExtent(kind: kind, range: start..<self.offset)
        }
        let isEscaped = try self.skipString().isEscaped
        return ValueExtent(kind: kind, range: start..<self.offset, isEscaped: isEscaped)
    }

    /// Moves to the next member or element and returns true, or past the end of the container and returns false.
    fileprivate mutating func reachesNext(isFirst: Bool, end: UInt8) throws(JSONError) -> Bool {
        isFirst ? !self.skip(end) : try self.skipComma(orEnd: end)
    }
}

extension ArraySlice<UInt8> {
    /// The bytes in a range that is counted from the start of the slice.
    fileprivate subscript(fromStart range: Range<Int>) -> ArraySlice<UInt8> {
        self[self.startIndex + range.lowerBound..<self.startIndex + range.upperBound]
    }
}
