import JSON
import Yams

/// Which plain texts are numbers, and which ones, as PyYAML decides. It reads YAML 1.1, with a stricter idea of floats:
/// `1e3` and `0o17` are texts.
enum YAMLScalar {
    private static let integers = #"""
        ^(?:[-+]?0b[0-1_]+|[-+]?0[0-7_]+|[-+]?(?:0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]+|[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+)$
        """#
    private static let floats = #"""
        ^(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?\#
        |[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$
        """#

    /// What tells the type of a plain text.
    static let resolver: Resolver = {
        guard let resolver = try? Resolver.default.replacing(.int, with: integers).replacing(.float, with: floats)
        else {
            preconditionFailure("These are regular expressions.")
        }
        return resolver
    }()

    /// An integer: decimal of any size, else of 64 bits; `1:30` is ninety.
    static func integer(_ text: String) -> JSONNumber? {
        let (isNegative, digits) = self.unsigned(text)
        if digits.isEmpty { return nil }
        if digits.first != "0", !digits.contains(":") { return JSONNumber((isNegative ? "-" : "") + digits) }
        return self.magnitude(digits).map { JSONNumber(isNegative ? -$0 : $0) }
    }

    private static func magnitude(_ digits: String) -> Int? {
        if digits == "0" { return 0 }
        if digits.hasPrefix("0b") { return Int(digits.dropFirst(2), radix: 2) }
        if digits.hasPrefix("0x") { return Int(digits.dropFirst(2), radix: 16) }
        if digits.first == "0" { return Int(digits, radix: 8) }
        var value = 0
        for part in digits.split(separator: ":", omittingEmptySubsequences: false) {
            let (product, overflow) = value.multipliedReportingOverflow(by: 60)
            guard !overflow, let number = Int(part) else { return nil }
            let (sum, isTooLarge) = product.addingReportingOverflow(number)
            if isTooLarge { return nil }
            value = sum
        }
        return value
    }

    /// A float; `1:30.5` is ninety and a half.
    static func float(_ text: String) -> Double? {
        let (isNegative, digits) = self.unsigned(text.lowercased())
        guard let magnitude = self.magnitude(ofFloat: digits) else { return nil }
        return isNegative ? -magnitude : magnitude
    }

    private static func magnitude(ofFloat digits: String) -> Double? {
        if digits == ".inf" { return .infinity }
        if digits == ".nan" { return .nan }
        // Swift also reads what C writes in hexadecimal.
        guard !digits.contains("x") else { return nil }
        var value = 0.0
        for part in digits.split(separator: ":", omittingEmptySubsequences: false) {
            guard let number = Double(part) else { return nil }
            value = value * 60 + number
        }
        return value
    }

    private static func unsigned(_ text: String) -> (isNegative: Bool, digits: String) {
        let digits = text.filter { $0 != "_" }
        guard let sign = digits.first, sign == "-" || sign == "+" else { return (false, digits) }
        return (sign == "-", String(digits.dropFirst()))
    }
}
