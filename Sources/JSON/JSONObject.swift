/// The members of a JSON object, in their order. Keys are compared byte for byte, without Unicode normalization.
public struct JSONObject: Sendable {
    /// A key and its value.
    public typealias Member = (key: String, value: JSONValue)

    private var members: [Member] = []
    /// Where each key is. Only for objects with more members than a linear search is good for.
    private var index: [ExactKey: Int] = [:]
    private static let longestSearch = 16

    /// An object without members.
    public init() {}

    /// The keys in order.
    public var keys: [String] { self.members.map(\.key) }

    /// The value of a key. Setting replaces it in place or appends; setting `nil` removes.
    public subscript(key: String) -> JSONValue? {
        get { self.position(of: key).map { self.members[$0].value } }
        set {
            if let newValue { self.set(key, to: newValue) } else { self.remove(key) }
        }
    }

    /// Sets a key and returns whether it was new.
    @discardableResult
    mutating func set(_ key: String, to value: JSONValue) -> Bool {
        if let position = self.position(of: key) {
            self.members[position].value = value
            return false
        }
        self.members.append((key, value))
        if !self.index.isEmpty {
            self.index[ExactKey(key)] = self.members.count - 1
        } else if self.members.count > Self.longestSearch {
            self.buildIndex()
        }
        return true
    }

    private mutating func remove(_ key: String) {
        guard let position = self.position(of: key) else { return }
        self.members.remove(at: position)
        self.index = [:]
        if self.members.count > Self.longestSearch { self.buildIndex() }
    }

    private mutating func buildIndex() {
        self.index = Dictionary(uniqueKeysWithValues: self.members.indices.map { (ExactKey(self.members[$0].key), $0) })
    }

    private func position(of key: String) -> Int? {
        if !self.index.isEmpty { return self.index[ExactKey(key)] }
        return self.members.firstIndex { ExactKey($0.key) == ExactKey(key) }
    }
}

extension JSONObject: RandomAccessCollection {
    /// The position of the first member: 0.
    public var startIndex: Int { 0 }
    /// The number of members.
    public var endIndex: Int { self.members.count }
    /// The member at a position.
    public subscript(position: Int) -> Member { self.members[position] }
}

extension JSONObject: Hashable {
    /// Whether both have the same keys with the same values, in whatever order.
    public static func == (left: JSONObject, right: JSONObject) -> Bool {
        left.count == right.count && left.allSatisfy { right[$0.key] == $0.value }
    }

    /// Feeds the members, in whatever order.
    public func hash(into hasher: inout Hasher) {
        // A sum, because the order does not count.
        var sum = 0
        for member in self.members {
            var hasher = Hasher()
            hasher.combine(ExactKey(member.key))
            hasher.combine(member.value)
            sum &+= hasher.finalize()
        }
        hasher.combine(sum)
    }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
    /// The members given. Of two equal keys the last counts.
    public init(dictionaryLiteral members: (String, JSONValue)...) {
        for (key, value) in members { self.set(key, to: value) }
    }
}

/// A string that equals only its own bytes: Swift takes "é" in its two spellings as equal, JSON does not.
private struct ExactKey: Hashable {
    let string: String

    init(_ string: String) { self.string = string }

    static func == (left: ExactKey, right: ExactKey) -> Bool {
        // The first comparison is quick and decides nearly always.
        left.string == right.string && left.string.utf8.elementsEqual(right.string.utf8)
    }

    func hash(into hasher: inout Hasher) {
        var string = self.string
        string.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}
