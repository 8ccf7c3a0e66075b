/// What comes next in a stream.
public enum FramePart: Sendable {
    /// A whole frame.
    case frame(FrameHeader, Bytes)
    /// The next bytes, at least one, of the payload of a frame that is too large to be gathered.
    case piece(FrameHeader, Bytes, isLast: Bool)
}

/// Cuts a stream of bytes into frames, wherever the reads split it.
///
/// ``append(_:)`` takes bytes as they come, ``next()`` returns the frames. Payloads share the decoder's storage. An
/// error is final: the stream has lost its place.
public struct FrameDecoder: Sendable {
    private let direction: FrameDirection
    private let limits: FrameLimits
    private let longestGathered: Int
    private var buffer: [UInt8] = []
    private var consumed = 0
    /// The frame that is handed out in pieces, and the bytes of it that are still to come.
    private var large: (header: FrameHeader, left: Int)?

    /// A decoder at the start of a stream.
    ///
    /// - Parameter longestGathered: payloads of outcomes with more bytes come from ``nextPart()`` in pieces. By default
    ///   none does.
    public init(_ direction: FrameDirection, limits: FrameLimits = FrameLimits(), longestGathered: Int = .max) {
        self.direction = direction
        self.limits = limits
        self.longestGathered = longestGathered
    }

    /// Whether the stream stops inside a frame.
    public var hasPartialFrame: Bool { self.consumed < self.buffer.count || self.large != nil }

    /// Takes bytes as they were read.
    public mutating func append(_ bytes: UnsafeRawBufferPointer) {
        if self.consumed == self.buffer.count {
            // Frames handed out share the old storage; a fresh buffer leaves it to them without a copy.
            self.buffer = []
            self.consumed = 0
        } else if self.consumed > 0 {
            self.buffer = Array(self.buffer[self.consumed...])
            self.consumed = 0
        }
        self.buffer.append(contentsOf: bytes)
    }

    /// The next whole frame, or `nil` until more bytes come.
    public mutating func next() throws(FrameError) -> (header: FrameHeader, payload: Bytes)? {
        guard let header = try self.header() else { return nil }
        return self.frame(header)
    }

    /// The next whole frame, or the next piece of a large one; `nil` until more bytes come.
    public mutating func nextPart() throws(FrameError) -> FramePart? {
        if self.large != nil { return self.piece() }
        guard let header = try self.header() else { return nil }
        guard header.kind == .outcome, header.length > self.longestGathered else {
            return self.frame(header).map { .frame($0, $1) }
        }
        self.consumed += FrameHeader.size
        self.large = (header, header.length)
        return self.piece()
    }

    private mutating func piece() -> FramePart? {
        guard let (header, left) = self.large else { return nil }
        let piece = self.buffer[self.consumed...].prefix(left)
        if piece.isEmpty { return nil }
        self.consumed += piece.count
        let isLast = piece.count == left
        self.large = isLast ? nil : (header, left - piece.count)
        return .piece(header, piece, isLast: isLast)
    }

    private mutating func frame(_ header: FrameHeader) -> (header: FrameHeader, payload: Bytes)? {
        let start = self.consumed + FrameHeader.size
        guard self.buffer.count >= start + header.length else {
            self.makeRoom(start + header.length)
            return nil
        }
        self.consumed = start + header.length
        return (header, self.buffer[start..<self.consumed])
    }

    /// Room for all of a large frame, once its sender has sent the first megabyte of it: a claim alone gets nothing.
    private mutating func makeRoom(_ capacity: Int) {
        if self.buffer.count >= 1 << 20, self.buffer.capacity < capacity { self.buffer.reserveCapacity(capacity) }
    }

    private func header() throws(FrameError) -> FrameHeader? {
        let available = self.buffer.count - self.consumed
        guard available >= FrameHeader.size else {
            // Junk shorter than a header must not wait for more: nothing may ever come.
            if available >= 2 { try self.checkMagic() }
            return nil
        }
        try self.checkMagic()
        let start = self.consumed
        guard self.buffer[start + 2] == FrameHeader.version else {
            throw .unknownVersion(self.buffer[start + 2])
        }
        guard let kind = FrameKind(rawValue: self.buffer[start + 3]), self.direction.carries(kind) else {
            throw .unknownKind(self.buffer[start + 3])
        }
        var fields = PayloadReader(self.buffer[(start + 4)..<(start + FrameHeader.size)])
        let length = Int(fields.integer(UInt32.self)!)
        let limit = self.limits.limit(for: kind)
        guard length <= limit else { throw .tooLong(kind: kind, length: length, limit: limit) }
        return FrameHeader(kind, length: length, delivery: fields.integer(UInt64.self)!)
    }

    private func checkMagic() throws(FrameError) {
        guard self.buffer[self.consumed] == FrameHeader.magic[0], self.buffer[self.consumed + 1] == FrameHeader.magic[1]
        else { throw .badMagic }
    }
}
