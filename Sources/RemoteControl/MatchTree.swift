/// What a pattern asks of a text.
indirect enum MatchTree {
    case one(CharacterTest)
    case assertion(MatchAssertion)
    case sequence([MatchTree])
    case either([MatchTree])
    case repeated(MatchTree, atLeast: Int, atMost: Int?)
}

/// A condition on a place in a text.
enum MatchAssertion {
    case start, end, wordBoundary, noWordBoundary
}

/// A condition on one character.
struct CharacterTest {
    var ranges: [ClosedRange<Unicode.Scalar>]
    var isNegated = false

    static let any = CharacterTest(ranges: [], isNegated: true)
    static let digit = CharacterTest(ranges: ["0"..."9"])
    static let word = CharacterTest(ranges: ["a"..."z", "A"..."Z", "0"..."9", "_"..."_", "\u{AA}"..."\u{10FFFF}"])
    static let space = CharacterTest(ranges: [" "..." ", "\t"..."\r"])

    static func only(_ scalar: Unicode.Scalar) -> CharacterTest { CharacterTest(ranges: [scalar...scalar]) }

    var negated: CharacterTest { CharacterTest(ranges: self.ranges, isNegated: !self.isNegated) }

    func holds(for scalar: Unicode.Scalar) -> Bool {
        self.ranges.contains { $0.contains(scalar) } != self.isNegated
    }
}

/// A pattern as steps of a machine that is in many places at once: one pass over the text, no going back.
struct MatchProgram: Sendable {
    private enum Step: Sendable {
        case one(CharacterTest)
        case assertion(MatchAssertion)
        case jump(Int)
        case fork(Int, Int)
        case accept
    }

    /// Steps of one pattern: repetitions of repetitions multiply.
    private static let mostSteps = 5_000

    private var steps: [Step] = []
    /// Parts that were added: of those that ask for nothing there can be many without a step.
    private var parts = 0

    init(_ tree: inout MatchTree) throws(ControlError) {
        try self.add(tree)
        self.steps.append(.accept)
    }

    private mutating func add(_ tree: MatchTree) throws(ControlError) {
        self.parts += 1
        guard self.steps.count < Self.mostSteps, self.parts < 4 * Self.mostSteps else {
            throw ControlError("the pattern is too large")
        }
        switch tree {
        case .one(let test): self.steps.append(.one(test))
        case .assertion(let assertion): self.steps.append(.assertion(assertion))
        case .sequence(let parts): for part in parts { try self.add(part) }
        case .either(let branches): try self.add(either: branches[...])
        case .repeated(let part, let least, let most): try self.add(part, atLeast: least, atMost: most)
        }
    }

    private mutating func add(either branches: ArraySlice<MatchTree>) throws(ControlError) {
        guard let first = branches.first else { return }
        guard branches.count > 1 else { return try self.add(first) }
        let fork = self.reserve()
        try self.add(first)
        let jump = self.reserve()
        self.steps[fork] = .fork(fork + 1, self.steps.count)
        try self.add(either: branches.dropFirst())
        self.steps[jump] = .jump(self.steps.count)
    }

    private mutating func add(_ part: MatchTree, atLeast least: Int, atMost most: Int?) throws(ControlError) {
        for _ in 0..<least { try self.add(part) }
        guard let most else {
            let fork = self.reserve()
            try self.add(part)
            self.steps.append(.jump(fork))
            self.steps[fork] = .fork(fork + 1, self.steps.count)
            return
        }
        var forks: [Int] = []
        for _ in least..<max(least, most) {
            forks.append(self.reserve())
            try self.add(part)
        }
        for fork in forks { self.steps[fork] = .fork(fork + 1, self.steps.count) }
    }

    private mutating func reserve() -> Int {
        self.steps.append(.accept)
        return self.steps.count - 1
    }

    /// Whether the text begins with what the pattern asks for.
    func matches(_ text: [Unicode.Scalar]) -> Bool {
        var places: [Int] = []
        var seen = [Int](repeating: -1, count: self.steps.count)
        if self.reach(0, at: 0, text, &places, &seen) { return true }
        for index in text.indices {
            var next: [Int] = []
            for place in places {
                guard case .one(let test) = self.steps[place], test.holds(for: text[index]) else { continue }
                if self.reach(place + 1, at: index + 1, text, &next, &seen) { return true }
            }
            if next.isEmpty { return false }
            places = next
        }
        return false
    }

    /// Adds the places that can be reached without a further character. Returns whether the end is among them.
    private func reach(
        _ step: Int, at index: Int, _ text: [Unicode.Scalar], _ places: inout [Int], _ seen: inout [Int]
    ) -> Bool {
        var waiting = [step]
        while let step = waiting.popLast() {
            guard seen[step] != index else { continue }
            seen[step] = index
            switch self.steps[step] {
            case .one: places.append(step)
            case .assertion(let assertion): if assertion.holds(at: index, of: text) { waiting.append(step + 1) }
            case .jump(let target): waiting.append(target)
            case .fork(let first, let second): waiting += [second, first]
            case .accept: return true
            }
        }
        return false
    }
}

extension MatchAssertion {
    fileprivate func holds(at index: Int, of text: [Unicode.Scalar]) -> Bool {
        switch self {
        case .start: return index == 0
        case .end: return index == text.count
        case .wordBoundary, .noWordBoundary:
            let before = index > 0 && CharacterTest.word.holds(for: text[index - 1])
            let behind = index < text.count && CharacterTest.word.holds(for: text[index])
            return (before != behind) == (self == .wordBoundary)
        }
    }
}

extension CharacterTest: Sendable {}
extension MatchAssertion: Sendable {}
