import Celery

/// A rate limit in Celery's grammar: a number is per second, `"10/m"` per minute; null, 0 and "" are none.
public enum CeleryRate {
    /// Starts a second; `nil` for no limit. Throws ``ControlError`` in the words of Celery.
    public static func perSecond(_ value: CeleryValue) throws(ControlError) -> Double? {
        switch value {
        case .null, .bool(false): return nil
        case .number(let number): return self.rate(number.asDouble ?? 0, 1)
        case .string(let text): return try self.perSecond(text)
        default: throw ControlError("Invalid rate limit string: \(pythonText("not a rate"))")
        }
    }

    private static func perSecond(_ text: String) throws(ControlError) -> Double? {
        if text.isEmpty { return nil }
        let units: [String: Double] = ["s": 1, "m": 60, "h": 3600]
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        let number = parts[0].filter { !$0.isWhitespace }
        guard let count = Double(number), count.isFinite else {
            let error = ControlError("ValueError", "could not convert string to float: \(pythonText(String(parts[0])))")
            throw ControlError("Invalid rate limit string: \(error)")
        }
        guard let seconds = parts.count == 1 ? 1 : units[String(parts[1])] else {
            throw ControlError("KeyError", String(parts[1]))
        }
        return self.rate(count, seconds)
    }

    private static func rate(_ count: Double, _ seconds: Double) -> Double? { count > 0 ? count / seconds : nil }
}
