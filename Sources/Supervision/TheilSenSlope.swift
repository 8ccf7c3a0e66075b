/// The slope of a series that a third of odd values does not move: the median of the slopes between any two points (Theil
/// and Sen), with its interval of 95 % by Kendall's variance.
struct TheilSenSlope: Equatable, Sendable {
    let slope: Double
    let interval: ClosedRange<Double>

    /// Points that are looked at: more would say the same, for the square of the work.
    private static let mostPoints = 200

    /// - Parameter levels: values at equal distances; `nil` for fewer than three.
    init?(_ levels: ArraySlice<Double>) {
        let points = Self.thinned(levels)
        guard points.count >= 3 else { return nil }
        var slopes: [Double] = []
        for (index, later) in points.enumerated() {
            for earlier in points[..<index] {
                slopes.append((later.value - earlier.value) / Double(later.place - earlier.place))
            }
        }
        slopes.sort()
        let margin = Self.margin(of: points.count) / 2
        let low = Int((Double(slopes.count) / 2 - margin).rounded(.down))
        let high = Int((Double(slopes.count) / 2 + margin).rounded(.up))
        self.slope = MedianInterval(sorted: slopes).median
        self.interval = slopes[max(0, low)]...slopes[min(slopes.count - 1, high)]
    }

    private static func thinned(_ levels: ArraySlice<Double>) -> [(place: Int, value: Double)] {
        let count = min(levels.count, self.mostPoints)
        return (0..<count).map { index in
            let place = levels.startIndex + (count < 2 ? 0 : index * (levels.count - 1) / (count - 1))
            return (place, levels[place])
        }
    }

    private static func margin(of count: Int) -> Double {
        let n = Double(count)
        return 1.96 * (n * (n - 1) * (2 * n + 5) / 18).squareRoot()
    }
}
