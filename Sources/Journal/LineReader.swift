import SystemPackage

/// Cuts a file into lines, with a buffer of 256 KiB or of twice the longest line.
struct LineReader {
    /// One line.
    struct Line {
        /// The line without its newline.
        var bytes: ArraySlice<UInt8>
        /// Whether it ends with a newline. Only the last line of a file may not.
        var isComplete: Bool
    }

    private var buffer = [UInt8](repeating: 0, count: 256 << 10)
    /// What was read and not yet returned.
    private var unread = 0..<0
    private var bytesRead = 0

    /// Where the next line starts in the file.
    var offset: Int { self.bytesRead - self.unread.count }

    /// The next line, `nil` at the end of the file.
    mutating func next(from file: borrowing JournalFile) throws(Errno) -> Line? {
        var searched = 0
        repeat {
            let rest = self.buffer[self.unread].dropFirst(searched)
            if let newline = rest.firstIndex(of: UInt8(ascii: "\n")) {
                defer { self.unread = newline + 1..<self.unread.upperBound }
                return Line(bytes: self.buffer[self.unread.lowerBound..<newline], isComplete: true)
            }
            searched = self.unread.count
        } while try self.readMore(from: file)
        defer { self.unread = self.unread.upperBound..<self.unread.upperBound }
        return self.unread.isEmpty ? nil : Line(bytes: self.buffer[self.unread], isComplete: false)
    }

    /// Moves the unfinished line to the front of the buffer and reads behind it. Returns false at the end of the file.
    private mutating func readMore(from file: borrowing JournalFile) throws(Errno) -> Bool {
        let kept = self.unread.count
        self.buffer.replaceSubrange(..<kept, with: self.buffer[self.unread])
        self.unread = 0..<kept
        if kept == self.buffer.count { self.buffer += [UInt8](repeating: 0, count: kept) }
        let offset = self.bytesRead
        let count = try self.buffer.withUnsafeMutableBufferPointer { bytes throws(Errno) in
            let room = UnsafeMutableBufferPointer(rebasing: bytes[kept...])
            return try file.read(into: UnsafeMutableRawBufferPointer(room), at: offset)
        }
        self.unread = 0..<kept + count
        self.bytesRead += count
        return count > 0
    }
}
