import Glibc
import SystemPackage

/// Files that one process replaces as a whole and others read at any moment.
public enum StateFiles {
    /// Creates a directory unless it is there (`mkdir(2)`); its parent must be.
    ///
    /// Throws `ENOTDIR` when the path is something else, and `EACCES` when no file could be created in it.
    public static func createDirectory(_ path: String) throws(Errno) {
        if mkdir(path, 0o755) < 0, errno != EEXIST { throw Errno(rawValue: errno) }
        var status = stat()
        try check(stat(path, &status))
        guard status.st_mode & S_IFMT == S_IFDIR else { throw .notDirectory }
        try check(access(path, W_OK | X_OK))
    }

    /// Puts a file in place of what had its name: a reader finds all of the old one or all of the new one.
    public static func replace(_ path: String, with bytes: [UInt8]) throws(Errno) {
        let temporary = "\(path).\(ownProcessID)"
        do throws(Errno) {
            try self.write(bytes, to: temporary)
            try check(rename(temporary, path))
        } catch {
            unlink(temporary)
            throw error
        }
    }

    private static func write(_ bytes: [UInt8], to path: String) throws(Errno) {
        let file = Descriptor(owning: try check(open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)))
        var written = 0
        while written < bytes.count {
            let count = bytes[written...].withUnsafeBytes { Glibc.write(file.number, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            if count <= 0 { throw count == 0 ? .noSpace : Errno(rawValue: errno) }
            written += count
        }
    }

    /// Names of the files in a directory that end so, sorted.
    public static func names(in directory: String, ending suffix: String) throws(Errno) -> [String] {
        guard let stream = opendir(directory) else { throw Errno(rawValue: errno) }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: entry.pointee.d_name) {
                String(cString: UnsafeRawPointer($0).assumingMemoryBound(to: CChar.self))
            }
            if name.hasSuffix(suffix) { names.append(name) }
        }
        return names.sorted()
    }
}
