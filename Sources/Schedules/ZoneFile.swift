/// Why bytes are no file of the time-zone database.
public struct ZoneError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong.
    public let description: String

    /// An error that says what is wrong.
    public init(_ description: String) { self.description = description }
}

extension ZoneRules {
    /// Most bytes of a file that is read; the largest of the database has less than four thousand.
    public static let largestFile = 65_536

    /// Reads a file of the time-zone database, `TZif` of version 1 to 4 (RFC 8536).
    ///
    /// Throws ``ZoneError``, also for a file that counts leap seconds, as those below `right/` do.
    public init(name: String, file bytes: [UInt8]) throws(ZoneError) {
        guard bytes.count <= Self.largestFile else { throw ZoneError("the file has \(bytes.count) bytes") }
        var reader = ZoneFileReader(bytes)
        let header = try reader.header()
        guard header.version >= UInt8(ascii: "2") else {
            self = try reader.rules(name: name, header, wide: false)
            return
        }
        // What follows says the same for all times.
        try reader.skip(header.length(wide: false))
        let second = try reader.header()
        self = try reader.rules(name: name, second, wide: true)
    }

    /// Whether a text can be the name of a zone, and so a path below the directory of zones that does not lead out of it.
    public static func isName(_ text: String) -> Bool {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        return text.utf8.count <= 64
            && parts.allSatisfy { part in !part.isEmpty && part.utf8.allSatisfy(self.isNameByte) }
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "+"):
            true
        default: false
        }
    }
}

/// The counts at the beginning of a block.
private struct ZoneFileHeader {
    let version: UInt8
    let universalFlags: Int
    let standardFlags: Int
    let leapSeconds: Int
    let times: Int
    let types: Int
    let letters: Int

    /// Bytes of the block that follows.
    func length(wide: Bool) -> Int {
        let time = wide ? 8 : 4
        return self.times * (time + 1) + self.types * 6 + self.letters + self.leapSeconds * (time + 4)
            + self.standardFlags + self.universalFlags
    }
}

/// Reads the file from its front. Nothing is built before the bytes for it are known to be there.
private struct ZoneFileReader {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) { self.rest = bytes[...] }

    mutating func header() throws(ZoneError) -> ZoneFileHeader {
        guard try self.take(4).elementsEqual("TZif".utf8) else { throw ZoneError("it does not begin with TZif") }
        let version = try self.take(1).first ?? 0
        _ = try self.take(15)
        var counts: [Int] = []
        for _ in 0..<6 { counts.append(Int(truncatingIfNeeded: try self.integer(bytes: 4) & 0xFFFF_FFFF)) }
        return ZoneFileHeader(
            version: version, universalFlags: counts[0], standardFlags: counts[1], leapSeconds: counts[2],
            times: counts[3], types: counts[4], letters: counts[5])
    }

    mutating func skip(_ count: Int) throws(ZoneError) { _ = try self.take(count) }

    mutating func rules(name: String, _ header: ZoneFileHeader, wide: Bool) throws(ZoneError) -> ZoneRules {
        guard header.length(wide: wide) <= self.rest.count else { throw ZoneError("it ends too early") }
        guard header.leapSeconds == 0 else { throw ZoneError("it counts leap seconds") }
        guard header.types > 0 else { throw ZoneError("it has no offsets") }
        var times: [Int64] = []
        for _ in 0..<header.times { times.append(try self.integer(bytes: wide ? 8 : 4)) }
        let types = Array(try self.take(header.times))
        var offsets: [Int] = []
        for _ in 0..<header.types {
            offsets.append(try self.offset())
            try self.skip(2)
        }
        try self.skip(header.letters + header.standardFlags + header.universalFlags)
        let changes = try Self.changes(times, types, offsets)
        return ZoneRules(
            name: name, firstOffset: offsets[0], changes: changes, rule: wide ? try self.footer() : nil)
    }

    private mutating func offset() throws(ZoneError) -> Int {
        let offset = try self.integer(bytes: 4)
        guard abs(offset) <= 26 * 3_600 else { throw ZoneError("an offset of \(offset) seconds") }
        return Int(offset)
    }

    private static func changes(
        _ times: [Int64], _ types: [UInt8], _ offsets: [Int]
    ) throws(ZoneError) -> [ZoneRules.Change] {
        var changes: [ZoneRules.Change] = []
        for (time, type) in zip(times, types) {
            guard Int(type) < offsets.count else { throw ZoneError("a change to an offset that is not there") }
            guard changes.last.map({ $0.at < time }) ?? true else { throw ZoneError("changes are out of order") }
            // The database begins with the big bang, at -2⁵⁹: no schedule goes back so far.
            guard abs(time) <= 1 << 59 else { throw ZoneError("a change in the year \(time / 31_556_952)") }
            changes.append(ZoneRules.Change(at: time, offset: offsets[Int(type)]))
        }
        return changes
    }

    /// The last line; an empty one says nothing.
    private mutating func footer() throws(ZoneError) -> PosixZone? {
        guard self.rest.first == UInt8(ascii: "\n"), let end = self.rest.dropFirst().firstIndex(of: UInt8(ascii: "\n"))
        else { throw ZoneError("its last line is missing") }
        let text = self.rest[(self.rest.startIndex + 1)..<end]
        if text.isEmpty { return nil }
        guard let zone = PosixZone(text) else { throw ZoneError("its last line is no rule") }
        return zone
    }

    private mutating func integer(bytes count: Int) throws(ZoneError) -> Int64 {
        let bytes = try self.take(count)
        let sign: Int64 = bytes.first.map { $0 >= 0x80 ? -1 : 0 } ?? 0
        return bytes.reduce(sign) { $0 << 8 | Int64($1) }
    }

    private mutating func take(_ count: Int) throws(ZoneError) -> ArraySlice<UInt8> {
        guard count <= self.rest.count else { throw ZoneError("it ends too early") }
        defer { self.rest = self.rest.dropFirst(count) }
        return self.rest.prefix(count)
    }
}
