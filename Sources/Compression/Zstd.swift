import CZstd

/// The largest window that a frame may ask for: 2 to this power bytes. The common levels use at most 2^23.
private let largestWindowLog: Int32 = 25

/// Decompresses a zstd frame.
func inflateZstd(_ input: ArraySlice<UInt8>, into output: inout BoundedOutput) throws(CompressionError) {
    guard let context = ZSTD_createDCtx() else { throw .noMemory }
    defer { ZSTD_freeDCtx(context) }
    ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, largestWindowLog)
    try pump(input, into: &output) { input, room throws(CompressionError) in
        var source = ZSTD_inBuffer(src: input.baseAddress, size: input.count, pos: 0)
        var target = ZSTD_outBuffer(dst: room.baseAddress, size: room.count, pos: 0)
        let status = ZSTD_decompressStream(context, &target, &source)
        guard ZSTD_isError(status) == 0 else {
            let isTooLarge = ZSTD_getErrorCode(status) == ZSTD_error_frameParameter_windowTooLarge
            throw isTooLarge ? .noMemory : .damaged
        }
        return StreamStep(consumed: source.pos, produced: target.pos, isEnd: status == 0)
    }
}

/// Compresses into a zstd frame at the library's default level.
func deflateZstd(_ input: ArraySlice<UInt8>) throws(CompressionError) -> [UInt8] {
    var status = 0
    let output = [UInt8](unsafeUninitializedCapacity: ZSTD_compressBound(input.count)) { room, written in
        status = input.withUnsafeBufferPointer {
            ZSTD_compress(room.baseAddress, room.count, $0.baseAddress, $0.count, ZSTD_CLEVEL_DEFAULT)
        }
        written = ZSTD_isError(status) == 0 ? status : 0
    }
    guard ZSTD_isError(status) == 0 else { throw .noMemory }
    return output
}
