import Glibc
import SystemPackage

/// A file, and who else could have changed or may read it.
public struct ProtectedFile {
    /// All of it.
    public let content: [UInt8]
    /// Whether it belongs to this process's user or to the superuser.
    public let isOurs: Bool
    /// Whether anybody else may write to it.
    public let othersMayWrite: Bool
    /// Whether anybody else may read it.
    public let othersMayRead: Bool

    /// Reads a regular file of at most so many bytes. What is asked about it and what is read are of the same file,
    /// whatever becomes of its name.
    public init(_ path: String, largest: Int) throws(Errno) {
        // A pipe would be waited for.
        let file = Descriptor(owning: try check(open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)))
        let status = try fileStatus(file.number)
        guard status.st_mode & S_IFMT == S_IFREG else { throw .invalidArgument }
        guard status.st_size <= largest else { throw .fileTooLarge }
        (self.isOurs, self.othersMayWrite) = (status.isOurs, status.othersMayWrite)
        self.othersMayRead = status.st_mode & (S_IRGRP | S_IROTH) != 0
        self.content = try readAll(file.number)
    }
}

/// A directory, and who else could have changed what is in it.
public struct ProtectedDirectory {
    /// The names in it, sorted, without hidden ones.
    public let names: [String]
    /// Whether it belongs to this process's user or to the superuser.
    public let isOurs: Bool
    /// Whether anybody else may put files into it.
    public let othersMayWrite: Bool

    /// Lists a directory.
    public init(_ path: String) throws(Errno) {
        let descriptor = try check(open(path, O_RDONLY | O_CLOEXEC | O_DIRECTORY))
        guard let stream = fdopendir(descriptor) else { throw Errno(rawValue: errno) }
        defer { closedir(stream) }
        let status = try fileStatus(descriptor)
        (self.isOurs, self.othersMayWrite) = (status.isOurs, status.othersMayWrite)
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: entry.pointee.d_name) {
                String(cString: UnsafeRawPointer($0).assumingMemoryBound(to: CChar.self))
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        self.names = names.sorted()
    }
}

private func fileStatus(_ descriptor: CInt) throws(Errno) -> stat {
    var status = stat()
    try check(fstat(descriptor, &status))
    return status
}

extension stat {
    fileprivate var isOurs: Bool { self.st_uid == 0 || self.st_uid == geteuid() }
    fileprivate var othersMayWrite: Bool { self.st_mode & (S_IWGRP | S_IWOTH) != 0 }
}
