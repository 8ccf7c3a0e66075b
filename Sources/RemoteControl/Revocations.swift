import Celery

/// Tasks that were called off, by id or by what they are stamped with, each until a time.
public struct Revocations: Sendable {
    /// What a fleet remembers at most. Celery: `CELERY_WORKER_REVOKES_MAX`.
    public static let most = 50_000
    /// How long, in seconds: a week. Celery forgets after three hours (`CELERY_WORKER_REVOKE_EXPIRES`), and tasks that
    /// were to start later run.
    public static let seconds = 604_800

    /// The longest id, in bytes; what is longer is not remembered. Celery's have 36.
    public static let longestID = 512

    /// A stamp that was revoked.
    public struct Stamp: Hashable, Sendable {
        /// Its name.
        public let name: String
        /// Its value.
        public let value: CeleryValue

        /// A stamp.
        public init(name: String, value: CeleryValue) {
            self.name = name
            self.value = value
        }
    }

    private var untilByID: [ArraySlice<UInt8>: Double] = [:]
    private var untilByStamp: [Stamp: Double] = [:]

    /// Nothing revoked.
    public init() {}

    /// Whether nothing is revoked, so that nobody need look.
    public var isEmpty: Bool { self.untilByID.isEmpty && self.untilByStamp.isEmpty }

    /// Whether stamps are to be looked at.
    public var hasStamps: Bool { !self.untilByStamp.isEmpty }

    /// The ids, sorted.
    public var ids: [String] { self.untilByID.keys.map { String(decoding: $0, as: UTF8.self) }.sorted() }

    /// Calls a task off until a time in seconds since 1970.
    public mutating func insert(_ id: String, until time: Double, now: Double) {
        guard id.utf8.count <= Self.longestID else { return }
        self.makeRoom(now)
        self.untilByID[Array(id.utf8)[...]] = time
    }

    /// Calls off what is stamped so. A name or value that is longer than an id may be is not remembered.
    public mutating func insert(_ stamp: Stamp, until time: Double, now: Double) {
        let size = (try? stamp.value.json().count) ?? .max
        guard stamp.name.utf8.count <= Self.longestID, size <= Self.longestID else { return }
        self.makeRoom(now)
        self.untilByStamp[stamp] = time
    }

    /// Whether a task was called off by its id.
    public func contains(_ id: ArraySlice<UInt8>, now: Double) -> Bool {
        self.untilByID[id].map { $0 > now } ?? false
    }

    /// Whether one of the stamps of a message was revoked. A stamp of several values has each of them.
    public func contains(stampsOf message: ArraySlice<UInt8>, now: Double) -> Bool {
        guard self.hasStamps, let raw = MessageDetails(scanning: message).stamps,
            let stamps = try? RawJSON(unchecked: raw).value().asObject
        else { return false }
        return stamps.members.contains { member in
            (member.value.asArray ?? [member.value]).contains { value in
                self.untilByStamp[Stamp(name: member.key, value: value)].map { $0 > now } ?? false
            }
        }
    }

    /// Past the bound those go that are over, then a tenth: of each kind those that end first.
    private mutating func makeRoom(_ now: Double) {
        guard self.untilByID.count + self.untilByStamp.count >= Self.most else { return }
        self.untilByID = self.untilByID.filter { $0.value > now }
        self.untilByStamp = self.untilByStamp.filter { $0.value > now }
        guard self.untilByID.count + self.untilByStamp.count >= Self.most else { return }
        Self.dropTenth(of: &self.untilByID)
        Self.dropTenth(of: &self.untilByStamp)
    }

    private static func dropTenth<Key>(of table: inout [Key: Double]) {
        let first = table.sorted { $0.value < $1.value }.prefix((table.count + 9) / 10)
        for (key, _) in first { table[key] = nil }
    }
}
