/// Decompressed bytes that grow chunk by chunk, up to a bound.
struct BoundedOutput {
    private(set) var bytes: [UInt8] = []
    private let bound: (bytes: Int, error: CompressionError)

    /// Bytes that a library is asked for at a time.
    static let chunkSize = 64 << 10

    init(inputCount: Int, limits: DecompressionLimits) {
        self.bound = limits.bound(inputCount: inputCount)
    }

    mutating func append(_ chunk: UnsafeBufferPointer<UInt8>) throws(CompressionError) {
        guard chunk.count <= self.bound.bytes - self.bytes.count else { throw self.bound.error }
        self.bytes.append(contentsOf: chunk)
    }
}

/// What one step of a library did.
struct StreamStep {
    /// Input bytes taken.
    var consumed: Int
    /// Output bytes written.
    var produced: Int
    /// Whether the stream ended.
    var isEnd: Bool
}

/// Feeds `input` to `step` and collects its output until the stream ends.
///
/// `step` is given the input that is left and the room for output.
func pump(
    _ input: ArraySlice<UInt8>,
    into output: inout BoundedOutput,
    step: (UnsafeBufferPointer<UInt8>, UnsafeMutableBufferPointer<UInt8>) throws(CompressionError) -> StreamStep
) throws(CompressionError) {
    let chunk = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: BoundedOutput.chunkSize)
    defer { chunk.deallocate() }
    try input.withUnsafeBufferPointer { input throws(CompressionError) in
        var rest = input
        while true {
            let done = try step(rest, chunk)
            rest = UnsafeBufferPointer(rebasing: rest.dropFirst(done.consumed))
            try output.append(UnsafeBufferPointer(rebasing: chunk.prefix(done.produced)))
            if done.isEnd { break }
            guard done.consumed > 0 || done.produced > 0 else { throw .truncated }
        }
        guard rest.isEmpty else { throw .trailingBytes }
    }
}
