/// A format that bytes are compressed in.
public enum CompressionFormat: String, Sendable, CaseIterable {
    /// A zlib stream (RFC 1950). A gzip file is read too.
    case zlib
    /// One bzip2 stream.
    case bzip2
    /// One zstd frame.
    case zstd
}

extension CompressionFormat {
    /// What compressed bytes stand for.
    ///
    /// Memory grows with the output, never with a size that the input claims.
    /// Throws ``CompressionError``: also when bytes are left behind the end, or when a limit is passed.
    public func decompress(
        _ bytes: ArraySlice<UInt8>,
        limits: DecompressionLimits = DecompressionLimits()
    ) throws(CompressionError) -> [UInt8] {
        var output = BoundedOutput(inputCount: bytes.count, limits: limits)
        switch self {
        case .zlib: try inflateZlib(bytes, into: &output)
        case .bzip2: try inflateBZip2(bytes, into: &output)
        case .zstd: try inflateZstd(bytes, into: &output)
        }
        return output.bytes
    }

    /// The bytes compressed, at the format's usual level. Throws ``CompressionError`` when memory runs out.
    public func compress(_ bytes: ArraySlice<UInt8>) throws(CompressionError) -> [UInt8] {
        switch self {
        case .zlib: try deflateZlib(bytes)
        case .bzip2: try deflateBZip2(bytes)
        case .zstd: try deflateZstd(bytes)
        }
    }
}
