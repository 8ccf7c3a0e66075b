import SystemPackage

/// Bytes on their way to a descriptor. Small pieces are gathered; a large one is written from where it lies.
public struct WriteQueue {
    private static let smallPiece = 8_192

    private var segments: [ArraySlice<UInt8>] = []
    private var gathering: [UInt8] = []
    private var segmentBytes = 0

    /// An empty queue.
    public init() {}

    /// Bytes that wait.
    public var count: Int { self.segmentBytes + self.gathering.count }

    /// Whether nothing waits.
    public var isEmpty: Bool { self.count == 0 }

    /// Adds what the closure appends.
    public mutating func add(_ append: (inout [UInt8]) -> Void) { append(&self.gathering) }

    /// Ends a piece: what is added next goes out with another write.
    public mutating func endPiece() { self.closeGathering() }

    /// Adds bytes; a large piece is kept, not copied.
    public mutating func add(_ piece: ArraySlice<UInt8>) {
        if piece.count <= Self.smallPiece { return self.gathering.append(contentsOf: piece) }
        self.closeGathering()
        self.segments.append(piece)
        self.segmentBytes += piece.count
    }

    private mutating func closeGathering() {
        guard !self.gathering.isEmpty else { return }
        self.segmentBytes += self.gathering.count
        self.segments.append(self.gathering[...])
        self.gathering = []
    }

    /// Writes once, at most `limit` bytes.
    public mutating func write(upTo limit: Int, to descriptor: CInt) throws(Errno) -> WriteResult {
        try self.write(upTo: limit) { (bytes) throws(Errno) in try Syscalls.write(bytes, to: descriptor) }
    }

    /// Writes once, at most `limit` bytes, in the caller's way.
    public mutating func write<Failure: Error>(
        upTo limit: Int, by write: (UnsafeRawBufferPointer) throws(Failure) -> WriteResult
    ) throws(Failure) -> WriteResult {
        if self.segments.isEmpty { self.closeGathering() }
        guard let segment = self.segments.first else { return .bytes(0) }
        let result = segment.withUnsafeBytes { bytes in
            Result { () throws(Failure) in try write(UnsafeRawBufferPointer(rebasing: bytes.prefix(limit))) }
        }
        guard case .bytes(let count) = try result.get() else { return try result.get() }
        self.segmentBytes -= count
        if count == segment.count { self.segments.removeFirst() } else { self.segments[0] = segment.dropFirst(count) }
        return .bytes(count)
    }
}
