import Compression

extension CompressionFormat {
    /// The content type that Celery writes for the format. For zlib it says gzip, which it is not.
    public var contentType: String {
        switch self {
        case .zlib: "application/x-gzip"
        case .bzip2: "application/x-bz2"
        case .zstd: "application/zstd"
        }
    }

    /// The format that a content type, or one of kombu's short names, tells of. Throws ``BodyError`` for all others.
    public init(contentType: String) throws(BodyError) {
        switch contentType {
        case "application/x-gzip", "gzip", "zlib": self = .zlib
        case "application/x-bz2", "bzip2", "bzip": self = .bzip2
        case "application/zstd", "zstd", "zstandard": self = .zstd
        default:
            throw BodyError(
                .unsupportedCompression,
                "The compression \"\(contentType.prefix(80))\" is not supported. Send with zlib, bzip2 or zstd."
            )
        }
    }

    /// What compressed bytes stand for. Throws ``BodyError``.
    func decompress(_ bytes: ArraySlice<UInt8>, limits: BodyLimits) throws(BodyError) -> [UInt8] {
        do throws(CompressionError) {
            return try self.decompress(bytes, limits: limits.decompression)
        } catch {
            let isTooLarge = error == .tooLarge || error == .ratioTooHigh
            throw BodyError(isTooLarge ? .tooLarge : .invalidCompression, "The body cannot be decompressed: \(error).")
        }
    }

    /// The bytes compressed. Throws ``BodyError``.
    func compressed(_ bytes: ArraySlice<UInt8>) throws(BodyError) -> [UInt8] {
        do throws(CompressionError) {
            return try self.compress(bytes)
        } catch {
            throw BodyError(.notEncodable, "The body cannot be compressed: \(error).")
        }
    }
}
