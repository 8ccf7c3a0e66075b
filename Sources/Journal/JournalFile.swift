import Glibc
import Syscalls
import SystemPackage

/// The journal's file: every system call on it, with the answer to each errno.
struct JournalFile: ~Copyable {
    private let descriptor: Descriptor

    init(owning descriptor: consuming Descriptor) { self.descriptor = descriptor }

    // Not left to the close: a child that is between fork and exec shares the open file, and with it the lock.
    deinit { flock(self.descriptor.number, LOCK_UN) }

    /// Opens the file for reading and writing, closed on exec; creates it for its owner only.
    ///
    /// Does not wait, whatever the path turns out to be.
    static func open(_ path: String) throws(Errno) -> JournalFile {
        let number = Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0o600)
        guard number >= 0 else { throw Errno(rawValue: errno) }
        return JournalFile(owning: Descriptor(owning: number))
    }

    /// Whether the file is a regular one: not a directory, pipe, device or socket.
    func isRegular() throws(Errno) -> Bool {
        var status = stat()
        try check(fstat(self.descriptor.number, &status))
        return status.st_mode & S_IFMT == S_IFREG
    }

    /// Locks the file until it is closed. Returns false when another process has it.
    ///
    /// `flock(2)` is the lock: it holds as long as this descriptor, whatever else the process opens and closes. The
    /// record lock beside it does not decide anything, it lets ``lockHolder()`` name this process.
    func lock() throws(Errno) -> Bool {
        while flock(self.descriptor.number, LOCK_EX | LOCK_NB) < 0 {
            switch errno {
            case EINTR: continue
            case EWOULDBLOCK: return false
            default: throw Errno(rawValue: errno)
            }
        }
        var record = Self.wholeFile
        _ = fcntl(self.descriptor.number, F_SETLK, &record)
        return true
    }

    /// The process that has the file locked, `nil` when the kernel cannot tell (another container, another machine).
    func lockHolder() -> ProcessID? {
        var record = Self.wholeFile
        guard fcntl(self.descriptor.number, F_GETLK, &record) == 0, record.l_type != F_UNLCK else { return nil }
        return record.l_pid > 0 ? record.l_pid : nil
    }

    private static var wholeFile: flock {
        flock(l_type: CShort(F_WRLCK), l_whence: CShort(SEEK_SET), l_start: 0, l_len: 0, l_pid: 0)
    }

    /// Reads what is at `offset`, at least one byte; 0 at the end of the file.
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(Errno) -> Int {
        while true {
            let count = pread(self.descriptor.number, buffer.baseAddress, buffer.count, offset)
            if count >= 0 { return count }
            if errno != EINTR { throw Errno(rawValue: errno) }
        }
    }

    /// Writes until all is written or the kernel refuses. Returns the bytes that are in the file, and the refusal.
    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> (written: Int, refusal: Errno?) {
        var written = 0
        while written < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[written...])
            let count = pwrite(self.descriptor.number, rest.baseAddress, rest.count, offset + written)
            if count > 0 {
                written += count
            } else if count == 0 || errno != EINTR {
                return (written, count == 0 ? .ioError : Errno(rawValue: errno))
            }
        }
        return (written, nil)
    }

    /// Cuts the file to `size` bytes.
    func truncate(to size: Int) throws(Errno) {
        while ftruncate(self.descriptor.number, size) < 0 {
            if errno != EINTR { throw Errno(rawValue: errno) }
        }
    }

    /// Waits until the content is on the disk (`fdatasync(2)`).
    func sync() throws(Errno) { try check(fdatasync(self.descriptor.number)) }

    /// Waits until the name of the file at `path` is on the disk.
    static func syncDirectory(of path: String) throws(Errno) {
        let folder = FilePath(path).removingLastComponent()
        let name = folder.isEmpty ? "." : folder.string
        let directory = Descriptor(owning: try check(Glibc.open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC)))
        try check(fsync(directory.number))
    }
}

@discardableResult
private func check(_ result: CInt) throws(Errno) -> CInt {
    if result < 0 { throw Errno(rawValue: errno) }
    return result
}
