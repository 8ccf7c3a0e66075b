/// A pattern for task names: `*` stands for any text, `?` for one character.
///
/// Matching looks at each character of the name once, whatever the pattern: a set of the places in the pattern
/// that the name may have reached moves along the name, one bit for each place.
public struct Glob: Equatable, Sendable {
    /// Characters, not counting stars, that a pattern can have.
    static let maximumLength = UInt128.bitWidth - 1

    /// Characters that a name must have literally. Of two patterns, the one with more of them is more specific.
    let literalCount: Int

    private var places: [Unicode.Scalar: UInt128] = [:]  // bit i: this character leads from place i to place i + 1
    private var wildcards: UInt128 = 0  // bit i: every character leads from place i to place i + 1
    private var stars: UInt128 = 0  // bit i: every character may stay at place i
    private let end: UInt128

    /// `nil` when the pattern has more than ``maximumLength`` characters.
    public init?(_ pattern: String) {
        let scalars = pattern.unicodeScalars
        let length = scalars.count { $0 != "*" }
        guard length <= Glob.maximumLength else { return nil }
        self.end = 1 << UInt128(length)
        self.literalCount = scalars.count { $0 != "*" && $0 != "?" }
        var place: UInt128 = 1
        for scalar in scalars {
            switch scalar {
            case "*":
                self.stars |= place
                continue
            case "?": self.wildcards |= place
            default: self.places[scalar, default: 0] |= place
            }
            place <<= 1
        }
    }

    /// Whether a task's name has to be matched rather than compared.
    static func isPattern(_ name: String) -> Bool {
        name.unicodeScalars.contains { $0 == "*" || $0 == "?" }
    }

    public func matches(_ name: some Sequence<Unicode.Scalar>) -> Bool {
        var reached: UInt128 = 1
        for scalar in name {
            let leaving = self.places[scalar, default: 0] | self.wildcards
            reached = (reached & leaving) << 1 | reached & self.stars
        }
        return reached & self.end != 0
    }
}
