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

/// Processors that this process may use: its affinity mask, and the quota of its control group where there is one.
public func availableProcessors() -> Int {
    let count = Int(celeriac_processor_count())
    return min(count, cpuQuota() ?? count)
}

/// Whole processors of the control group's quota, at least one (`cpu.max` of version 2, `cpu.cfs_quota_us` of 1).
private func cpuQuota() -> Int? {
    if let text = try? readTextFile("/sys/fs/cgroup/cpu.max") {
        let fields = text.split { $0 == " " || $0 == "\n" }
        if fields.count == 2, let quota = Int(fields[0]), let period = Int(fields[1]) { return max(1, quota / period) }
    }
    guard let quota = number("/sys/fs/cgroup/cpu/cpu.cfs_quota_us"), quota > 0,
        let period = number("/sys/fs/cgroup/cpu/cpu.cfs_period_us")
    else { return nil }
    return max(1, quota / period)
}

/// Memory that this process may use in bytes: its control group's limit, else the machine's memory.
public func availableMemory() -> UInt64? {
    let machine = UInt64(sysconf(CInt(_SC_PHYS_PAGES))) * UInt64(sysconf(CInt(_SC_PAGESIZE)))
    let limits = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"].compactMap(number)
    return limits.reduce(machine) { min($0, UInt64($1)) }
}

private func number(_ path: String) -> Int? {
    (try? readTextFile(path)).flatMap { Int($0.trimmingNewline) }
}

/// A random seed from the kernel.
public func randomSeed() -> UInt64 {
    var system = SystemRandomNumberGenerator()
    return system.next()
}

extension String {
    fileprivate var trimmingNewline: String { self.hasSuffix("\n") ? String(self.dropLast()) : self }
}

/// Opens `/dev/null` where standard input, output or error is closed, so that no other file gets its number.
public func openStandardDescriptors() {
    for number in 0...2 as ClosedRange<CInt> where fcntl(number, F_GETFD) < 0 {
        let null = open("/dev/null", number == 0 ? O_RDONLY : O_WRONLY)
        if null != number { close(null) }
    }
}
