/// One field of a crontab: what it is called, and what values it can have.
public struct CrontabField: Hashable, Sendable {
    /// Celery's name: `day_of_week`.
    public let name: String
    let values: ClosedRange<Int>
    /// Names that stand for values, from the lowest on; full and in small letters.
    let names: [String]
    /// A further value that stands for the lowest one.
    let alias: Int?

    static let minute = CrontabField(name: "minute", values: 0...59)
    static let hour = CrontabField(name: "hour", values: 0...23)
    static let dayOfMonth = CrontabField(name: "day_of_month", values: 1...31)
    static let monthOfYear = CrontabField(
        name: "month_of_year", values: 1...12,
        names: [
            "january", "february", "march", "april", "may", "june", "july", "august", "september", "october",
            "november", "december",
        ])
    /// 0 is Sunday, and so is 7, as in other crontabs; Celery takes 7 for an error.
    static let dayOfWeek = CrontabField(
        name: "day_of_week", values: 0...6,
        names: ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"], alias: 7)

    /// Every field, in the order of a crontab's line.
    public static let all = [minute, hour, dayOfMonth, monthOfYear, dayOfWeek]

    private init(name: String, values: ClosedRange<Int>, names: [String] = [], alias: Int? = nil) {
        self.name = name
        self.values = values
        self.names = names
        self.alias = alias
    }

    /// The values that a text names, in Celery's grammar: `*`, `*/n`, `a`, `a-b`, `a-b/n`, and lists of these.
    ///
    /// A range that ends below its beginning goes on from the lowest value: `22-3`, `fri-mon`.
    func parse(_ text: String) throws(CrontabError) -> Set<Int> {
        var values: Set<Int> = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            values.formUnion(try self.parse(part: part))
        }
        return values
    }

    private func parse(part: Substring) throws(CrontabError) -> [Int] {
        let pieces = part.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = pieces.first, !first.isEmpty else { throw self.error("an empty part") }
        if pieces.count == 1 { return first == "*" ? Array(self.values) : try self.range(first) }
        guard first == "*" || first.contains("-") else {
            throw self.error("'\(part)': a step needs a range or '*' before it")
        }
        guard let step = Self.number(pieces[1]), step > 0 else {
            throw self.error("'\(part)': '\(pieces[1])' is no step")
        }
        let values = first == "*" ? Array(self.values) : try self.range(first)
        return stride(from: 0, to: values.count, by: step).map { values[$0] }
    }

    private func range(_ text: Substring) throws(CrontabError) -> [Int] {
        let ends = text.split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count <= 2 else { throw self.error("'\(text)' is no range") }
        let first = try self.value(ends[0])
        guard ends.count == 2 else { return [first] }
        // `5-7` ends with the Sunday after Saturday, `0-7` is the whole week.
        if let alias, Self.number(ends[1]) == alias {
            return first == self.values.lowerBound
                ? Array(self.values) : Array(first...self.values.upperBound) + [self.values.lowerBound]
        }
        let last = try self.value(ends[1])
        if first <= last { return Array(first...last) }
        return Array(first...self.values.upperBound) + Array(self.values.lowerBound...last)
    }

    private func value(_ text: Substring) throws(CrontabError) -> Int {
        if let number = Self.number(text) { return try self.value(number) }
        if let index = self.names.firstIndex(where: { text.count >= 3 && $0.hasPrefix(text.lowercased()) }) {
            return self.values.lowerBound + index
        }
        throw self.error(text.isEmpty ? "a value is missing" : "'\(text)' is no value")
    }

    /// Checks a number.
    func value(_ number: Int) throws(CrontabError) -> Int {
        if number == self.alias { return self.values.lowerBound }
        guard self.values.contains(number) else {
            throw self.error("\(number) is not from \(self.values.lowerBound) to \(self.values.upperBound)")
        }
        return number
    }

    private static func number(_ text: Substring) -> Int? {
        text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ? Int(text) : nil
    }

    private func error(_ text: String) -> CrontabError { CrontabError("\(self.name): \(text)") }
}

/// Why a text is no crontab.
public struct CrontabError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong, with the field in front: `hour: 24 is not from 0 to 23`.
    public let description: String

    init(_ description: String) { self.description = description }
}
