import SystemPackage

/// Why a journal cannot be opened or written.
public struct JournalError: Error, Hashable, CustomStringConvertible {
    /// What went wrong.
    public struct Code: Hashable, Sendable {
        private enum Value {
            case cannotOpen, notRegularFile, locked, notAJournal, otherInputs
            case badRecord, cannotRead, cannotWrite, cannotSync
        }

        private let value: Value

        /// The file cannot be opened or created.
        public static let cannotOpen = Code(value: .cannotOpen)
        /// The path is a directory, pipe, device or socket.
        public static let notRegularFile = Code(value: .notRegularFile)
        /// Another process is using the journal.
        public static let locked = Code(value: .locked)
        /// The file has content that is not a journal of this version. It was left alone.
        public static let notAJournal = Code(value: .notAJournal)
        /// The journal belongs to a run with other inputs. It was left alone.
        public static let otherInputs = Code(value: .otherInputs)
        /// A record is not one that a journal can have: found in the file, or refused by ``Journal/add(_:of:publishing:)``.
        public static let badRecord = Code(value: .badRecord)
        /// The file cannot be read.
        public static let cannotRead = Code(value: .cannotRead)
        /// The file cannot be written, for example because the disk is full.
        public static let cannotWrite = Code(value: .cannotWrite)
        /// The kernel could not bring the file to the disk.
        public static let cannotSync = Code(value: .cannotSync)
    }

    /// What went wrong.
    public let code: Code
    /// The journal's path.
    public let path: String
    /// What the kernel said, if it was a system call that failed.
    public let errno: Errno?
    private let reason: String

    init(_ code: Code, path: String, errno: Errno? = nil, _ reason: String) {
        self.code = code
        self.path = path
        self.errno = errno
        self.reason = reason
    }

    /// A sentence for people: the path, what is wrong, and what to do about it.
    public var description: String {
        let cause = self.errno.map { ": \($0) (errno \($0.rawValue))" } ?? ""
        return "journal '\(self.path)': \(self.reason)\(cause)"
    }
}
