import CShims
import Glibc
import SystemPackage

/// An open file descriptor with one owner, closed at the end of its life.
public struct Descriptor: ~Copyable {
    /// The number that the kernel knows it by.
    public let number: CInt

    /// Takes ownership of an open descriptor.
    public init(owning number: CInt) { self.number = number }

    deinit { Glibc.close(self.number) }

    /// Gives up ownership without closing.
    public consuming func release() -> CInt {
        let number = self.number
        discard self
        return number
    }
}

/// What a read yielded. The two normal refusals are values, not errors.
public enum ReadResult: Equatable, Sendable {
    /// So many bytes, at least one.
    case bytes(Int)
    /// Nothing now; the descriptor will become readable.
    case wouldBlock
    /// The other side is gone, or the file has ended.
    case endOfFile
}

/// What a write did.
public enum WriteResult: Equatable, Sendable {
    /// So many bytes were taken, perhaps fewer than offered.
    case bytes(Int)
    /// Nothing now; the descriptor will become writable.
    case wouldBlock
    /// Nobody reads any more (`EPIPE`; the signal must be ignored).
    case noReader
}

/// `read(2)`, repeated when interrupted.
public func read(_ descriptor: CInt, into buffer: UnsafeMutableRawBufferPointer) throws(Errno) -> ReadResult {
    while true {
        let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
        if count > 0 { return .bytes(count) }
        if count == 0 { return .endOfFile }
        switch errno {
        case EINTR: continue
        case EAGAIN: return .wouldBlock
        default: throw Errno(rawValue: errno)
        }
    }
}

/// `write(2)`, repeated when interrupted.
public func write(_ bytes: UnsafeRawBufferPointer, to descriptor: CInt) throws(Errno) -> WriteResult {
    while true {
        let count = Glibc.write(descriptor, bytes.baseAddress, bytes.count)
        if count >= 0 { return .bytes(count) }
        switch errno {
        case EINTR: continue
        case EAGAIN: return .wouldBlock
        case EPIPE: return .noReader
        default: throw Errno(rawValue: errno)
        }
    }
}

/// Throws the current `errno` when a call returned -1.
@discardableResult
func check(_ result: CInt) throws(Errno) -> CInt {
    if result < 0 { throw Errno(rawValue: errno) }
    return result
}

/// The two ends of a pipe, both closed on exec (`pipe2(2)`).
@frozen public struct Pipe: ~Copyable {
    /// The end that is read.
    public let reading: Descriptor
    /// The end that is written.
    public let writing: Descriptor

    /// Most bytes that a write keeps together as one packet (`PIPE_BUF`).
    public static let packetSize = 4_096

    /// Opens a pipe.
    ///
    /// - Parameter packets: whether each write of up to ``packetSize`` bytes is read as a whole, by one reader
    ///   (`O_DIRECT`).
    public init(packets: Bool = false) throws(Errno) {
        var numbers: [CInt] = [-1, -1]
        try check(celeriac_pipe(&numbers, packets ? 1 : 0))
        self.reading = Descriptor(owning: numbers[0])
        self.writing = Descriptor(owning: numbers[1])
    }
}

/// Makes reads and writes return ``ReadResult/wouldBlock`` instead of waiting. It acts on the open file, also for
/// every process that shares it.
public func setNonblocking(_ descriptor: CInt, _ enabled: Bool = true) throws(Errno) {
    try check(celeriac_set_nonblocking(descriptor, enabled ? 1 : 0))
}

/// Whether a read would yield something within some time; by default now (`poll(2)`).
public func isReadable(_ descriptor: CInt, within time: Duration = .zero) -> Bool {
    pollOnce(descriptor, CShort(POLLIN), milliseconds: time.wholeMilliseconds)
}

/// Whether a write of up to `PIPE_BUF` bytes would be taken within some time; by default now (`poll(2)`).
public func isWritable(_ descriptor: CInt, within time: Duration = .zero) -> Bool {
    pollOnce(descriptor, CShort(POLLOUT), milliseconds: time.wholeMilliseconds)
}

extension Duration {
    fileprivate var wholeMilliseconds: Int64 {
        self.components.seconds * 1_000 + self.components.attoseconds / 1_000_000_000_000_000
    }
}

private func pollOnce(_ descriptor: CInt, _ events: CShort, milliseconds: Int64) -> Bool {
    var entry = pollfd(fd: descriptor, events: events, revents: 0)
    return poll(&entry, 1, CInt(clamping: milliseconds)) > 0
}

/// An unnamed file in memory with the given content (`memfd_create(2)`), to be read from its start.
public func memoryFile(named name: String, content: [UInt8]) throws(Errno) -> Descriptor {
    let file = Descriptor(owning: try check(celeriac_memory_file(name)))
    var offset = 0
    while offset < content.count {
        let count = content.withUnsafeBytes {
            Glibc.write(file.number, $0.baseAddress! + offset, $0.count - offset)
        }
        if count < 0 { throw Errno(rawValue: errno) }
        offset += count
    }
    lseek(file.number, 0, SEEK_SET)
    return file
}

/// Closes every descriptor from `first` on (`close_range(2)`).
public func closeDescriptors(from first: CInt) throws(Errno) {
    try check(celeriac_close_range(CUnsignedInt(first), .max))
}

/// Makes `target` refer to what `source` refers to, open across exec (`dup2(2)`).
public func duplicate(_ source: CInt, onto target: CInt) throws(Errno) {
    try check(dup2(source, target))
}

/// Opens what a descriptor refers to once more, without waiting reads: the mode is this opening's alone
/// (`/proc/self/fd`).
public func reopenForReading(_ descriptor: CInt) throws(Errno) -> Descriptor {
    Descriptor(owning: try check(open("/proc/self/fd/\(descriptor)", O_RDONLY | O_NONBLOCK | O_CLOEXEC)))
}

/// A copy of a descriptor with a number of at least `lowest`, closed on exec (`fcntl(2)`, `F_DUPFD_CLOEXEC`).
public func duplicate(_ source: CInt, atLeast lowest: CInt) throws(Errno) -> CInt {
    try check(fcntl(source, F_DUPFD_CLOEXEC, lowest))
}

/// Closes descriptors that came with a message.
public func closeAll(_ descriptors: [CInt]) {
    for descriptor in descriptors { close(descriptor) }
}

/// Waits until at least one descriptor is readable or its other side is gone (`poll(2)`), and tells which. A negative
/// number is never ready. An interrupted wait, and one that has taken as long as it may, tell of none.
public func waitReadable(_ descriptors: [CInt], within time: Duration? = nil) -> [Bool] {
    var entries = descriptors.map { pollfd(fd: $0, events: CShort(POLLIN), revents: 0) }
    guard poll(&entries, nfds_t(entries.count), time.map { CInt(clamping: $0.wholeMilliseconds) } ?? -1) > 0 else {
        return descriptors.map { _ in false }
    }
    return entries.map { $0.revents != 0 }
}
