import CZlib

/// Decompresses a zlib stream, or a gzip file of one member.
func inflateZlib(_ input: ArraySlice<UInt8>, into output: inout BoundedOutput) throws(CompressionError) {
    var stream = z_stream()
    // 15 is the largest window; 32 more tell zlib to look whether it is zlib or gzip.
    let opened = inflateInit2_(&stream, 15 + 32, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    guard opened == Z_OK else { throw .noMemory }
    defer { inflateEnd(&stream) }
    try pump(input, into: &output) { input, room throws(CompressionError) in
        let taken = min(input.count, Int(UInt32.max))
        stream.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
        stream.avail_in = UInt32(taken)
        stream.next_out = room.baseAddress
        stream.avail_out = UInt32(room.count)
        let status = inflate(&stream, Z_NO_FLUSH)
        switch status {
        case Z_OK, Z_STREAM_END, Z_BUF_ERROR: break
        case Z_MEM_ERROR: throw .noMemory
        default: throw .damaged
        }
        return StreamStep(
            consumed: taken - Int(stream.avail_in),
            produced: room.count - Int(stream.avail_out),
            isEnd: status == Z_STREAM_END
        )
    }
}

/// Compresses into a zlib stream at zlib's default level, as Python does.
func deflateZlib(_ input: ArraySlice<UInt8>) throws(CompressionError) -> [UInt8] {
    var count = compressBound(UInt(input.count))
    var status = Z_OK
    let output = [UInt8](unsafeUninitializedCapacity: Int(count)) { room, written in
        status = input.withUnsafeBufferPointer {
            compress2(room.baseAddress, &count, $0.baseAddress, UInt($0.count), Z_DEFAULT_COMPRESSION)
        }
        written = status == Z_OK ? Int(count) : 0
    }
    guard status == Z_OK else { throw .noMemory }
    return output
}
