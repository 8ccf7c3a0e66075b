import SystemPackage

/// Reads a journal through and finds what its next run has to know. Changes nothing.
struct Recovery {
    /// What the records add up to.
    private(set) var contents: JournalContents
    /// Where the last complete record ends; 0 when the header has to be written.
    private(set) var end = 0
    /// Bytes after ``end``: what a crash left half-written.
    private(set) var bytesToCut = 0

    private let path: String
    private var lineNumber = 1

    /// Opens the file, creates it if need be, and locks it.
    static func openLocked(_ path: String) throws(JournalError) -> JournalFile {
        let refusal: JournalError
        do {
            let file = try JournalFile.open(path)
            let isRegular = try file.isRegular()
            if isRegular, try file.lock() { return file }
            refusal = isRegular ? Self.locked(path, file) : .init(.notRegularFile, path: path, "not a regular file")
        } catch {
            throw JournalError(.cannotOpen, path: path, errno: error, "cannot open")
        }
        throw refusal
    }

    private static func locked(_ path: String, _ file: borrowing JournalFile) -> JournalError {
        let holder = file.lockHolder().map { " (pid \($0))" } ?? ""
        return JournalError(.locked, path: path, "another process\(holder) is using it")
    }

    /// Reads the journal in `file`, of a run with `inputs`.
    init(of file: borrowing JournalFile, path: String, inputs: [String]) throws(JournalError) {
        self.path = path
        self.contents = JournalContents(inputs: inputs.count)
        var reader = LineReader()
        if let line = try self.nextLine(of: file, &reader), try self.accepts(line, as: JournalHeader(inputs: inputs)) {
            self.end = reader.offset
            try self.readRecords(of: file, &reader)
        }
        self.bytesToCut = reader.offset - self.end
    }

    private func accepts(_ line: LineReader.Line, as header: JournalHeader) throws(JournalError) -> Bool {
        switch header.match(line) {
        case .same: return true
        case .cut: return false
        case .other(let found, let expected):
            throw self.error(.otherInputs, "it belongs to a run with the inputs \(found), not \(expected)")
        case .foreign: throw self.error(.notAJournal, "not a journal of this version; it was left alone")
        }
    }

    private mutating func readRecords(of file: borrowing JournalFile, _ reader: inout LineReader) throws(JournalError) {
        while let line = try self.nextLine(of: file, &reader), line.isComplete {
            self.lineNumber += 1
            guard let record = try self.record(line) else {
                // A broken line is the work of a crash only at the very end.
                guard try self.nextLine(of: file, &reader) == nil else { throw self.badLine("not one JSON object") }
                return
            }
            if let contradiction = self.contents.add(record) { throw self.badLine("\(contradiction)") }
            self.end = reader.offset
        }
    }

    /// The record that a line is, `nil` when it is not a JSON object.
    private func record(_ line: LineReader.Line) throws(JournalError) -> JournalRecord? {
        do {
            return try JournalRecord(parsing: line.bytes)
        } catch {
            switch error {
            case .notAnObject: return nil
            case .notARecord: throw self.badLine("not an outcome with its origin")
            }
        }
    }

    private func nextLine(
        of file: borrowing JournalFile,
        _ reader: inout LineReader
    ) throws(JournalError) -> LineReader.Line? {
        do {
            return try reader.next(from: file)
        } catch {
            throw JournalError(.cannotRead, path: self.path, errno: error, "cannot read")
        }
    }

    private func badLine(_ reason: String) -> JournalError {
        self.error(.badRecord, "line \(self.lineNumber) is damaged: \(reason); nothing was changed")
    }

    private func error(_ code: JournalError.Code, _ reason: String) -> JournalError {
        JournalError(code, path: self.path, reason)
    }
}
