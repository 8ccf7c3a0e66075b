/// What is known of how much one task leaves behind of one resource. Of fixed size; counts nothing itself.
///
/// Two kinds of evidence must agree before it speaks of a leak:
///
/// 1. *Steps*: what single runs, or runs of this task alone, added. They say whose growth it is, but also count what
///    another task or a thread frees later.
/// 2. *Spans*: how far the child's level rose while the task ran some dozen times, whatever ran beside it. They say
///    whether the growth stays, but not whose it is.
///
/// Both are looked at by age, which is how often the task had run in the same child: only what was seen in the later half
/// of a child's life counts, when what starts up has started and what is bounded is full.
struct RetentionSeries: Sendable {
    private var steps = RecentValues(capacity: 64)
    /// Means of so many steps in a row, for tasks that leak now and then.
    private var blocks = RecentValues(capacity: 32)
    private static let blockSize = 8
    private var openBlock = (sum: 0.0, count: 0, age: 0)
    private var spans = RecentValues(capacity: 16)

    private static let fewestSteps = 16
    private static let fewestSpans = 3
    /// The probability of a false accusation that one look at the steps may have.
    private static let error = 1e-4
    private static let errorOfLater = 0.2
    /// The probability with which spans that fall short of the steps may do so by chance.
    private static let errorOfSpans = 0.1

    /// One run added so much, or each of several in a row did; the first of them was the child's `age`th.
    mutating func stepped(_ growth: Double, age: Int) {
        self.steps.append(growth, age: age)
        if self.openBlock.count == 0 { self.openBlock.age = age }
        self.openBlock.sum += growth
        self.openBlock.age = min(self.openBlock.age, age)
        self.openBlock.count += 1
        guard self.openBlock.count == Self.blockSize else { return }
        self.blocks.append(self.openBlock.sum / Double(Self.blockSize), age: self.openBlock.age)
        self.openBlock = (0, 0, 0)
    }

    /// The child's level rose by so much for each run of the task, up to its `age`th.
    mutating func spanned(_ growth: Double, age: Int) { self.spans.append(growth, age: age) }

    /// What it comes to, looking at ages from `age` on.
    ///
    /// - Parameters:
    ///   - maturity: what children's lives so far show.
    ///   - wasLeak: whether it has been called a leak, which then takes less to be one still.
    func estimate(from age: Int, noticeable: Double, maturity: Maturity, wasLeak: Bool) -> LeakEstimate {
        let single = MedianInterval(self.steps.values(from: age))
        if maturity >= .enough, let leak = self.leak(in: single, from: age, noticeable, wasLeak) { return leak }
        if maturity >= .full {
            let means = MedianInterval(self.blocks.values(from: age))
            if let leak = self.leak(in: means, from: age, noticeable, wasLeak) { return leak }
        }
        var estimate = LeakEstimate(single, noticeable: noticeable)
        estimate.isLeak = wasLeak && single.count < Self.fewestSteps
        return estimate
    }

    private func leak(
        in steps: MedianInterval, from age: Int, _ noticeable: Double, _ wasLeak: Bool
    ) -> LeakEstimate? {
        let error = wasLeak ? Self.errorOfLater : Self.error
        let spans = MedianInterval(self.spans.values(from: age))
        guard steps.count >= Self.fewestSteps, steps.lower(error: error) ?? 0 > noticeable,
            spans.count >= Self.fewestSpans, spans.upper(error: Self.errorOfSpans) ?? 0 >= steps.median / 2
        else { return nil }
        var estimate = LeakEstimate(steps, noticeable: noticeable)
        estimate.isLeak = true
        return estimate
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

    init(_ steps: MedianInterval, noticeable: Double) {
        let median = steps.median
        let lower = steps.lower(error: 0.025) ?? median
        let upper = steps.upper(error: 0.025) ?? median
        self.init(
            perRun: median, interval: min(lower, median)...max(upper, median),
            confidence: steps.count == 0 ? 0 : max(0, steps.confidence(above: noticeable)), looks: steps.count,
            isLeak: false)
    }
}
