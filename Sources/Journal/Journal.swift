import Syscalls
import SystemPackage

/// The outcomes of a run in a file, so that the same command can resume after a crash at any moment.
///
/// An append-only text file. The first line names the run's inputs, each further line is the outcome of one task:
/// the line that the run prints, with the task's origin as its first members and the follow-ups that the task
/// published as its last. As each record is one line, a crash leaves all of it or none.
///
/// 1. **Open**: locks the file, reads it through, cuts off what a crash left half-written.
/// 2. **Add** collects records, **flush** writes them. Print an outcome, and start its follow-ups, only after the flush.
/// 3. **Finish** brings the file to the disk.
///
/// What was flushed survives the end of this process. With `syncEveryFlush` it survives the end of the machine, too.
/// The journal reads all that it accepts: a record that a later run would refuse is refused by ``add(_:of:publishing:)``.
public final class Journal {
    /// The path it was opened with.
    public let path: String
    /// Bytes at the end of the file that a crash had left and that were cut off.
    public let bytesCutOff: Int
    private let file: JournalFile
    private let syncEveryFlush: Bool
    private var contents: JournalContents
    /// Records with a large value, and those that were collected before them.
    private var parts: [Part] = []
    /// Records that were collected after `parts`.
    private var batch: [UInt8] = []
    /// Where the next record goes: the end of the last complete one.
    private var end: Int

    /// Opens the journal of a run, or starts one.
    ///
    /// Reads the whole file with a buffer of the longest record. Throws ``JournalError``; then the file is unchanged.
    ///
    /// - Parameters:
    ///   - path: The file. Created with mode 0600 if it does not exist.
    ///   - inputs: Names of the run's inputs. They must be the same whenever the journal is opened.
    ///   - syncEveryFlush: Whether ``flush()`` waits for the disk. Default: only ``finish()`` does.
    public init(path: String, inputs: [String], syncEveryFlush: Bool = false) throws(JournalError) {
        self.path = path
        self.syncEveryFlush = syncEveryFlush
        let file = try Recovery.openLocked(path)
        let recovery = try Recovery(of: file, path: path, inputs: inputs)
        self.file = file
        self.contents = recovery.contents
        self.end = recovery.end
        self.bytesCutOff = recovery.bytesToCut
        if self.bytesCutOff > 0 { try self.cutOff() }
        if self.end == 0 { try self.start(JournalHeader(inputs: inputs)) }
    }

    /// Records in the journal, those not yet flushed included.
    public var outcomes: Int { self.contents.outcomes }

    /// Whether a line of an input has its outcome.
    public func isDone(line: Int, input: Int) -> Bool { self.contents.isDone(line: line, input: input) }

    /// Follow-ups that were published and have no outcome, in the order of publication.
    ///
    /// After opening: what is to run besides the lines of the inputs.
    public var pendingFollowUps: [FollowUp] { self.contents.pendingFollowUps }

    /// Bytes that the next ``flush()`` will write.
    public var bytesCollected: Int { self.parts.reduce(self.batch.count) { $0 + $1.count } }

    /// Collects the outcome of a task for the next ``flush()``.
    ///
    /// Throws ``JournalError`` with `badRecord`, and collects nothing, when the outcome is not one JSON object on one
    /// line, when the task has an outcome already, or when the key of a follow-up is in use.
    ///
    /// - Parameters:
    ///   - outcome: The line to be printed, without its newline: a JSON object with at least one member.
    ///   - large: A value of the outcome that lies in a file. It is copied from there by ``flush()``.
    ///   - origin: The task.
    ///   - followUps: What the task published. They are pending from now on.
    public func add(
        _ outcome: ArraySlice<UInt8>,
        large: LargeValue? = nil,
        of origin: TaskOrigin,
        publishing followUps: [FollowUp] = []
    ) throws(JournalError) {
        let record = JournalRecord(origin: origin, published: followUps)
        let start = self.batch.count
        let shift = record.write(outcome: outcome, into: &self.batch)
        guard self.isReadable(record, at: start) else {
            self.batch.removeSubrange(start...)
            throw self.error(
                .badRecord,
                "refused \(origin): the outcome and each follow-up must be one JSON object on one line"
            )
        }
        if let contradiction = self.contents.add(record) {
            self.batch.removeSubrange(start...)
            throw self.error(.badRecord, "refused \(contradiction)")
        }
        if let large { self.closeBatch(recordFrom: start, large, shift: shift) }
    }

    /// Ends the batch with a record that has a large value.
    private func closeBatch(recordFrom start: Int, _ large: LargeValue, shift: Int) {
        let place = large.place.lowerBound + shift..<large.place.upperBound + shift
        if start > 0 { self.parts.append(.records(Array(self.batch[..<start]))) }
        let (head, tail) = (self.batch[start..<place.lowerBound], self.batch[place.upperBound...])
        self.parts.append(.large([.memory(Array(head)[...]), large.content, .memory(Array(tail)[...])]))
        self.batch = []
    }

    private func isReadable(_ record: JournalRecord, at start: Int) -> Bool {
        let line = self.batch[start...].dropLast()
        return !line.contains(UInt8(ascii: "\n")) && (try? JournalRecord(parsing: line)) == record
    }

    /// Writes what was collected: with one `write(2)`, but a large value by pieces.
    ///
    /// Throws ``JournalError`` when the disk is full or fails. The file then ends with a complete record, the records
    /// that are not in it stay collected, and calling again tries them again.
    public func flush() throws(JournalError) {
        if self.batch.isEmpty && self.parts.isEmpty { return }
        while let part = self.parts.first {
            switch part {
            case .records(var records):
                defer { self.parts[0] = .records(records) }
                try self.write(&records)
            case .large(let pieces): try self.write(pieces)
            }
            self.parts.removeFirst()
        }
        try self.write(&self.batch)
        if self.syncEveryFlush { try self.sync() }
    }

    /// Writes records and removes from them what is in the file.
    private func write(_ records: inout [UInt8]) throws(JournalError) {
        if records.isEmpty { return }
        let (written, refusal) = records.withUnsafeBytes { self.file.write($0, at: self.end) }
        let complete = refusal == nil ? written : Self.endOfLastRecord(records[..<written])
        self.end += complete
        Self.drop(complete, from: &records)
        if let refusal { throw self.refused(refusal, partOfRecord: written > complete) }
    }

    /// Writes one record from its pieces, all of it or nothing.
    private func write(_ pieces: [Payload]) throws(JournalError) {
        var end = self.end
        do throws(Errno) {
            for piece in pieces {
                try piece.forEachPiece { bytes throws(Errno) in
                    let (written, refusal) = self.file.write(bytes, at: end)
                    end += written
                    if let refusal { throw refusal }
                }
            }
        } catch {
            throw self.refused(error, partOfRecord: end > self.end)
        }
        self.end = end
    }

    /// Cuts off the part of a record that was written before a refusal.
    private func refused(_ refusal: Errno, partOfRecord: Bool) -> JournalError {
        if partOfRecord { try? self.file.truncate(to: self.end) }
        return self.error(.cannotWrite, "cannot write; \(Self.remedy(refusal))", refusal)
    }

    /// Flushes and waits until everything is on the disk.
    public func finish() throws(JournalError) {
        try self.flush()
        try self.sync()
    }

    private static func endOfLastRecord(_ written: ArraySlice<UInt8>) -> Int {
        written.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
    }

    private static func drop(_ count: Int, from records: inout [UInt8]) {
        guard count == records.count, records.capacity <= 1 << 20 else {
            return records = Array(records.dropFirst(count))
        }
        records.removeAll(keepingCapacity: true)
    }

    private func sync() throws(JournalError) {
        do { try self.file.sync() } catch { throw self.error(.cannotSync, "cannot bring it to the disk", error) }
    }

    private func cutOff() throws(JournalError) {
        do { try self.file.truncate(to: self.end) } catch {
            throw self.error(.cannotWrite, "cannot cut off what a crash left half-written", error)
        }
    }

    private func start(_ header: JournalHeader) throws(JournalError) {
        self.batch = header.line
        try self.flush()
        guard self.syncEveryFlush else { return }
        do { try JournalFile.syncDirectory(of: self.path) } catch {
            throw self.error(.cannotSync, "cannot bring its directory to the disk", error)
        }
    }

    private func error(_ code: JournalError.Code, _ reason: String, _ errno: Errno? = nil) -> JournalError {
        JournalError(code, path: self.path, errno: errno, reason)
    }

    private static func remedy(_ refusal: Errno) -> String {
        switch refusal {
        case .noSpace, .diskQuotaExceeded: "free some space and run the same command again to resume"
        case .fileTooLarge: "raise the file size limit (ulimit -f) and run the same command again to resume"
        default: "check the disk and run the same command again to resume"
        }
    }
}

extension Journal {
    /// A value of an outcome that is too large for memory.
    public struct LargeValue {
        /// Where the outcome has `null` for it, counted from the outcome's start.
        public let place: Range<Int>
        /// The value: JSON without line ends, which is not looked at.
        public let content: Payload

        /// A value and the place of its `null`.
        public init(place: Range<Int>, content: Payload) {
            self.place = place
            self.content = content
        }
    }

    /// What was collected, in order.
    private enum Part {
        /// Whole records.
        case records([UInt8])
        /// One record, its large value in the middle.
        case large([Payload])

        var count: Int {
            switch self {
            case .records(let records): records.count
            case .large(let pieces): pieces.reduce(0) { $0 + $1.count }
            }
        }
    }
}
