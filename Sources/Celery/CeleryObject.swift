/// The members of an object, in their order. Of two equal keys the last counts.
public struct CeleryObject: Sendable, Hashable {
    /// A key and its value.
    public struct Member: Sendable, Hashable {
        /// The key.
        public var key: String
        /// Its value.
        public var value: CeleryValue

        /// A member.
        public init(key: String, value: CeleryValue) {
            self.key = key
            self.value = value
        }
    }

    /// The members.
    public private(set) var members: [Member]

    /// The given members; without arguments none.
    public init(_ members: [Member] = []) { self.members = members }

    /// The keys in order.
    public var keys: [String] { self.members.map(\.key) }

    /// The value of a key. Searches from the end. Setting replaces it in place or appends; setting `nil` removes.
    public subscript(key: String) -> CeleryValue? {
        get { self.members.last { $0.key == key }?.value }
        set {
            guard let newValue else { return self.members.removeAll { $0.key == key } }
            if let index = self.members.lastIndex(where: { $0.key == key }) {
                self.members[index].value = newValue
            } else {
                self.members.append(Member(key: key, value: newValue))
            }
        }
    }

    /// Appends a member without looking whether there is one of that key.
    mutating func append(_ key: String, _ value: CeleryValue) { self.members.append(Member(key: key, value: value)) }

    /// The members, with those of `other` in place of their namesakes or behind them.
    public func merging(_ other: CeleryObject) -> CeleryObject {
        var merged = self
        var positions = Dictionary(self.members.enumerated().map { ($1.key, $0) }, uniquingKeysWith: { $1 })
        for member in other.members {
            if let position = positions[member.key] {
                merged.members[position].value = member.value
            } else {
                positions[member.key] = merged.members.count
                merged.members.append(member)
            }
        }
        return merged
    }
}

extension CeleryObject: ExpressibleByDictionaryLiteral {
    /// The members in their order.
    public init(dictionaryLiteral members: (String, CeleryValue)...) {
        self.init(members.map { Member(key: $0, value: $1) })
    }
}
