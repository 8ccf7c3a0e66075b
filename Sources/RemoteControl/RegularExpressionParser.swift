/// Reads the part of Python's regular expressions that needs no memory of what was matched.
struct RegularExpressionParser {
    private static let deepest = 50

    private var rest: ArraySlice<Unicode.Scalar>
    private var depth = 0

    init(_ text: String) { self.rest = Array(text.unicodeScalars)[...] }

    mutating func parse() throws(ControlError) -> MatchTree {
        let tree = try self.branches()
        guard self.rest.isEmpty else { throw ControlError("unbalanced parenthesis in the pattern") }
        return tree
    }

    private mutating func branches() throws(ControlError) -> MatchTree {
        self.depth += 1
        defer { self.depth -= 1 }
        guard self.depth <= Self.deepest else { throw ControlError("the pattern is too deep") }
        var branches = [try self.sequence()]
        while self.skip("|") { branches.append(try self.sequence()) }
        return branches.count == 1 ? branches[0] : .either(branches)
    }

    private mutating func sequence() throws(ControlError) -> MatchTree {
        var parts: [MatchTree] = []
        while let next = self.rest.first, next != "|", next != ")" {
            parts.append(try self.repeated(try self.atom()))
        }
        return .sequence(parts)
    }

    private mutating func repeated(_ atom: MatchTree) throws(ControlError) -> MatchTree {
        guard let bounds = try self.bounds() else { return atom }
        // Whether as much or as little as possible is taken makes no difference to whether there is a match.
        _ = self.skip("?")
        if self.skip("+") { throw ControlError("the pattern has a possessive quantifier") }
        if try self.bounds() != nil { throw ControlError("multiple repeat in the pattern") }
        return .repeated(atom, atLeast: bounds.least, atMost: bounds.most)
    }

    private mutating func bounds() throws(ControlError) -> (least: Int, most: Int?)? {
        switch self.rest.first {
        case "*": self.rest.removeFirst(); return (0, nil)
        case "+": self.rest.removeFirst(); return (1, nil)
        case "?": self.rest.removeFirst(); return (0, 1)
        case "{": return try self.counted()
        default: return nil
        }
    }

    /// `{2}`, `{2,}`, `{,3}`, `{2,3}`; a brace of another form stands for itself.
    private mutating func counted() throws(ControlError) -> (least: Int, most: Int?)? {
        guard let close = self.rest.firstIndex(of: "}") else { return nil }
        let text = String(String.UnicodeScalarView(self.rest[(self.rest.startIndex + 1)..<close]))
        let parts = text.split(separator: ",", omittingEmptySubsequences: false)
        let numbers = parts.map { Int($0) }
        guard parts.count <= 2, !text.isEmpty, zip(parts, numbers).allSatisfy({ $0.isEmpty || $1 != nil }) else {
            return nil
        }
        let least = (numbers[0] ?? 0)
        let most = parts.count == 1 ? least : numbers[1]
        guard (0...1_000).contains(least), most.map({ (least...1_000).contains($0) }) ?? true else {
            throw ControlError("a repetition of the pattern is out of range")
        }
        self.rest = self.rest[(close + 1)...]
        return (least, most)
    }

    private mutating func atom() throws(ControlError) -> MatchTree {
        guard let scalar = self.rest.popFirst() else { return .sequence([]) }
        switch scalar {
        case ".": return .one(CharacterTest.only("\n").negated)
        case "^": return .assertion(.start)
        case "$": return .assertion(.end)
        case "[": return .one(try self.set())
        case "(": return try self.group()
        case "\\": return try self.escape()
        case "*", "+", "?": throw ControlError("nothing to repeat in the pattern")
        default: return .one(.only(scalar))
        }
    }

    private mutating func group() throws(ControlError) -> MatchTree {
        if self.skip("?") {
            if self.skip("P") {
                try self.skipName()
            } else if !self.skip(":") {
                throw ControlError("the pattern has a group of a kind that is not supported")
            }
        }
        let tree = try self.branches()
        guard self.skip(")") else { throw ControlError("missing ) in the pattern") }
        return tree
    }

    private mutating func skipName() throws(ControlError) {
        guard self.skip("<"), let end = self.rest.firstIndex(of: ">") else {
            throw ControlError("the pattern has a group of a kind that is not supported")
        }
        self.rest = self.rest[(end + 1)...]
    }

    private mutating func escape() throws(ControlError) -> MatchTree {
        switch self.rest.first {
        case "A": self.rest.removeFirst(); return .assertion(.start)
        case "Z": self.rest.removeFirst(); return .assertion(.end)
        case "b": self.rest.removeFirst(); return .assertion(.wordBoundary)
        case "B": self.rest.removeFirst(); return .assertion(.noWordBoundary)
        default: return .one(try self.escapedTest())
        }
    }

    private mutating func escapedTest() throws(ControlError) -> CharacterTest {
        guard let scalar = self.rest.popFirst() else { throw ControlError("bad escape at the end of the pattern") }
        switch scalar {
        case "d": return .digit
        case "D": return CharacterTest.digit.negated
        case "w": return .word
        case "W": return CharacterTest.word.negated
        case "s": return .space
        case "S": return CharacterTest.space.negated
        case "n": return .only("\n")
        case "t": return .only("\t")
        case "a"..."z", "A"..."Z", "0"..."9": throw ControlError("bad escape \\\(scalar) in the pattern")
        default: return .only(scalar)
        }
    }

    private mutating func set() throws(ControlError) -> CharacterTest {
        var ranges: [ClosedRange<Unicode.Scalar>] = []
        let isNegated = self.skip("^")
        var isFirst = true
        while let scalar = self.rest.popFirst() {
            if scalar == "]" && !isFirst { return CharacterTest(ranges: ranges, isNegated: isNegated) }
            isFirst = false
            guard let low = try self.member(scalar, &ranges) else { continue }
            guard self.rest.first == "-", let next = self.rest.dropFirst().first, next != "]" else {
                ranges.append(low...low)
                continue
            }
            self.rest = self.rest.dropFirst(2)
            guard let high = try self.member(next, &ranges), low <= high else {
                throw ControlError("bad character range in the pattern")
            }
            ranges.append(low...high)
        }
        throw ControlError("unterminated character set in the pattern")
    }

    /// A member of a set; `nil` for a class of characters, which is added as a whole.
    private mutating func member(
        _ scalar: Unicode.Scalar, _ ranges: inout [ClosedRange<Unicode.Scalar>]
    ) throws(ControlError) -> Unicode.Scalar? {
        guard scalar == "\\" else { return scalar }
        let test = try self.escapedTest()
        guard !test.isNegated else { throw ControlError("a set of the pattern holds a negated class") }
        if test.ranges.count == 1, test.ranges[0].lowerBound == test.ranges[0].upperBound {
            return test.ranges[0].lowerBound
        }
        ranges += test.ranges
        return nil
    }

    private mutating func skip(_ scalar: Unicode.Scalar) -> Bool {
        guard self.rest.first == scalar else { return false }
        self.rest.removeFirst()
        return true
    }
}
