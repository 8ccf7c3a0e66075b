/// Amounts and probabilities for people.
extension LeakEstimate {
    /// `200.0KiB`, `0.98`.
    public func amount(of resource: RetainedResource) -> String {
        Self.text(self.perRun, isMemory: resource.isMemory)
    }

    /// `199.2KiB to 200.8KiB`.
    public func range(of resource: RetainedResource) -> String {
        "\(Self.text(self.interval.lowerBound, isMemory: resource.isMemory)) to "
            + Self.text(self.interval.upperBound, isMemory: resource.isMemory)
    }

    /// `99.99%` at most: a sample proves nothing.
    public var confidenceText: String { Self.text(ofConfidence: self.confidence) }

    /// A probability in percent, 99.99 at most.
    public static func text(ofConfidence confidence: Double) -> String {
        "\(min(99.99, (confidence * 10_000).rounded(.down) / 100))%"
    }

    /// An amount with one or two places after the point.
    public static func text(_ amount: Double, isMemory: Bool) -> String {
        guard isMemory else { return self.rounded(amount, 100) }
        for (unit, name) in [(1_073_741_824.0, "GiB"), (1_048_576.0, "MiB"), (1_024.0, "KiB")]
        where amount.magnitude >= unit {
            return "\(self.rounded(amount / unit, 10))\(name)"
        }
        return "\(self.rounded(amount, 1))B"
    }

    private static func rounded(_ amount: Double, _ places: Double) -> String {
        let value = (amount * places).rounded() / places
        return value == value.rounded() && value.magnitude < 1e15 ? "\(Int(value))" : "\(value)"
    }
}
