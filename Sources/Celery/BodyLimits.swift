import Compression
import JSON

/// How much of a hostile body is accepted.
public struct BodyLimits: Sendable {
    /// Arrays and objects inside each other. Default 128, at most 512: reading is recursive and stacks are finite.
    public var maxDepth: Int { didSet { self.maxDepth = min(self.maxDepth, 512) } }
    /// Values in one body, containers and what they hold. Default 4 million.
    public var maxValues: Int
    /// Bytes of one number. Default 4,300, as many digits as Python converts.
    public var maxNumberLength: Int
    /// What a compressed body may grow to. Its size limit holds for bodies that are not compressed too.
    public var decompression: DecompressionLimits

    /// The given limits; without arguments the defaults.
    public init(
        maxDepth: Int = 128,
        maxValues: Int = 4_000_000,
        maxNumberLength: Int = 4300,
        decompression: DecompressionLimits = DecompressionLimits()
    ) {
        self.maxDepth = min(maxDepth, 512)
        self.maxValues = maxValues
        self.maxNumberLength = maxNumberLength
        self.decompression = decompression
    }

    /// The part that concerns JSON.
    var json: JSONLimits { JSONLimits(maxDepth: self.maxDepth, maxNumberLength: self.maxNumberLength) }
}
