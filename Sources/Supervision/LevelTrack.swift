/// What a child held over its life, at ages of one task: few points, of fixed number, ever further apart.
struct LevelTrack: Sendable {
    private struct Point {
        let age: Int
        let sample: ChildSample
    }

    private var points: [Point] = []
    private var distance = 4

    private static let mostPoints = 12
    /// Runs between two points from which a rise is concluded, and so many pairs of points.
    private static let (shortestSpan, fewestPairs) = (8, 2)

    /// Adds a point when it is far enough from the last. Returns how far the level has risen for each run since earlier
    /// points, those after `lateAge`: the median over them, so that one look at an odd moment does not count.
    mutating func add(_ sample: ChildSample, age: Int, lateAge: Int) -> RetainedGrowth? {
        guard age >= lateAge, age - (self.points.last?.age ?? 0) >= self.distance else { return nil }
        defer { self.append(Point(age: age, sample: sample)) }
        let earlier = self.points.filter { $0.age >= lateAge && age - $0.age >= Self.shortestSpan }
        guard earlier.count >= Self.fewestPairs else { return nil }
        let rises = ChildSample.resources.map { resource in
            let slopes = earlier.map { (sample[resource] - $0.sample[resource]) / Double(age - $0.age) }
            return (resource, MedianInterval(slopes).median)
        }
        return RetainedGrowth(
            age: age, runs: age - earlier[0].age, perRun: Dictionary(uniqueKeysWithValues: rises))
    }

    private mutating func append(_ point: Point) {
        self.points.append(point)
        guard self.points.count > Self.mostPoints else { return }
        self.points = self.points.indices.filter { $0 % 2 == 0 }.map { self.points[$0] }
        self.distance *= 2
    }
}

/// What runs of a task added to their child, as far as two looks show it.
struct RetainedGrowth: Sendable {
    /// Which of the child's runs of the task it is about: the first of a step, the last of a span.
    let age: Int
    /// How many runs.
    let runs: Int
    /// What each run since then has added.
    let perRun: [RetainedResource: Double]
}
