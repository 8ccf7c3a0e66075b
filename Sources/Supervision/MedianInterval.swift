/// The median of a sample and how sure it is, without any assumption about what the values look like: a value is above
/// the true median as often as a coin shows heads.
struct MedianInterval: Sendable {
    private let sorted: [Double]

    init(_ values: some Sequence<Double>) { self.sorted = values.sorted() }

    init(sorted: [Double]) { self.sorted = sorted }

    var count: Int { self.sorted.count }

    /// The middle; zero without values.
    var median: Double {
        guard let middle = self.sorted.dropFirst(self.count / 2).first else { return 0 }
        return self.count % 2 == 1 ? middle : (middle + self.sorted[self.count / 2 - 1]) / 2
    }

    /// What the true median is below with at most this probability; `nil` when there are too few values to say.
    func lower(error: Double) -> Double? {
        let rank = Self.rank(of: self.count, error: error)
        return rank == 0 ? nil : self.sorted[rank - 1]
    }

    /// What the true median is above with at most this probability.
    func upper(error: Double) -> Double? {
        let rank = Self.rank(of: self.count, error: error)
        return rank == 0 ? nil : self.sorted[self.count - rank]
    }

    /// How sure it is, from 0 to 1, that the true median is above `bound`.
    func confidence(above bound: Double) -> Double {
        let notAbove = self.sorted.count { $0 <= bound }
        return 1 - Self.tails(of: self.count).prefix(notAbove + 1).reduce(0, +)
    }

    /// The largest number of smallest values that are all below the median with at most this probability of error.
    private static func rank(of count: Int, error: Double) -> Int {
        var rank = 0
        var sum = 0.0
        for probability in self.tails(of: count) {
            sum += probability
            guard sum <= error else { break }
            rank += 1
        }
        return rank
    }

    /// The probabilities of 0, 1, 2 … heads in so many throws.
    private static func tails(of count: Int) -> [Double] {
        count < self.knownTails.count ? self.knownTails[count] : self.computedTails(of: count)
    }

    private static let knownTails = (0...64).map { computedTails(of: $0) }

    private static func computedTails(of count: Int) -> [Double] {
        var probabilities = [Double.exp2(-Double(count))]
        for heads in 0..<count {
            probabilities.append(probabilities[heads] * Double(count - heads) / Double(heads + 1))
        }
        return probabilities
    }
}

extension Double {
    /// 2 to a whole power.
    fileprivate static func exp2(_ power: Double) -> Double {
        Double(sign: .plus, exponent: Int(power), significand: 1)
    }
}
