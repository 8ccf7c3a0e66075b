/// What a key of the simulated server holds.
enum StoredValue: Equatable {
    case string([UInt8])
    /// Leftmost first.
    case list([[UInt8]])
    case hash([HashField])
    case sortedSet([ScoredMember])
    case set([[UInt8]])

    /// As `TYPE` answers.
    var type: String {
        switch self {
        case .string: "string"
        case .list: "list"
        case .hash: "hash"
        case .sortedSet: "zset"
        case .set: "set"
        }
    }

    /// A key without elements is none.
    var isEmpty: Bool {
        switch self {
        case .string: false
        case .list(let elements), .set(let elements): elements.isEmpty
        case .hash(let fields): fields.isEmpty
        case .sortedSet(let members): members.isEmpty
        }
    }
}

/// A field of a hash, in the order in which they were set.
struct HashField: Equatable {
    let name: [UInt8]
    var value: [UInt8]
}

/// A member of a sorted set, which is kept in order.
struct ScoredMember: Equatable {
    let member: [UInt8]
    var score: Double

    static func isBefore(_ left: ScoredMember, _ right: ScoredMember) -> Bool {
        left.score == right.score
            ? left.member.lexicographicallyPrecedes(right.member) : left.score < right.score
    }
}

extension [HashField] {
    subscript(name: [UInt8]) -> [UInt8]? { self.first { $0.name == name }?.value }

    /// Returns whether the field is new.
    mutating func set(_ name: [UInt8], _ value: [UInt8]) -> Bool {
        if let index = self.firstIndex(where: { $0.name == name }) {
            self[index].value = value
            return false
        }
        self.append(HashField(name: name, value: value))
        return true
    }

    /// Returns what the field held.
    mutating func delete(_ name: [UInt8]) -> [UInt8]? {
        guard let index = self.firstIndex(where: { $0.name == name }) else { return nil }
        return self.remove(at: index).value
    }
}

extension [ScoredMember] {
    func score(of member: [UInt8]) -> Double? { self.first { $0.member == member }?.score }

    /// Returns whether the member is new.
    mutating func set(_ member: [UInt8], _ score: Double) -> Bool {
        let isNew = self.delete(member) == nil
        let entry = ScoredMember(member: member, score: score)
        let index = self.firstIndex { ScoredMember.isBefore(entry, $0) } ?? self.endIndex
        self.insert(entry, at: index)
        return isNew
    }

    /// Returns the member's score.
    mutating func delete(_ member: [UInt8]) -> Double? {
        guard let index = self.firstIndex(where: { $0.member == member }) else { return nil }
        return self.remove(at: index).score
    }
}
