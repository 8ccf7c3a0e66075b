import Celery
import Foundation
import JSON

/// Values as text, of which `oracle.py` writes the same for the same value.
enum CanonicalText {
    static func of(_ value: CeleryValue) -> String {
        switch value {
        case .null: "n"
        case .bool(let bool): bool ? "t" : "f"
        case .number(let number): self.of(number)
        case .notFinite(.nan): "dnan"
        case .notFinite(.infinity): self.of(Double.infinity)
        case .notFinite(.negativeInfinity): self.of(-Double.infinity)
        case .string(let string): "s" + self.hex(string.utf8)
        case .bytes(let bytes): "b" + self.hex(bytes)
        case .array(let elements): "[" + elements.map(self.of).joined(separator: ",") + "]"
        case .object(let object): self.object(object.members.map { ($0.key, self.of($0.value)) })
        case .special(let special): self.of(special)
        case .extended(-1, _): "x-1"
        case .extended(let code, let bytes): "x\(code):" + self.hex(bytes)
        }
    }

    static func of(_ value: JSONValue) -> String {
        switch value {
        case .null: "n"
        case .bool(let bool): bool ? "t" : "f"
        case .number(let number): self.of(number)
        case .string(let string): "s" + self.hex(string.utf8)
        case .array(let elements): "[" + elements.map(self.of).joined(separator: ",") + "]"
        case .object(let object): self.object(object.map { ($0.key, self.of($0.value)) })
        }
    }

    static func of(_ sets: [[Int]]) -> String {
        "[" + sets.map { "[" + $0.map { "i\($0)" }.joined(separator: ",") + "]" }.joined(separator: ",") + "]"
    }

    static func hex(_ bytes: some Sequence<UInt8>) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    /// Of two equal keys the last counts, as in Python.
    private static func object(_ members: [(String, String)]) -> String {
        let last = Dictionary(members.map { (self.hex($0.0.utf8), $0.1) }, uniquingKeysWith: { $1 })
        return "{" + last.sorted { $0.key < $1.key }.map { "\($0.key):\($0.value)" }.joined(separator: ",") + "}"
    }

    private static func of(_ number: JSONNumber) -> String {
        let text = number.description
        guard text.contains(where: { ".eE".contains($0) }) else { return text == "-0" ? "i0" : "i" + text }
        return self.of(Double(text) ?? .nan)
    }

    private static func of(_ number: Double) -> String {
        if number.isNaN { return "dnan" }
        let digits = String(number.bitPattern, radix: 16)
        return "d" + String(repeating: "0", count: 16 - digits.count) + digits
    }

    private static func of(_ special: SpecialValue) -> String {
        switch special.kind {
        case .datetime:
            guard let time = WallTime(special.text) else { return "T?" }
            return "T\(Int(time.seconds.rounded(.down)))\(time.isNaive ? "n" : "z")"
        case .date: return "Y" + special.text
        case .time: return "H"
        case .decimal:
            if special.text.hasSuffix("NaN") { return "Ddnan" }
            return "D" + self.of(Double(special.text) ?? .nan)
        case .uuid: return "u" + special.text.lowercased()
        }
    }
}
