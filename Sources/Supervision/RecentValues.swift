/// The latest values of a series and the age at which each was seen. Of fixed size.
struct RecentValues: Sendable {
    private struct Entry: Sendable {
        let age: Int32
        let value: Double
    }

    private let capacity: Int
    private var entries: [Entry] = []
    private var next = 0

    init(capacity: Int) { self.capacity = capacity }

    mutating func append(_ value: Double, age: Int) {
        let entry = Entry(age: Int32(clamping: age), value: value)
        if self.entries.count < self.capacity { return self.entries.append(entry) }
        self.entries[self.next] = entry
        self.next = (self.next + 1) % self.capacity
    }

    /// Values that were seen at this age or later.
    func values(from age: Int) -> [Double] { self.entries.filter { $0.age >= age }.map(\.value) }
}
