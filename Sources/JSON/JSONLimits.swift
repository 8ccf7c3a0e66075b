/// How much of a hostile document is accepted.
public struct JSONLimits: Sendable {
    /// Arrays and objects inside each other. Default 64, at most 512: reading is recursive and stacks are finite.
    public var maxDepth: Int { didSet { self.maxDepth = min(self.maxDepth, 512) } }
    /// Bytes of one number. Default 4,300, as many digits as Python converts.
    public var maxNumberLength: Int
    /// Whether an object with the same key twice is an error. Default `false`: the last value counts.
    public var rejectDuplicates: Bool

    /// The given limits; without arguments the defaults.
    public init(maxDepth: Int = 64, maxNumberLength: Int = 4300, rejectDuplicates: Bool = false) {
        self.maxDepth = min(maxDepth, 512)
        self.maxNumberLength = maxNumberLength
        self.rejectDuplicates = rejectDuplicates
    }
}
