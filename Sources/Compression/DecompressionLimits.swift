/// How much a hostile stream may grow.
public struct DecompressionLimits: Sendable, Hashable {
    /// Bytes of output. Default 64 MiB.
    public var maxOutput: Int
    /// Bytes of output for each byte of input, once there is more output than ``ratioFloor``. Default 100.
    public var maxRatio: Int
    /// Bytes of output that no ratio is asked of: small messages may repeat themselves. Default 1 MiB.
    public var ratioFloor: Int

    /// The given limits; without arguments the defaults.
    public init(maxOutput: Int = 64 << 20, maxRatio: Int = 100, ratioFloor: Int = 1 << 20) {
        self.maxOutput = maxOutput
        self.maxRatio = maxRatio
        self.ratioFloor = ratioFloor
    }

    /// The most bytes that an input of this length may give, and the error for one more.
    func bound(inputCount: Int) -> (bytes: Int, error: CompressionError) {
        let (product, overflow) = inputCount.multipliedReportingOverflow(by: max(self.maxRatio, 1))
        let byRatio = overflow ? Int.max : max(product, self.ratioFloor)
        return byRatio < self.maxOutput ? (byRatio, .ratioTooHigh) : (self.maxOutput, .tooLarge)
    }
}
