import JSON

/// What a line of a journal says about a task.
///
/// The line is an outcome as it was printed, between two additions: its origin in front and, if the task published
/// follow-ups, those at the end. One line, so that a crash leaves both or none.
///
///     {"input":0,"line":17, …outcome… ,"published":[{"key":"0:17/0","message":{…}}]}
///     {"follow_up":"0:17/0", …outcome… }
struct JournalRecord: Equatable {
    var origin: TaskOrigin
    var published: [FollowUp]

    /// Why a line is not a record.
    enum Flaw: Error {
        /// Not one JSON object: half a line looks like this.
        case notAnObject(JSONError)
        /// An object, but not of the form above.
        case notARecord
    }

    // The caller decides how deep and how long an outcome may be; the journal has to read whatever it wrote.
    private static let limits = JSONLimits(maxDepth: .max, maxNumberLength: .max)

    init(origin: TaskOrigin, published: [FollowUp]) {
        self.origin = origin
        self.published = published
    }

    /// Reads a line, which is validated to its end.
    init(parsing line: ArraySlice<UInt8>) throws(Flaw) {
        do {
            self = try Self.parse(line)
        } catch let error as JSONError {
            throw .notAnObject(error)
        } catch {
            throw .notARecord
        }
    }

    private static func parse(_ line: ArraySlice<UInt8>) throws -> JournalRecord {
        var scanner = JSONScanner(line, limits: Self.limits)
        try scanner.enterObject()
        var (first, second, last): (JSONScanner.Member?, JSONScanner.Member?, JSONScanner.Member?)
        while let member = try scanner.nextMember() {
            if first == nil { first = member } else if second == nil { second = member }
            last = member
        }
        try scanner.finish()
        guard let origin = Self.origin(first, second) else { throw Flaw.notARecord }
        guard let last, last.key.equals("published") else { return JournalRecord(origin: origin, published: []) }
        return JournalRecord(origin: origin, published: try Self.followUps(last.value))
    }

    private static func origin(_ first: JSONScanner.Member?, _ second: JSONScanner.Member?) -> TaskOrigin? {
        guard let first else { return nil }
        if first.key.equals("follow_up") { return first.value.text.map { .followUp(key: $0.string) } }
        guard first.key.equals("input"), let input = first.value.number?.asInt else { return nil }
        guard let second, second.key.equals("line"), let line = second.value.number?.asInt else { return nil }
        return line >= 0 && line < .max ? .line(line, input: input) : nil
    }

    private static func followUps(_ list: JSONSlice) throws -> [FollowUp] {
        guard list.kind == .array else { throw Flaw.notARecord }
        var scanner = JSONScanner(list.bytes, limits: Self.limits)
        try scanner.enterArray()
        var followUps: [FollowUp] = []
        while let element = try scanner.nextElement() { followUps.append(try Self.followUp(element)) }
        return followUps
    }

    private static func followUp(_ element: JSONSlice) throws -> FollowUp {
        guard element.kind == .object else { throw Flaw.notARecord }
        var scanner = JSONScanner(element.bytes, limits: Self.limits)
        try scanner.enterObject()
        guard let key = try scanner.nextMember(), let text = key.value.text, key.key.equals("key"),
            let message = try scanner.nextMember(), message.value.kind == .object, message.key.equals("message")
        else { throw Flaw.notARecord }
        return FollowUp(key: text.string, message: Array(message.value.bytes))
    }

    /// Appends the line with its newline. `outcome` is one JSON object with at least one member. Returns by how much
    /// the places of its bytes in the buffer are above those in the outcome.
    @discardableResult
    func write(outcome: ArraySlice<UInt8>, into buffer: inout [UInt8]) -> Int {
        switch self.origin {
        case .line(let line, let input): buffer.append(contentsOf: #"{"input":\#(input),"line":\#(line),"#.utf8)
        case .followUp(let key):
            buffer.append(contentsOf: #"{"follow_up":"#.utf8)
            quoted(key, into: &buffer)
            buffer.append(UInt8(ascii: ","))
        }
        let shift = buffer.count - 1
        buffer.append(contentsOf: outcome.dropFirst().dropLast())
        if !self.published.isEmpty { self.writePublished(into: &buffer) }
        buffer.append(contentsOf: "}\n".utf8)
        return shift
    }

    private func writePublished(into buffer: inout [UInt8]) {
        var opening = #","published":["#
        for followUp in self.published {
            buffer.append(contentsOf: (opening + #"{"key":"#).utf8)
            quoted(followUp.key, into: &buffer)
            buffer.append(contentsOf: #","message":"#.utf8)
            buffer.append(contentsOf: followUp.message)
            buffer.append(UInt8(ascii: "}"))
            opening = ","
        }
        buffer.append(UInt8(ascii: "]"))
    }
}
