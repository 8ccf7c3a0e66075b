/// Cuts a stream of bytes into lines. Feed a chunk, then take lines until there are no more.
///
/// A line that lies inside one chunk is a slice of that chunk; only a line that continues in the next chunk is copied.
/// Holds at most the longest line, whatever is fed; less when its owner takes the start of a long line away with
/// ``takeStart()``.
public struct LineSplitter: Sendable {
    /// One line of the stream.
    public struct Line: Equatable, Sendable {
        /// Its number, from 1.
        public let number: Int
        /// Its bytes without `\n` or `\r\n`; `nil` when it is longer than the limit and was dropped.
        public let bytes: ArraySlice<UInt8>?
        /// How many bytes of the line were taken before; they are not among ``bytes``.
        public var taken = 0
    }

    private let maxLineLength: Int
    private var chunk: ArraySlice<UInt8> = []
    /// The start of a line whose end is still to come.
    private var partial: [UInt8] = []
    /// Bytes of that line that were taken.
    private var taken = 0
    /// Whether the rest of a line that is too long is being skipped.
    private var isSkipping = false
    private var number = 1

    /// A splitter at the start of a stream.
    ///
    /// `maxLineLength` counts bytes before the newline. Default 64 MiB for arguments, and 64 KiB for the rest.
    public init(maxLineLength: Int = 64 << 20 + 64 << 10) {
        self.maxLineLength = maxLineLength
    }

    /// Adds the next bytes of the stream. All lines of the chunk before must have been taken.
    public mutating func feed(_ chunk: ArraySlice<UInt8>) {
        precondition(self.chunk.isEmpty, "Lines are taken before the next chunk is fed.")
        self.chunk = chunk
    }

    /// Adds the next bytes of the stream. All lines of the chunk before must have been taken.
    public mutating func feed(_ chunk: [UInt8]) { self.feed(chunk[...]) }

    /// The next line; `nil` when another chunk is needed.
    ///
    /// A line that is too long comes once, as soon as that is known.
    public mutating func next() -> Line? {
        while let newline = self.chunk.firstIndex(of: UInt8(ascii: "\n")) {
            let piece = self.chunk[..<newline]
            self.chunk = self.chunk[(newline + 1)...]
            defer { self.number += 1 }
            if self.isSkipping {
                self.isSkipping = false
            } else {
                return self.line(endingWith: piece)
            }
        }
        return self.keepPartial()
    }

    /// Bytes of a line whose end is still to come that are held here.
    public var heldBytes: Int { self.partial.count }

    /// Hands out the bytes that are held, for an owner that keeps long lines elsewhere.
    public mutating func takeStart() -> [UInt8] {
        defer { self.partial = [] }
        self.taken += self.partial.count
        return self.partial
    }

    /// Takes back all bytes of the open line that were taken.
    public mutating func giveBack(_ start: [UInt8]) {
        precondition(start.count == self.taken && self.partial.isEmpty, "All that was taken is given back at once.")
        (self.partial, self.taken) = (start, 0)
    }

    /// The last line when the stream ended without a newline. The splitter is then at its end.
    public mutating func finish() -> Line? {
        guard !self.isSkipping, self.taken + self.partial.count > 0 else { return nil }
        return self.line(endingWith: [])
    }

    private mutating func line(endingWith piece: ArraySlice<UInt8>) -> Line {
        defer { self.taken = 0 }
        guard self.taken + self.partial.count + piece.count <= self.maxLineLength else {
            self.partial = []
            return Line(number: self.number, bytes: nil, taken: self.taken)
        }
        var bytes = piece
        if !self.partial.isEmpty {
            self.partial += piece
            bytes = self.partial[...]
            self.partial = []
        }
        if bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
        return Line(number: self.number, bytes: bytes, taken: self.taken)
    }

    /// Puts the rest of the chunk, which has no newline, aside.
    private mutating func keepPartial() -> Line? {
        defer { self.chunk = [] }
        if self.isSkipping { return nil }
        guard self.taken + self.partial.count + self.chunk.count <= self.maxLineLength else {
            defer { (self.partial, self.taken, self.isSkipping) = ([], 0, true) }
            return Line(number: self.number, bytes: nil, taken: self.taken)
        }
        self.partial += self.chunk
        return nil
    }
}
