/// Values of a series, the latest ones, and means of so many in a row, for what happens only now and then.
struct StepValues: Sendable {
    private(set) var single = RecentValues(capacity: 64)
    private(set) var means = RecentValues(capacity: 32)
    private var open = (sum: 0.0, count: 0, age: 0)

    private static let meanOf = 8

    mutating func append(_ value: Double, age: Int) {
        self.single.append(value, age: age)
        self.open = (self.open.sum + value, self.open.count + 1, self.open.count == 0 ? age : min(self.open.age, age))
        guard self.open.count == Self.meanOf else { return }
        self.means.append(self.open.sum / Double(Self.meanOf), age: self.open.age)
        self.open = (0, 0, 0)
    }
}
