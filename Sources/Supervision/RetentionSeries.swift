/// What is known of how much one task leaves behind of one resource. Of fixed size; counts nothing itself.
///
/// Three kinds of evidence must agree before it speaks of a leak:
///
/// 1. *Steps*: what single runs, or runs of this task alone, added. They say whose growth it is, but also count what
///    another task or a thread frees later.
/// 2. *Settled steps*: the same less what the run after them, of whatever task, gave back.
/// 3. *Spans*: how far the child's level rose while the task ran some dozen times, whatever ran beside it. They say
///    whether the growth stays, but not whose it is.
///
/// All are looked at by age, which is how often the task had run in the same child: only what was seen in the later half
/// of a child's life counts, when what starts up has started and what is bounded is full.
struct RetentionSeries: Sendable {
    private var steps = StepValues()
    private var settledSteps = StepValues()
    private var spans = RecentValues(capacity: 16)

    private static let fewestSteps = 14
    private static let fewestSettled = 8
    private static let fewestSpans = 3
    /// The probability of a false accusation that one look at the steps may have, and one at those of a known leak.
    private static let (error, errorOfLater) = (1e-4, 0.2)
    /// The probability of one that a look at the settled steps may have.
    private static let errorOfSettled = 0.2
    /// The probability with which spans that fall short of the steps may do so by chance.
    private static let errorOfSpans = 0.1

    /// One run added so much, or each of several in a row did; the first of them was the child's `age`th.
    mutating func stepped(_ growth: Double, age: Int) { self.steps.append(growth, age: age) }

    /// So much of a step was left after the next one.
    mutating func settled(_ growth: Double, age: Int) { self.settledSteps.append(growth, age: age) }

    /// The child's level rose by so much for each run of the task, up to its `age`th.
    mutating func spanned(_ growth: Double, age: Int) { self.spans.append(growth, age: age) }

    /// What it comes to, looking at ages from `age` on.
    ///
    /// - Parameters:
    ///   - maturity: what children's lives so far show.
    ///   - wasLeak: whether it has been called a leak, which then takes less to be one still.
    func estimate(from age: Int, noticeable: Double, maturity: Maturity, wasLeak: Bool) -> LeakEstimate {
        let error = wasLeak ? Self.errorOfLater : Self.error
        for (scale, needed) in [(\StepValues.single, Maturity.enough), (\StepValues.means, .full)] {
            let steps = MedianInterval(self.steps[keyPath: scale].values(from: age))
            let settled = MedianInterval(self.settledSteps[keyPath: scale].values(from: age))
            guard maturity >= needed, steps.count >= Self.fewestSteps, steps.lower(error: error) ?? 0 > noticeable,
                settled.count >= Self.fewestSettled,
                settled.lower(error: Self.errorOfSettled) ?? 0 >= steps.median / 2,
                self.spansAgree(with: steps.median, from: age)
            else { continue }
            return LeakEstimate(steps, noticeable: noticeable, isLeak: true)
        }
        let steps = MedianInterval(self.steps.single.values(from: age))
        return LeakEstimate(steps, noticeable: noticeable, isLeak: wasLeak && steps.count < Self.fewestSteps)
    }

    /// Whether the level has not risen by significantly less than half of what steps say.
    private func spansAgree(with perRun: Double, from age: Int) -> Bool {
        let spans = MedianInterval(self.spans.values(from: age))
        return spans.count >= Self.fewestSpans && spans.upper(error: Self.errorOfSpans) ?? .infinity >= perRun / 2
    }

    /// What the lives of children so far can show.
    enum Maturity: Comparable {
        /// Nothing: what is bounded may still be filling.
        case none
        /// What single runs leave behind.
        case enough
        /// Also what is left behind now and then.
        case full
    }
}

/// How much of a resource one run leaves behind.
public struct LeakEstimate: Equatable, Sendable {
    /// The median growth per run: bytes, or a number.
    public let perRun: Double
    /// Where it lies with 95 % probability.
    public let interval: ClosedRange<Double>
    /// How sure it is, from 0 to 1, that runs leave something behind.
    public let confidence: Double
    /// How many looks it rests on.
    public let looks: Int
    /// Whether all evidence together is called a leak.
    public internal(set) var isLeak = false

    init(perRun: Double, interval: ClosedRange<Double>, confidence: Double, looks: Int, isLeak: Bool) {
        self.perRun = perRun
        self.interval = interval
        self.confidence = confidence
        self.looks = looks
        self.isLeak = isLeak
    }

    init(_ steps: MedianInterval, noticeable: Double, isLeak: Bool) {
        let median = steps.median
        let lower = steps.lower(error: 0.025) ?? median
        let upper = steps.upper(error: 0.025) ?? median
        self.init(
            perRun: median, interval: min(lower, median)...max(upper, median),
            confidence: steps.count == 0 ? 0 : max(0, steps.confidence(above: noticeable)), looks: steps.count,
            isLeak: isLeak)
    }
}
