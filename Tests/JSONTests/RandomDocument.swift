import JSON
import Supervision

extension JSONValue {
    /// A document with every kind of value, at most `depth` containers deep.
    static func random(depth: Int, using generator: inout SeededGenerator) -> JSONValue {
        switch Int.random(in: 0..<(depth > 0 ? 9 : 6), using: &generator) {
        case 0: return .null
        case 1: return .bool(.random(using: &generator))
        case 2: return .number(JSONNumber(Int64(truncatingIfNeeded: generator.next()) >> (generator.next() % 64)))
        case 3: return .number(.random(using: &generator))
        case 4, 5: return .string(.random(using: &generator))
        case 6: return .array((0..<generator.next() % 6).map { _ in .random(depth: depth - 1, using: &generator) })
        default:
            var object = JSONObject()
            for _ in 0..<generator.next() % (depth > 2 ? 30 : 6) {
                object[.random(using: &generator)] = .random(depth: depth - 1, using: &generator)
            }
            return .object(object)
        }
    }
}

extension JSONNumber {
    static func random(using generator: inout SeededGenerator) -> JSONNumber {
        func digits(_ generator: inout SeededGenerator) -> String {
            (0..<Int.random(in: 1...25, using: &generator)).map { _ in "\(generator.next() % 10)" }.joined()
        }
        var text = Bool.random(using: &generator) ? "-" : ""
        text += Bool.random(using: &generator) ? "0" : "7" + digits(&generator)
        if Bool.random(using: &generator) { text += "." + digits(&generator) }
        if Bool.random(using: &generator) {
            text += ["e", "E", "e+", "E-"].randomElement(using: &generator)! + digits(&generator)
        }
        return JSONNumber(text)!
    }
}

extension String {
    static func random(using generator: inout SeededGenerator) -> String {
        let alphabet: [Unicode.Scalar] = [
            "a", "Z", " ", "\"", "\\", "/", "\n", "\u{0}", "\u{1F}", "\u{7F}", "é", "\u{301}", "漢", "\u{FFFF}", "😀",
            "\u{10FFFF}",
        ]
        var scalars = String.UnicodeScalarView()
        for _ in 0..<generator.next() % 20 { scalars.append(alphabet.randomElement(using: &generator)!) }
        return String(scalars)
    }
}
