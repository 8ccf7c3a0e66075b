/// An amount of memory, output or message data, in bytes.
public struct ByteCount: Hashable, Comparable, Sendable {
    /// The number of bytes.
    public var bytes: Int

    /// An amount of so many bytes.
    public init(bytes: Int) { self.bytes = bytes }

    /// So many kibibytes (1,024 bytes).
    public static func kibibytes(_ count: Int) -> ByteCount { ByteCount(bytes: count << 10) }

    /// So many mebibytes (1,048,576 bytes).
    public static func mebibytes(_ count: Int) -> ByteCount { ByteCount(bytes: count << 20) }

    /// So many gibibytes (1,073,741,824 bytes).
    public static func gibibytes(_ count: Int) -> ByteCount { ByteCount(bytes: count << 30) }

    public static func < (left: ByteCount, right: ByteCount) -> Bool { left.bytes < right.bytes }
}

extension ByteCount: CustomStringConvertible {
    /// The amount in the largest unit that divides it, as the configuration writes it: `64MiB`.
    public var description: String {
        for (shift, unit) in [(30, "GiB"), (20, "MiB"), (10, "KiB")] where self.bytes != 0 {
            if self.bytes & ((1 << shift) - 1) == 0 { return "\(self.bytes >> shift)\(unit)" }
        }
        return "\(self.bytes)B"
    }
}
