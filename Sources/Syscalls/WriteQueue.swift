import SystemPackage

/// Bytes on their way to a descriptor. Small pieces are gathered; a large one is written from where it lies.
public struct WriteQueue {
    private static let smallPiece = 8_192

    private var segments: [Payload] = []
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
    public mutating func add(_ piece: Payload) {
        if case .memory(let bytes) = piece, bytes.count <= Self.smallPiece {
            return self.gathering.append(contentsOf: bytes)
        }
        self.closeGathering()
        self.segments.append(piece)
        self.segmentBytes += piece.count
    }

    /// Adds bytes; a large piece is kept, not copied.
    public mutating func add(_ piece: ArraySlice<UInt8>) { self.add(.memory(piece)) }

    private mutating func closeGathering() {
        guard !self.gathering.isEmpty else { return }
        self.segmentBytes += self.gathering.count
        self.segments.append(.memory(self.gathering[...]))
        self.gathering = []
    }

    /// Writes once, at most `limit` bytes. Of a file at most ``Payload/pieceSize`` bytes are in memory at a time.
    public mutating func write(upTo limit: Int, to descriptor: CInt) throws(Errno) -> WriteResult {
        do {
            return try self.write(upTo: limit) { try Syscalls.write($0, to: descriptor) }
        } catch let error as Errno {
            throw error
        } catch {
            preconditionFailure("Reading a file and writing to a descriptor fail with an errno: \(error)")
        }
    }

    /// Writes once, at most `limit` bytes, in the caller's way. Throws what that throws, and `Errno` for a file that
    /// cannot be read.
    public mutating func write(
        upTo limit: Int, by write: (UnsafeRawBufferPointer) throws -> WriteResult
    ) throws -> WriteResult {
        if self.segments.isEmpty { self.closeGathering() }
        guard let segment = self.segments.first else { return .bytes(0) }
        let result = try segment.writeStart(upTo: limit, by: write)
        guard case .bytes(let count) = result else { return result }
        self.segmentBytes -= count
        if count == segment.count { self.segments.removeFirst() } else { self.segments[0] = segment.dropFirst(count) }
        return .bytes(count)
    }
}

extension Payload {
    fileprivate func writeStart(
        upTo limit: Int, by write: (UnsafeRawBufferPointer) throws -> WriteResult
    ) throws -> WriteResult {
        switch self {
        case .memory(let bytes): return try bytes.prefix(limit).withUnsafeBytes(write)
        case .file(let file, let range):
            var piece = [UInt8](repeating: 0, count: min(limit, range.count, Self.pieceSize))
            return try piece.withUnsafeMutableBytes { piece in
                try file.read(into: piece, at: range.lowerBound)
                return try write(UnsafeRawBufferPointer(piece))
            }
        }
    }

    fileprivate func dropFirst(_ count: Int) -> Payload {
        switch self {
        case .memory(let bytes): .memory(bytes.dropFirst(count))
        case .file(let file, let range): .file(file, range.dropFirst(count))
        }
    }
}
