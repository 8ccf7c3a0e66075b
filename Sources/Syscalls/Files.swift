import CShims
import Glibc
import SystemPackage

/// Opens a file for reading (`open(2)`).
public func openForReading(_ path: String) throws(Errno) -> CInt {
    try check(open(path, O_RDONLY | O_CLOEXEC))
}

/// All that a descriptor yields until its end.
public func readAll(_ descriptor: CInt) throws(Errno) -> [UInt8] {
    var content: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while true {
        let count = Glibc.read(descriptor, &chunk, chunk.count)
        if count < 0 && errno == EINTR { continue }
        if try check(CInt(count)) == 0 { return content }
        content += chunk[..<count]
    }
}

/// Goes to the beginning of a file (`lseek(2)`).
public func rewind(_ descriptor: CInt) throws(Errno) {
    if lseek(descriptor, 0, SEEK_SET) < 0 { throw Errno(rawValue: errno) }
}

/// Writes a text into a file that is there, as the files of `/proc` want it: with one call.
public func writeFile(_ path: String, _ text: String) throws(Errno) {
    let file = Descriptor(owning: try check(open(path, O_WRONLY | O_CLOEXEC)))
    let bytes = Array(text.utf8)
    if Glibc.write(file.number, bytes, bytes.count) < 0 { throw Errno(rawValue: errno) }
}

/// The text of a file; bytes that are not UTF-8 are an error.
public func readTextFile(_ path: String) throws(Errno) -> String {
    let file = Descriptor(owning: try openForReading(path))
    guard let text = String(validating: try readAll(file.number), as: UTF8.self) else { throw .illegalByteSequence }
    return text
}

/// A descriptor of `/dev/null`, open for the life of the process.
public let nullDevice: CInt = open("/dev/null", O_RDWR | O_CLOEXEC)

/// Whether a descriptor is a terminal.
public func isTerminal(_ descriptor: CInt) -> Bool { isatty(descriptor) == 1 }

/// Columns of the terminal on standard error; `nil` when it is none.
public func terminalWidth() -> Int? {
    var size = winsize()
    return ioctl(2, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 ? Int(size.ws_col) : nil
}

/// Writes a line to standard error.
public func printError(_ text: String) {
    Array((text + "\n").utf8).withUnsafeBytes { _ = try? write($0, to: 2) }
}

/// Processors that this process may run on (`sched_getaffinity(2)`), at least one.
public func availableProcessors() -> Int { Int(celeriac_processor_count()) }

/// The machine's memory in bytes.
public func machineMemory() -> UInt64 { UInt64(sysconf(CInt(_SC_PHYS_PAGES))) * UInt64(sysconf(CInt(_SC_PAGESIZE))) }

/// Memory in bytes that the machine could give to somebody without swapping (`MemAvailable` of `/proc/meminfo`).
public func machineMemoryAvailable() -> UInt64? {
    guard let text = try? readTextFile("/proc/meminfo") else { return nil }
    for line in text.split(separator: "\n") where line.hasPrefix("MemAvailable:") {
        return line.split(separator: " ").dropFirst().first.flatMap { UInt64($0) }.map { $0 << 10 }
    }
    return nil
}

/// Whether some bytes stand among others (`memmem(3)`).
public func find(_ needle: UnsafeRawBufferPointer, in bytes: UnsafeRawBufferPointer) -> Bool {
    guard let place = bytes.baseAddress, let start = needle.baseAddress else { return needle.isEmpty }
    return celeriac_find(place, bytes.count, start, needle.count) != nil
}

/// A random seed from the kernel.
public func randomSeed() -> UInt64 {
    var system = SystemRandomNumberGenerator()
    return system.next()
}

/// Opens `/dev/null` where standard input, output or error is closed, so that no other file gets its number.
public func openStandardDescriptors() {
    for number in 0...2 as ClosedRange<CInt> where fcntl(number, F_GETFD) < 0 {
        let null = open("/dev/null", number == 0 ? O_RDONLY : O_WRONLY)
        if null != number { close(null) }
    }
}
