/// Writes points in time one after the other as ``WallTime`` does. Within one second only the fraction is written anew.
public struct WallTimeFormatter: Sendable {
    /// The second that `text` starts with.
    private var second = Int.min
    /// Always with a fraction: `2026-03-01T12:30:00.000000+00:00`.
    private var text: [UInt8] = []

    private static let secondEnd = 19
    private static let fractionEnd = 26

    /// A formatter that has written nothing yet.
    public init() {}

    /// The text of a time in seconds since 1970, to the microsecond; `nil` outside the years 1 to 9999.
    public mutating func text(seconds: Double) -> ArraySlice<UInt8>? {
        guard (-62_135_596_800..<253_402_300_799).contains(seconds) else { return nil }
        let microseconds = Int((seconds * 1_000_000).rounded())
        let fraction = (microseconds % 1_000_000 + 1_000_000) % 1_000_000
        let second = (microseconds - fraction) / 1_000_000
        if second != self.second {
            guard self.begin(second) else { return nil }
        }
        // Python writes no fraction when it is 0.
        if fraction == 0 { return (self.text.prefix(Self.secondEnd) + "+00:00".utf8)[...] }
        self.write(fraction)
        return self.text[...]
    }

    private mutating func begin(_ second: Int) -> Bool {
        guard let time = WallTime(seconds: Double(second)) else { return false }
        self.text = Array(time.text.utf8.prefix(Self.secondEnd)) + ".000000+00:00".utf8
        self.second = second
        return true
    }

    private mutating func write(_ fraction: Int) {
        var rest = fraction
        for index in (Self.secondEnd + 1..<Self.fractionEnd).reversed() {
            self.text[index] = 0x30 + UInt8(rest % 10)
            rest /= 10
        }
    }
}
