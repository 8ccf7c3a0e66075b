/// What somebody types into `celeriac top`.
public enum TopKey: Equatable, Sendable {
    case quit, up, down, terminate, recycle, grow, shrink, yes
    /// Anything else, which answers a question with no.
    case other

    /// The keys in what a terminal in raw mode has sent.
    public static func keys(in bytes: [UInt8]) -> [TopKey] {
        var keys: [TopKey] = []
        var rest = bytes[...]
        while let first = rest.first {
            // An arrow is an escape, a bracket or an O, and a letter.
            if first == 0x1B, rest.count >= 3 {
                keys.append(Self.arrow(rest[rest.startIndex + 2]))
                rest = rest.dropFirst(3)
            } else {
                keys.append(Self.key(first))
                rest = rest.dropFirst()
            }
        }
        return keys
    }

    private static func arrow(_ letter: UInt8) -> TopKey {
        switch letter {
        case UInt8(ascii: "A"): .up
        case UInt8(ascii: "B"): .down
        default: .other
        }
    }

    private static func key(_ byte: UInt8) -> TopKey {
        switch byte {
        // Control-C and control-D: in raw mode they are keys like others.
        case UInt8(ascii: "q"), 3, 4: .quit
        case UInt8(ascii: "k"): .up
        case UInt8(ascii: "j"): .down
        case UInt8(ascii: "t"): .terminate
        case UInt8(ascii: "r"): .recycle
        case UInt8(ascii: "+"): .grow
        case UInt8(ascii: "-"): .shrink
        case UInt8(ascii: "y"), UInt8(ascii: "Y"): .yes
        default: .other
        }
    }
}
