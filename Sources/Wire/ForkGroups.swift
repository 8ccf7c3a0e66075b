/// The control groups that come with an order to fork: directories, after the child's pipes.
public struct ForkGroups: Equatable, Sendable {
    /// How many directories there are.
    public var count: Int
    /// Whether the one directory is a group of version 2, in which a child can be born.
    public var isUnified: Bool

    /// No groups.
    public static let none = ForkGroups(count: 0, isUnified: false)

    /// So many directories.
    public init(count: Int, isUnified: Bool) {
        self.count = count
        self.isUnified = isUnified
    }

    /// One byte: bit 7 for a group of version 2, the others for the number.
    var encoded: UInt8 { UInt8(truncatingIfNeeded: self.count) & 0x7F | (self.isUnified ? 0x80 : 0) }

    init(_ byte: UInt8) { self.init(count: Int(byte & 0x7F), isUnified: byte & 0x80 != 0) }
}
