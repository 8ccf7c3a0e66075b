/// Where a value lies in a document, from the inside out. Costs nothing until an error asks for the keys.
indirect enum CodingPath {
    case root
    case key(any CodingKey, in: CodingPath)
    case index(Int, in: CodingPath)

    /// The path from the outside in.
    var keys: [any CodingKey] {
        var keys: [any CodingKey] = []
        var path = self
        while true {
            switch path {
            case .root: return keys.reversed()
            case .key(let key, let parent):
                keys.append(key)
                path = parent
            case .index(let index, let parent):
                keys.append(PathKey(intValue: index))
                path = parent
            }
        }
    }
}

/// A key made from what a document holds: an index, or the name that `Codable` gives to a superclass.
struct PathKey: CodingKey {
    let stringValue: String
    let intValue: Int?

    init(intValue: Int) {
        self.stringValue = "Index \(intValue)"
        self.intValue = intValue
    }

    init(stringValue: String) {
        self.stringValue = stringValue
        self.intValue = nil
    }

    /// The key of `superDecoder()` and `superEncoder()`.
    static let superclass = PathKey(stringValue: "super")
}
