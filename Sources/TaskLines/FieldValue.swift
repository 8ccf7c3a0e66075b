import JSON
import Supervision

/// The value of one field, which says what it should have been when it is something else.
struct FieldValue {
    let name: String
    let json: JSONSlice
    let lineStart: Int

    var isNull: Bool { self.json.kind == .null }
    var isNumber: Bool { self.json.kind == .number }

    /// The error that the value is not what `expectation` says.
    func error(_ expectation: String) -> TaskLineError {
        let shown =
            self.json.kind == .number
            ? String(decoding: self.json.bytes.prefix(40), as: UTF8.self) : "\(self.json.kind)"
        return self.problem("must be \(expectation), not \(shown)")
    }

    /// The error that something is wrong with the value.
    func problem(_ problem: String) -> TaskLineError {
        TaskLineError(message: "\"\(self.name)\" \(problem)", column: self.json.bytes.startIndex - self.lineStart + 1)
    }

    func text() throws(TaskLineError) -> JSONText {
        guard let text = self.json.text else { throw self.error("a string") }
        guard !text.raw.isEmpty else { throw self.problem("must not be empty") }
        return text
    }

    func bytes(of kind: JSONKind) throws(TaskLineError) -> ArraySlice<UInt8> {
        guard self.json.kind == kind else { throw self.error("an \(kind)") }
        return self.json.bytes
    }

    func integer(in range: ClosedRange<Int>) throws(TaskLineError) -> Int {
        guard let integer = self.json.number?.asInt, range.contains(integer) else {
            let most = range.upperBound == .max ? "up" : "to \(range.upperBound)"
            throw self.error("an integer from \(range.lowerBound) \(most)")
        }
        return integer
    }

    /// A duration, written as a number of seconds.
    func seconds() throws(TaskLineError) -> Duration {
        guard let seconds = self.json.number?.asDouble, (0...longestWait).contains(seconds) else {
            throw self.error("a number of seconds from 0 to \(Int(longestWait))")
        }
        return .seconds(seconds)
    }

    /// Seconds since 1970, written as such or as ISO 8601 text.
    func instant() throws(TaskLineError) -> Double {
        if let text = self.json.text {
            guard let seconds = ISO8601.seconds(parsing: text.string) else {
                throw self.problem(
                    "must be an instant such as \"2026-03-01T12:30:00Z\", not \"\(text.string.prefix(40))\""
                )
            }
            return seconds
        }
        guard let seconds = self.json.number?.asDouble else { throw self.error("seconds since 1970 or ISO 8601 text") }
        guard instants.contains(seconds) else {
            throw self.problem("is not in the years 1 to 9999; it counts in seconds")
        }
        return seconds
    }

    /// A text that `parse` understands, which throws what is wrong with it.
    func parsed<Value>(_ parse: (String) throws(UnitError) -> Value) throws(TaskLineError) -> Value {
        guard let text = self.json.text else { throw self.error("a string with a unit") }
        do { return try parse(text.string) } catch { throw self.problem("is wrong: \(error.description)") }
    }
}

/// A hundred years in seconds: more is a mistake, and far more does not fit a `Duration`.
private let longestWait = 3_155_760_000.0

/// The years 1 to 9999, in seconds since 1970.
private let instants = -62_135_596_800.0..<253_402_300_800.0
