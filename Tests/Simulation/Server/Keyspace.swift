/// The databases of a simulated server, and what has just changed in them.
struct Keyspace {
    /// One thing that a command did, for whoever keeps account.
    enum Change {
        case pushed(key: String, [UInt8])
        case popped(key: String, [UInt8])
        case fieldSet(key: String, field: [UInt8], [UInt8])
        case fieldDeleted(key: String, field: [UInt8], [UInt8])
        case memberSet(key: String, [UInt8], score: Double, isNew: Bool)
        case memberDeleted(key: String, [UInt8])
        case stringSet(key: String, [UInt8], database: Int)
        case setAdded(key: String, [UInt8])
        case setRemoved(key: String, [UInt8])
        case deleted(key: String)
    }

    private struct Entry {
        var value: StoredValue
        /// In nanoseconds of the server's clock.
        var expires: UInt64?
    }

    private var databases: [Int: [String: Entry]] = [:]
    /// What has changed since it was last taken.
    var changes: [Change] = []
    /// The server's clock, by which keys expire, in nanoseconds since 1970.
    var clock: UInt64 = 0

    /// The value of a key that has not expired.
    func value(_ key: String, _ database: Int) -> StoredValue? {
        guard let entry = self.databases[database]?[key] else { return nil }
        if let expires = entry.expires, expires <= self.clock { return nil }
        return entry.value
    }

    /// Replaces a value; without elements the key is gone. Keeps the expiry of a key that is there unless told another.
    mutating func set(_ key: String, _ database: Int, _ value: StoredValue?, expires: UInt64?? = nil) {
        guard let value, !value.isEmpty else {
            self.databases[database]?[key] = nil
            return
        }
        let kept = self.value(key, database) == nil ? nil : self.databases[database]?[key]?.expires
        self.databases[database, default: [:]][key] = Entry(value: value, expires: expires ?? kept)
    }

    /// Sets when a key expires. Returns whether it is there.
    mutating func expire(_ key: String, _ database: Int, at instant: UInt64?) -> Bool {
        guard self.value(key, database) != nil else { return false }
        self.databases[database]![key]!.expires = instant
        return true
    }

    /// When a key expires.
    func expiry(_ key: String, _ database: Int) -> UInt64? { self.databases[database]?[key]?.expires }

    /// All keys of a database that have not expired, in order.
    func keys(_ database: Int) -> [String] {
        (self.databases[database] ?? [:]).keys.filter { self.value($0, database) != nil }.sorted()
    }

    /// Keys that expired between two times, in order.
    func expired(_ database: Int, since start: UInt64, until end: UInt64) -> [String] {
        (self.databases[database] ?? [:]).filter { entry in
            entry.value.expires.map { $0 > start && $0 <= end } ?? false
        }.keys.sorted()
    }

    /// Forgets everything.
    mutating func flush() { self.databases = [:] }
}
