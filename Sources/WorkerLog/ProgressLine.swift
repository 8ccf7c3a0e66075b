/// The one line on a terminal that says how far a run is: `1,234 done · 3 failed · 2 running · 5,120 waiting · 4,210/s`.
public struct ProgressLine: Equatable, Sendable {
    /// Clears the terminal's line and puts the cursor at its start. Write it before anything else goes to the terminal.
    public static let clear = "\r\u{1b}[K"
    /// Over how many seconds the rate is smoothed.
    private static let smoothing = 3.0

    /// Tasks that succeeded.
    public private(set) var done = 0
    /// Tasks that failed for good.
    public private(set) var failed = 0
    /// Tasks that run now.
    public private(set) var running = 0
    /// Tasks that wait.
    public private(set) var waiting = 0
    /// Tasks that ended each second, smoothed; `nil` until two updates are apart in time.
    public private(set) var rate: Double?
    private var lastRated: Rated?

    /// Where the last stretch of the rate ended.
    private struct Rated: Equatable {
        var ended: Int
        var time: UInt64
    }

    /// A line before the first update.
    public init() {}

    /// Takes the present counts. `now` is in nanoseconds on the monotonic clock.
    public mutating func update(done: Int, failed: Int, running: Int, waiting: Int, now: UInt64) {
        self.updateRate(ended: done + failed, now: now)
        (self.done, self.failed, self.running, self.waiting) = (done, failed, running, waiting)
    }

    private mutating func updateRate(ended: Int, now: UInt64) {
        guard let last = self.lastRated else { return self.lastRated = Rated(ended: ended, time: now) }
        guard now > last.time else { return }
        let seconds = Double(now - last.time) / 1e9
        let latest = Double(ended - last.ended) / seconds
        // The weight of an update grows with its time, so that the pace of the updates does not matter.
        let weight = seconds / (Self.smoothing + seconds)
        self.rate = self.rate.map { $0 + (latest - $0) * weight } ?? latest
        self.lastRated = Rated(ended: ended, time: now)
    }

    /// What to write to a terminal of `width` columns. Parts that do not fit are left out from the end.
    ///
    /// The last column stays free: a cursor behind it would wrap.
    public func text(width: Int) -> String {
        var line = ""
        for part in self.parts {
            let longer = line.isEmpty ? part : "\(line) · \(part)"
            if longer.count >= width { break }
            line = longer
        }
        return "\r\(line)\u{1b}[K"
    }

    private var parts: [String] {
        var parts = ["\(Self.grouped(self.done)) done"]
        if self.failed > 0 { parts.append("\(Self.grouped(self.failed)) failed") }
        parts.append("\(Self.grouped(self.running)) running")
        if self.waiting > 0 { parts.append("\(Self.grouped(self.waiting)) waiting") }
        if let rate = self.rate { parts.append("\(Self.shortened(rate))/s") }
        return parts
    }

    /// One digit after the point below ten, none above.
    private static func shortened(_ rate: Double) -> String {
        let tenths = Int((max(rate, 0) * 10).rounded())
        return tenths < 100 ? "\(tenths / 10).\(tenths % 10)" : self.grouped((tenths + 5) / 10)
    }

    private static func grouped(_ number: Int) -> String {
        let digits = String(number)
        var text = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { text.append(",") }
            text.append(digit)
        }
        return text
    }
}
