/// Which workers a request is for, by a pattern for their names.
///
/// Matching takes time for the pattern times the name, whatever both are: patterns come from whoever can publish.
public struct NodePattern: Sendable {
    /// The grammars of patterns. Celery: `matcher`.
    public enum Grammar: String, Sendable {
        /// Shell patterns of the whole name: `*`, `?`, `[abc]`, `[!abc]`.
        case glob
        /// Regular expressions of Python for the beginning of the name.
        case pcre
    }

    private let program: MatchProgram

    /// Throws ``ControlError`` for a pattern that is none, or that needs to look back or ahead.
    public init(_ text: String, _ grammar: Grammar) throws(ControlError) {
        guard text.unicodeScalars.count <= 1_000 else { throw ControlError("the pattern is too long") }
        var tree: MatchTree
        switch grammar {
        case .glob: tree = .sequence([ShellPattern.tree(text), .assertion(.end)])
        case .pcre:
            var parser = RegularExpressionParser(text)
            tree = try parser.parse()
        }
        self.program = try MatchProgram(&tree)
    }

    /// Whether a node has such a name.
    public func matches(_ name: String) -> Bool { self.program.matches(Array(name.unicodeScalars)) }
}

/// Shell patterns, as Python's `fnmatch` reads them.
private enum ShellPattern {
    static func tree(_ text: String) -> MatchTree {
        var parts: [MatchTree] = []
        var rest = Array(text.unicodeScalars)[...]
        while let scalar = rest.popFirst() {
            switch scalar {
            case "*": parts.append(.repeated(.one(.any), atLeast: 0, atMost: nil))
            case "?": parts.append(.one(.any))
            case "[": parts.append(.one(self.set(&rest) ?? .only("[")))
            default: parts.append(.one(.only(scalar)))
            }
        }
        return .sequence(parts)
    }

    /// A set behind its bracket; `nil` for one that does not end, which stands for a bracket.
    private static func set(_ rest: inout ArraySlice<Unicode.Scalar>) -> CharacterTest? {
        var end = rest.startIndex
        if end < rest.endIndex, rest[end] == "!" { end += 1 }
        if end < rest.endIndex, rest[end] == "]" { end += 1 }
        guard let close = rest[end...].firstIndex(of: "]") else { return nil }
        var members = rest[rest.startIndex..<close]
        rest = rest[(close + 1)...]
        let isNegated = members.first == "!"
        if isNegated { members.removeFirst() }
        var ranges: [ClosedRange<Unicode.Scalar>] = []
        while let first = members.popFirst() {
            guard members.count >= 2, members.first == "-" else {
                ranges.append(first...first)
                continue
            }
            let last = members[members.startIndex + 1]
            members = members.dropFirst(2)
            if first <= last { ranges.append(first...last) }
        }
        return CharacterTest(ranges: ranges, isNegated: isNegated)
    }
}
