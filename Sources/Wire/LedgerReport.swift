/// The payload of a ``FrameKind/ledger`` frame: what a child holds while no task runs in it.
///
/// | bytes | field |
/// |---|---|
/// | 8 | heap in use, in bytes |
/// | 8 | private resident memory, in bytes |
/// | 4 | open descriptors |
/// | 4 | threads |
public struct LedgerReport: Equatable, Sendable {
    /// Bytes that were allocated and not freed.
    public var heap: UInt64
    /// Resident memory in bytes without files and shared memory.
    public var privateMemory: UInt64
    /// Open descriptors.
    public var descriptors: UInt32
    /// Threads.
    public var threads: UInt32

    /// A report.
    public init(heap: UInt64, privateMemory: UInt64, descriptors: UInt32, threads: UInt32) {
        self.heap = heap
        self.privateMemory = privateMemory
        self.descriptors = descriptors
        self.threads = threads
    }

    static let size = 24

    /// Appends the whole frame.
    public func write(into buffer: inout [UInt8]) {
        FrameHeader(.ledger, length: Self.size).write(into: &buffer)
        buffer.append(integer: self.heap)
        buffer.append(integer: self.privateMemory)
        buffer.append(integer: self.descriptors)
        buffer.append(integer: self.threads)
    }

    /// Reads a payload.
    public init(decoding payload: Bytes) throws(FrameError) {
        var reader = PayloadReader(payload)
        guard let heap = reader.integer(UInt64.self), let privateMemory = reader.integer(UInt64.self),
            let descriptors = reader.integer(UInt32.self), let threads = reader.integer(UInt32.self)
        else { throw .badPayload(.ledger) }
        self.init(heap: heap, privateMemory: privateMemory, descriptors: descriptors, threads: threads)
    }
}
