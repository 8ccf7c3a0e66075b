import SystemPackage

/// The bytes of a message or a result: in memory, or in a file when they are too many for that.
public enum Payload: Sendable {
    /// Bytes in memory.
    case memory(ArraySlice<UInt8>)
    /// A part of a file.
    case file(SpoolFile, Range<Int>)

    /// More bytes than these are kept in a file.
    public static let longestInMemory = 256 << 10
    /// Bytes that ``forEachPiece(_:)`` reads at a time.
    public static let pieceSize = 65_536

    /// Nothing.
    public static var empty: Payload { .memory([]) }

    /// How many bytes.
    public var count: Int {
        switch self {
        case .memory(let bytes): bytes.count
        case .file(_, let range): range.count
        }
    }

    /// Calls with all bytes in order: at once when they are in memory, else at most ``pieceSize`` at a time.
    ///
    /// Throws what the reading or `body` throws.
    public func forEachPiece(_ body: (UnsafeRawBufferPointer) throws(Errno) -> Void) throws(Errno) {
        switch self {
        case .memory(let bytes):
            try bytes.withUnsafeBufferPointer { piece throws(Errno) in try body(UnsafeRawBufferPointer(piece)) }
        case .file(let file, let range): try Self.forEachPiece(of: file, range, body)
        }
    }

    private static func forEachPiece(
        of file: SpoolFile, _ range: Range<Int>, _ body: (UnsafeRawBufferPointer) throws(Errno) -> Void
    ) throws(Errno) {
        var buffer = [UInt8](repeating: 0, count: min(Self.pieceSize, range.count))
        for start in stride(from: range.lowerBound, to: range.upperBound, by: Self.pieceSize) {
            try buffer.withUnsafeMutableBufferPointer { whole throws(Errno) in
                let rest = UnsafeMutableBufferPointer(rebasing: whole.prefix(range.upperBound - start))
                let piece = UnsafeMutableRawBufferPointer(rest)
                try file.read(into: piece, at: start)
                try body(UnsafeRawBufferPointer(piece))
            }
        }
    }

    /// All bytes in memory. Throws `EIO` when the file cannot be read.
    public func bytes() throws(Errno) -> ArraySlice<UInt8> {
        if case .memory(let bytes) = self { return bytes }
        var all: [UInt8] = []
        all.reserveCapacity(self.count)
        try self.forEachPiece { all.append(contentsOf: $0) }
        return all[...]
    }

    /// Its first bytes. Throws `EIO` when the file cannot be read.
    public func prefix(_ count: Int) throws(Errno) -> ArraySlice<UInt8> {
        switch self {
        case .memory(let bytes): bytes.prefix(count)
        case .file(let file, let range): try Payload.file(file, range.prefix(count)).bytes()
        }
    }

    /// The same without a hold on whatever else lies in the same memory, for what is kept long.
    public func copied() -> Payload {
        if case .memory(let bytes) = self { .memory(Array(bytes)[...]) } else { self }
    }
}
