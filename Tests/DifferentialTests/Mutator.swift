import Supervision

/// Makes documents of others: the same ones for a seed.
struct Mutator {
    private let seeds: [[UInt8]]
    private let words: [[UInt8]]
    private var random: SeededGenerator
    /// Longest document: the deepest nesting stays within what Python's recursion stands.
    private static let mostBytes = 600

    init(_ subject: Subject, seed: UInt64) {
        self.seeds = subject.seeds.filter { $0.count <= 4_096 }
        self.words = subject.words.map { Array($0.utf8) }
        self.random = SeededGenerator(seed: seed)
    }

    /// A seed as it is, or changed in up to four places.
    mutating func next() -> [UInt8] {
        var document = self.seeds.randomElement(using: &self.random) ?? []
        for _ in 0..<Int.random(in: 0...4, using: &self.random) { self.change(&document) }
        return Array(document.prefix(max(Self.mostBytes, 4_096)))
    }

    private mutating func change(_ document: inout [UInt8]) {
        let place = Int.random(in: 0...document.count, using: &self.random)
        let word = self.words.randomElement(using: &self.random) ?? []
        let length = Int.random(in: 0...8, using: &self.random)
        let end = min(document.count, place + length)
        switch Int.random(in: 0..<8, using: &self.random) {
        case 0 where place < document.count: document[place] ^= 1 << UInt8.random(in: 0..<8, using: &self.random)
        case 1 where place < document.count: document[place] = UInt8.random(in: 0...255, using: &self.random)
        case 2: document.removeSubrange(place..<end)
        case 3: document.insert(contentsOf: document[place..<end], at: place)
        case 4: document.insert(contentsOf: word, at: place)
        case 5: document.replaceSubrange(place..<end, with: word)
        case 6: document = word
        default:
            let other = self.seeds.randomElement(using: &self.random) ?? []
            document.replaceSubrange(place..<end, with: other.suffix(64))
        }
    }
}
