import JSON

/// The first line of a journal: what it is, and the inputs of its run.
///
///     {"celeriac_journal":1,"inputs":["tasks.jsonl"]}
struct JournalHeader {
    private static let start = Array(#"{"celeriac_journal":1,"inputs":"#.utf8)
    /// The inputs as a JSON array.
    private let inputs: [UInt8]

    init(inputs: [String]) { self.inputs = JSONValue.array(inputs.map(JSONValue.string)).serialized() }

    /// The line with its newline.
    var line: [UInt8] { Self.start + self.inputs + Array("}\n".utf8) }

    /// How the first line of a file compares with a header.
    enum Match: Equatable {
        case same
        /// Half a header: a crash ended the very first write.
        case cut
        /// A header with other inputs; both lists as JSON arrays.
        case other(found: String, expected: String)
        case foreign
    }

    /// Compares with the first line of a file.
    func match(_ line: LineReader.Line) -> Match {
        if line.bytes.starts(with: Self.start) {
            guard line.isComplete else { return .cut }
            let found = line.bytes.dropFirst(Self.start.count).dropLast()
            if found.elementsEqual(self.inputs) { return .same }
            return .other(
                found: String(decoding: found, as: UTF8.self),
                expected: String(decoding: self.inputs, as: UTF8.self)
            )
        }
        return !line.isComplete && Self.start.starts(with: line.bytes) ? .cut : .foreign
    }
}
