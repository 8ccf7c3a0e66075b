/// A chord that begins: what the result backend must know before all of its parts have returned.
public struct ChordStart: Sendable, Hashable {
    /// The id of the header's group; the keys of the chord are made of it.
    public var groupID: String
    /// How many parts will return.
    public var size: Int
    /// Where the results belong in the list that the body gets; `nil` when each part is one element.
    public var tree: SavedGroup?

    /// A chord.
    public init(groupID: String, size: Int, tree: SavedGroup? = nil) {
        self.groupID = groupID
        self.size = size
        self.tree = tree
    }
}
