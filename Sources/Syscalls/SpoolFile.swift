import CShims
import Glibc
import SystemPackage

/// An unnamed file for bytes that are too many for memory. It is gone with its last holder, also when that is killed.
///
/// Nothing is brought to the disk on purpose: the bytes stay in the kernel's cache as long as there is room for them.
public final class SpoolFile: Sendable {
    private let number: CInt

    /// Where such files are: `TMPDIR`, or `/tmp`.
    public static var directory: String {
        guard let path = Environment.current["TMPDIR"], !path.isEmpty else { return "/tmp" }
        return path
    }

    /// Creates a file in a directory.
    ///
    /// Throws what `open(2)` says: no such directory, no permission, no space, too many open files.
    public init(in directory: String = SpoolFile.directory) throws(Errno) {
        self.number = try Self.openUnnamed(in: directory)
    }

    /// A file that never had a name, or, on a file system that has no such files, one that has lost it.
    private static func openUnnamed(in directory: String) throws(Errno) -> CInt {
        do {
            return try check(celeriac_open_unnamed(directory))
        } catch Errno.notSupported, Errno.isDirectory {
            return try self.openAndUnlink(in: directory)
        }
    }

    static func openAndUnlink(in directory: String) throws(Errno) -> CInt {
        var path = Array("\(directory)/celeriac-XXXXXX".utf8CString)
        let number = try check(celeriac_open_temporary(&path))
        unlink(path)
        return number
    }

    deinit { close(self.number) }

    /// Writes all bytes at a place in the file (`pwrite(2)`). When it throws, some of them may have been written.
    public func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(Errno) {
        var written = 0
        while written < bytes.count {
            let count = pwrite(self.number, bytes.baseAddress! + written, bytes.count - written, offset + written)
            if count < 0 && errno == EINTR { continue }
            if count <= 0 { throw count == 0 ? .noSpace : Errno(rawValue: errno) }
            written += count
        }
    }

    /// Reads bytes from a place in the file until the buffer is full (`pread(2)`). Throws `EIO` when the file ends
    /// before.
    public func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(Errno) {
        var filled = 0
        while filled < buffer.count {
            let count = pread(self.number, buffer.baseAddress! + filled, buffer.count - filled, offset + filled)
            if count < 0 && errno == EINTR { continue }
            if count <= 0 { throw count == 0 ? .ioError : Errno(rawValue: errno) }
            filled += count
        }
    }
}
