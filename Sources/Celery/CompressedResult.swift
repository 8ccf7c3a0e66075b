import Compression

/// A compressed value of the result backend: a mark, a content type, and the compressed document.
public struct CompressedResult: Sendable {
    /// How it is compressed: a content type.
    public let contentType: String
    /// The compressed document.
    public let document: ArraySlice<UInt8>

    private static let mark = Array("\0celery-compressed\0".utf8)

    /// Takes a stored value apart; `nil` when it is not compressed.
    public init?(_ bytes: ArraySlice<UInt8>) {
        guard bytes.starts(with: Self.mark) else { return nil }
        let rest = bytes.dropFirst(Self.mark.count)
        guard let end = rest.prefix(256).firstIndex(of: 0) else { return nil }
        self.contentType = String(decoding: rest[..<end], as: UTF8.self)
        self.document = rest[(end + 1)...]
    }

    /// The document. Throws ``BodyError``.
    public func decompress(limits: BodyLimits = BodyLimits()) throws(BodyError) -> ArraySlice<UInt8> {
        try CompressionFormat(contentType: self.contentType).decompress(self.document, limits: limits)[...]
    }

    /// The value to store for a document. Celery setting: `result_compression`. Throws ``BodyError``.
    public static func serialized(
        _ document: ArraySlice<UInt8>, _ format: CompressionFormat
    ) throws(BodyError) -> [UInt8] {
        self.mark + Array(format.contentType.utf8) + [0] + (try format.compressed(document))
    }
}
