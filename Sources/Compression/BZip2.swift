import CBZip2

/// Decompresses a bzip2 stream.
func inflateBZip2(_ input: ArraySlice<UInt8>, into output: inout BoundedOutput) throws(CompressionError) {
    var stream = bz_stream()
    guard BZ2_bzDecompressInit(&stream, 0, 0) == BZ_OK else { throw .noMemory }
    defer { BZ2_bzDecompressEnd(&stream) }
    try pump(input, into: &output) { input, room throws(CompressionError) in
        let taken = min(input.count, Int(UInt32.max))
        let status = step(&stream, input, taken: taken, room, BZ2_bzDecompress)
        switch status {
        case BZ_OK, BZ_STREAM_END: break
        case BZ_MEM_ERROR: throw .noMemory
        default: throw .damaged
        }
        return StreamStep(
            consumed: taken - Int(stream.avail_in),
            produced: room.count - Int(stream.avail_out),
            isEnd: status == BZ_STREAM_END
        )
    }
}

/// Compresses into a bzip2 stream with the largest blocks, as Python does.
func deflateBZip2(_ input: ArraySlice<UInt8>) throws(CompressionError) -> [UInt8] {
    var stream = bz_stream()
    guard BZ2_bzCompressInit(&stream, 9, 0, 0) == BZ_OK else { throw .noMemory }
    defer { BZ2_bzCompressEnd(&stream) }
    var output = BoundedOutput(inputCount: input.count, limits: DecompressionLimits(maxOutput: .max, maxRatio: .max))
    try pump(input, into: &output) { input, room throws(CompressionError) in
        let taken = min(input.count, Int(UInt32.max))
        let action = taken == input.count ? BZ_FINISH : BZ_RUN
        let status = step(&stream, input, taken: taken, room) { BZ2_bzCompress($0, action) }
        guard status >= 0 else { throw .noMemory }
        return StreamStep(
            consumed: taken - Int(stream.avail_in),
            produced: room.count - Int(stream.avail_out),
            isEnd: status == BZ_STREAM_END
        )
    }
    return output.bytes
}

/// Points the stream at input and room, and calls the library once.
private func step(
    _ stream: inout bz_stream,
    _ input: UnsafeBufferPointer<UInt8>,
    taken: Int,
    _ room: UnsafeMutableBufferPointer<UInt8>,
    _ call: (UnsafeMutablePointer<bz_stream>) -> Int32
) -> Int32 {
    // The library only reads through `next_in`; its type says otherwise.
    let start = UnsafeMutablePointer(mutating: input.baseAddress)
    return (start ?? room.baseAddress!).withMemoryRebound(to: CChar.self, capacity: taken) { source in
        room.baseAddress!.withMemoryRebound(to: CChar.self, capacity: room.count) { target in
            stream.next_in = source
            stream.avail_in = UInt32(taken)
            stream.next_out = target
            stream.avail_out = UInt32(room.count)
            return call(&stream)
        }
    }
}
