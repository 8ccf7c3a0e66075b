/// Why bytes could not be compressed or decompressed.
public enum CompressionError: String, Error, Sendable, CustomStringConvertible {
    /// Not the format, or damaged.
    case damaged = "the compressed bytes are damaged"
    /// The bytes end within the stream.
    case truncated = "the compressed bytes end too early"
    /// There is more behind the end of the stream.
    case trailingBytes = "more bytes after the compressed stream"
    /// More output than ``DecompressionLimits/maxOutput``.
    case tooLarge = "the decompressed bytes pass the size limit"
    /// More output for the input than ``DecompressionLimits/maxRatio``.
    case ratioTooHigh = "the bytes are compressed more than the ratio limit allows"
    /// The library got no memory, or a stream asks for more than is allowed.
    case noMemory = "the stream needs too much memory"

    /// What is wrong, for humans.
    public var description: String { self.rawValue }
}
