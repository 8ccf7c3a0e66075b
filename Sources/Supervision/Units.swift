/// Why a text is not a duration or an amount of bytes.
public struct UnitError: Error, Equatable, CustomStringConvertible {
    /// What is wrong with the text.
    public enum Code: Sendable {
        /// A number is missing, signed or misspelt: `""`, `-1s`, `1..5s`.
        case malformedNumber
        /// A number without a unit: `30`.
        case missingUnit
        /// A unit that does not exist: `30 sec`.
        case unknownUnit
        /// A unit that is not smaller than the one before it, or a second amount of bytes: `30m1h`, `1s1s`.
        case unitsOutOfOrder
        /// More than the type can hold: 292 years, 8 EiB.
        case tooLarge
    }

    /// What is wrong with the text.
    public let code: Code
    /// What to write instead, in one sentence.
    public let description: String
}

extension Duration {
    /// The duration that a text such as `250ms`, `1.5s` or `1h30m` names.
    ///
    /// Units are `ns us ms s m h d`, largest first. A fraction of a nanosecond is dropped.
    /// Throws ``UnitError``, also when a unit is missing.
    public init(parsing text: String) throws(UnitError) {
        self = .nanoseconds(try UnitGrammar.durations.amount(in: text))
    }

    /// The duration as ``init(parsing:)`` reads it: `1h30m`, `1.5s`, `250ms`. A fraction of a nanosecond is dropped.
    public var unitDescription: String {
        if self < .zero { return "-" + (.zero - self).unitDescription }
        var rest = self.wholeNanoseconds
        var text = ""
        for unit in UnitGrammar.durations.units {
            let factor = UInt64(unit.factor)
            guard rest >= factor else { continue }
            // From seconds down one decimal number reads better than `1s500ms`.
            if unit.factor <= 1_000_000_000 { return text + decimal(rest, per: factor) + unit.name }
            text += "\(rest / factor)\(unit.name)"
            rest %= factor
        }
        return text.isEmpty ? "0s" : text
    }
}

extension ByteCount {
    /// The amount that a text such as `64MiB` or `1.5GB` names.
    ///
    /// Units are `B KiB MiB GiB TiB` (powers of 1,024) and `kB MB GB TB` (powers of 1,000). A fraction of a byte is
    /// dropped. Throws ``UnitError``, also when the unit is missing.
    public init(parsing text: String) throws(UnitError) {
        self.init(bytes: Int(try UnitGrammar.byteCounts.amount(in: text)))
    }
}

/// Numbers with a mandatory unit: `<number><unit>`, for durations also several of them, largest unit first.
private struct UnitGrammar {
    struct Unit {
        let name: String
        let factor: Int64
    }

    /// Largest first.
    let units: [Unit]
    /// Whether a text may have several terms.
    let compound: Bool
    /// The units and an example, for error messages.
    let hint: String

    static let durations = UnitGrammar(
        units: [
            Unit(name: "d", factor: 86_400_000_000_000), Unit(name: "h", factor: 3_600_000_000_000),
            Unit(name: "m", factor: 60_000_000_000), Unit(name: "s", factor: 1_000_000_000),
            Unit(name: "ms", factor: 1_000_000), Unit(name: "us", factor: 1_000), Unit(name: "ns", factor: 1),
        ],
        compound: true,
        hint: "the units are ns, us, ms, s, m, h and d, as in \"1.5s\" or \"1h30m\""
    )

    static let byteCounts = UnitGrammar(
        units: [
            Unit(name: "TiB", factor: 1 << 40), Unit(name: "TB", factor: 1_000_000_000_000),
            Unit(name: "GiB", factor: 1 << 30), Unit(name: "GB", factor: 1_000_000_000),
            Unit(name: "MiB", factor: 1 << 20), Unit(name: "MB", factor: 1_000_000),
            Unit(name: "KiB", factor: 1 << 10), Unit(name: "kB", factor: 1_000), Unit(name: "B", factor: 1),
        ],
        compound: false,
        hint: "the units are B, KiB, MiB, GiB, TiB, kB, MB, GB and TB, as in \"64MiB\""
    )

    /// The amount that a text names, in the smallest unit.
    func amount(in text: String) throws(UnitError) -> Int64 {
        var rest = text[...]
        var total: Int64 = 0
        var previous: Unit?
        repeat {
            let number = rest.prefix { $0 == "." || $0.isASCIIDigit }
            let name = rest.dropFirst(number.count).prefix { $0 != "." && !$0.isASCIIDigit }
            rest = rest.dropFirst(number.count + name.count)
            let unit = try self.unit(named: name, after: number, in: text)
            guard previous == nil || self.compound && unit.factor < previous!.factor else {
                throw self.error(
                    .unitsOutOfOrder,
                    text,
                    self.compound ? "does not go from larger to smaller units" : "has more than one amount"
                )
            }
            total = try self.sum(total, try self.product(number, unit, in: text), in: text)
            previous = unit
        } while !rest.isEmpty
        return total
    }

    private func unit(named name: Substring, after number: Substring, in text: String) throws(UnitError) -> Unit {
        guard !number.isEmpty else { throw self.error(.malformedNumber, text, "does not start with a number") }
        guard !name.isEmpty else { throw self.error(.missingUnit, text, "has no unit") }
        guard let unit = self.units.first(where: { $0.name == name }) else {
            throw self.error(.unknownUnit, text, "has an unknown unit")
        }
        return unit
    }

    private func product(_ number: Substring, _ unit: Unit, in text: String) throws(UnitError) -> Int64 {
        let parts = number.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count <= 2, parts.allSatisfy({ !$0.isEmpty }) else {
            throw self.error(.malformedNumber, text, "has a malformed number")
        }
        // Eighteen digits fit an Int64; further ones after the point are below every unit.
        let fraction = parts.count == 2 ? parts[1].prefix(18) : ""
        guard let whole = Int64(parts[0]), let part = Int64("0" + fraction) else {
            throw self.error(.tooLarge, text, "is too large")
        }
        var scale: Int128 = 1
        for _ in fraction { scale *= 10 }
        let amount = Int128(whole) * Int128(unit.factor) + Int128(part) * Int128(unit.factor) / scale
        guard let result = Int64(exactly: amount) else { throw self.error(.tooLarge, text, "is too large") }
        return result
    }

    private func sum(_ left: Int64, _ right: Int64, in text: String) throws(UnitError) -> Int64 {
        let (sum, overflow) = left.addingReportingOverflow(right)
        if overflow { throw self.error(.tooLarge, text, "is too large") }
        return sum
    }

    private func error(_ code: UnitError.Code, _ text: String, _ problem: String) -> UnitError {
        UnitError(code: code, description: "\"\(text.prefix(40))\" \(problem); \(self.hint)")
    }
}

extension Character {
    fileprivate var isASCIIDigit: Bool { ("0"..."9").contains(self) }
}

/// `amount / factor` with as many decimals as it needs. `factor` is a power of ten.
private func decimal(_ amount: UInt64, per factor: UInt64) -> String {
    guard amount % factor != 0 else { return "\(amount / factor)" }
    var digits = "\(factor + amount % factor)".dropFirst()
    while digits.last == "0" { digits.removeLast() }
    return "\(amount / factor).\(digits)"
}
