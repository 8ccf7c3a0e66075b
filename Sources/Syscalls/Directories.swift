import Glibc
import SystemPackage

/// Makes a directory that only this user may change (`mkdir(2)`).
public func makeDirectory(_ path: String) throws(Errno) { try check(mkdir(path, 0o755)) }

/// Removes an empty directory (`rmdir(2)`).
public func removeDirectory(_ path: String) throws(Errno) { try check(rmdir(path)) }

/// Names in a directory; none when it cannot be read.
public func directoryEntries(_ path: String) -> [String] { ProcessTable.entries(path) }

/// Whether this process may change what is there (`access(2)`), for a directory also: put something into it.
public func isChangeable(_ path: String) -> Bool { access(path, W_OK) == 0 }

/// A number that no other file of the same file system has; `nil` when nothing is there.
public func fileNumber(_ path: String) -> UInt64? {
    var information = stat()
    return stat(path, &information) == 0 ? UInt64(information.st_ino) : nil
}

/// The number of an open file, see ``fileNumber(_:)`` (`fstat(2)`).
public func fileNumber(of file: borrowing Descriptor) -> UInt64? {
    var information = stat()
    return fstat(file.number, &information) == 0 ? UInt64(information.st_ino) : nil
}

/// Opens a directory, to name what is in it or to lock it.
public func openDirectory(_ path: String) throws(Errno) -> Descriptor {
    Descriptor(owning: try check(open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)))
}

/// Locks a directory for as long as the descriptor is open. Returns whether nobody else had (`flock(2)`).
public func lock(_ directory: borrowing Descriptor) -> Bool { flock(directory.number, LOCK_EX | LOCK_NB) == 0 }

/// Writes a text to a file that exists, in one write (`write(2)`).
public func writeText(_ text: String, to path: String) throws(Errno) {
    try writeOnce(text, to: open(path, O_WRONLY | O_CLOEXEC))
}

/// Writes a text to a file in a directory, in one write (`openat(2)`, `write(2)`).
public func writeText(_ text: String, to name: String, in directory: CInt) throws(Errno) {
    try writeOnce(text, to: openat(directory, name, O_WRONLY | O_CLOEXEC))
}

private func writeOnce(_ text: String, to number: CInt) throws(Errno) {
    let file = Descriptor(owning: try check(number))
    var text = text
    let count = text.withUTF8 { Glibc.write(file.number, $0.baseAddress, $0.count) }
    try check(CInt(count))
}

/// The text of a file in a directory (`openat(2)`).
public func readText(_ name: String, in directory: CInt) throws(Errno) -> String {
    let file = Descriptor(owning: try check(openat(directory, name, O_RDONLY | O_CLOEXEC)))
    return String(decoding: try readAll(file.number), as: UTF8.self)
}

/// Whether a directory is there (`stat(2)`).
public func isDirectory(_ path: String) -> Bool {
    var information = stat()
    return stat(path, &information) == 0 && information.st_mode & S_IFMT == S_IFDIR
}
