import CShims
import Glibc
import SystemPackage

/// Readings of `/proc`. A process that is gone yields `nil` or nothing.
public enum ProcessTable {
    /// Resident memory in bytes: all of it, and the anonymous part without files and shared memory
    /// (`/proc/<pid>/statm`, about 1 µs). Pages shared with a parent by copy-on-write count as anonymous.
    public static func residentMemory(of pid: ProcessID) -> (total: UInt64, anonymous: UInt64)? {
        guard let text = contents("/proc/\(pid)/statm", capacity: 128) else { return nil }
        let fields = text.split(separator: UInt8(ascii: " "), maxSplits: 3)
        guard fields.count > 2, let resident = number(fields[1]), let shared = number(fields[2]) else { return nil }
        return (resident * pageSize, (resident - min(shared, resident)) * pageSize)
    }

    /// The anonymous resident memory of this process in bytes: the same as above, without allocating anything.
    static func ownAnonymousMemory() -> UInt64? {
        let number = Glibc.open("/proc/self/statm", O_RDONLY | O_CLOEXEC)
        guard number >= 0 else { return nil }
        let file = Descriptor(owning: number)
        return withUnsafeTemporaryAllocation(byteCount: 128, alignment: 1) { buffer in
            let count = Glibc.read(file.number, buffer.baseAddress!, 127)
            guard count > 0 else { return nil }
            buffer[count] = 0
            var next: UnsafeMutablePointer<CChar>? = buffer.assumingMemoryBound(to: CChar.self).baseAddress
            _ = strtoull(next!, &next, 10)
            let resident = strtoull(next!, &next, 10)
            let shared = strtoull(next!, &next, 10)
            return (UInt64(resident) - min(UInt64(shared), UInt64(resident))) * self.pageSize
        }
    }

    /// What `RLIMIT_DATA` counts of this process, and its stack: private writable memory that it has mapped, in bytes.
    public static func ownDataSize() -> UInt64? {
        guard let text = contents("/proc/self/statm", capacity: 128) else { return nil }
        let fields = text.split(separator: UInt8(ascii: " "))
        guard fields.count > 5, let pages = number(fields[5]) else { return nil }
        return pages * pageSize
    }

    /// Memory that only this process uses, resident or swapped, in bytes (`/proc/<pid>/smaps_rollup`, which walks
    /// the page tables: dear in a big process).
    public static func privateMemory(of pid: ProcessID) -> UInt64? {
        guard let text = contents("/proc/\(pid)/smaps_rollup", capacity: 2_048) else { return nil }
        var kibibytes: UInt64 = 0
        for line in text.split(separator: UInt8(ascii: "\n")) {
            let fields = line.split(separator: UInt8(ascii: " "))
            guard fields.count > 1, privateFields.contains(where: { fields[0].elementsEqual($0.utf8) }) else {
                continue
            }
            kibibytes += number(fields[1]) ?? 0
        }
        return kibibytes << 10
    }

    private static let privateFields = ["Private_Clean:", "Private_Dirty:", "Swap:"]
    private static let pageSize = UInt64(sysconf(CInt(_SC_PAGESIZE)))

    /// CPU time of a process's ended and reaped children in nanoseconds, to the clock tick (`/proc/<pid>/stat`).
    public static func reapedChildrenCPU(of pid: ProcessID) -> UInt64 {
        guard let text = contents("/proc/\(pid)/stat", capacity: 1_024),
            let nameEnd = text.lastIndex(of: UInt8(ascii: ")"))
        else { return 0 }
        // After the name: state is field 3, cutime 16, cstime 17.
        let fields = text[(nameEnd + 1)...].split(separator: UInt8(ascii: " "))
        guard fields.count > 14, let user = number(fields[13]), let system = number(fields[14]) else { return 0 }
        return (user + system) * (1_000_000_000 / UInt64(sysconf(CInt(_SC_CLK_TCK))))
    }

    /// Children of a process, over all its threads (`/proc/<pid>/task/*/children`).
    public static func children(of pid: ProcessID) -> [ProcessID] {
        var found: [ProcessID] = []
        for thread in entries("/proc/\(pid)/task") {
            guard let text = contents("/proc/\(pid)/task/\(thread)/children", capacity: 65_536) else { continue }
            found += text.split(separator: UInt8(ascii: " ")).compactMap { number($0).map { ProcessID($0) } }
        }
        return found
    }

    /// Children of this process, over all its threads.
    public static func ownChildren() -> [ProcessID] { self.children(of: ownProcessID) }

    /// All processes below a process, at most `limit` of them.
    public static func descendants(of pid: ProcessID, limit: Int = 4_096) -> [ProcessID] {
        var found = self.children(of: pid)
        var next = 0
        while next < found.count && found.count < limit {
            found += self.children(of: found[next])
            next += 1
        }
        return found
    }

    /// The names of this process's threads.
    public static func ownThreads() -> [String] {
        entries("/proc/self/task").map { thread in
            contents("/proc/self/task/\(thread)/comm", capacity: 64).map {
                String(decoding: $0.dropLast(), as: UTF8.self)
            } ?? thread
        }
    }

    /// This process's open descriptors and what they refer to, the one that lists them left out.
    public static func ownDescriptors() -> [(number: CInt, target: String)] { self.descriptors(of: ownProcessID) }

    /// The open descriptors of a process, and what each refers to.
    public static func descriptors(of pid: ProcessID) -> [(number: CInt, target: String)] {
        entries("/proc/\(pid)/fd").compactMap { entry in
            guard let number = CInt(entry), let target = link("/proc/\(pid)/fd/\(entry)") else { return nil }
            return (number, target)
        }
    }

    /// What the kernel says of this process, a field a line (`/proc/self/status`).
    public static func ownStatus() -> [UInt8]? { contents("/proc/self/status", capacity: 4_096) }

    /// The command name of a process.
    public static func name(of pid: ProcessID) -> String? {
        contents("/proc/\(pid)/comm", capacity: 64).map { String(decoding: $0.dropLast(), as: UTF8.self) }
    }

    /// The threads of a process, its first one first.
    public static func threads(of pid: ProcessID) -> [ProcessID] {
        entries("/proc/\(pid)/task").compactMap { ProcessID($0) }.sorted()
    }

    /// Processes of this machine that the kernel has ended for lack of memory (`oom_kill` of `/proc/vmstat`).
    public static func outOfMemoryKills() -> UInt64? {
        guard let text = contents("/proc/vmstat", capacity: 32_768) else { return nil }
        for line in text.split(separator: UInt8(ascii: "\n")) where line.starts(with: "oom_kill ".utf8) {
            return number(line.dropFirst("oom_kill ".utf8.count))
        }
        return nil
    }

    static func entries(_ directory: String) -> [String] {
        guard let stream = opendir(directory) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: entry.pointee.d_name) {
                String(cString: UnsafeRawPointer($0).assumingMemoryBound(to: CChar.self))
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names
    }

    private static func link(_ path: String) -> String? {
        var buffer = [UInt8](repeating: 0, count: 256)
        let count = buffer.withUnsafeMutableBytes { readlink(path, $0.baseAddress!, $0.count) }
        return count < 0 ? nil : String(decoding: buffer.prefix(count), as: UTF8.self)
    }

    /// The whole of a file of `/proc`, which yields at most a page a read.
    static func contents(_ path: String, capacity: Int) -> [UInt8]? {
        let number = Glibc.open(path, O_RDONLY | O_CLOEXEC)
        guard number >= 0 else { return nil }
        let file = Descriptor(owning: number)
        let bytes = [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
            while count < capacity {
                let read = Glibc.read(file.number, buffer.baseAddress! + count, capacity - count)
                if read <= 0 { break }
                count += read
            }
        }
        return bytes.isEmpty ? nil : bytes
    }

    static func number(_ digits: ArraySlice<UInt8>) -> UInt64? {
        var value: UInt64 = 0
        for digit in digits {
            guard digit >= 48 && digit <= 57 else { return digit == 10 ? value : nil }
            value = value &* 10 &+ UInt64(digit - 48)
        }
        return digits.isEmpty ? nil : value
    }
}

/// Kills and reaps children of this process until none but `spared` is left, with all that they leave behind in
/// turn: this process must be a subreaper. Gives up after some seconds, when the kernel does not let one die.
///
/// The signal goes to a pid, which is safe for a child of ours that we have not reaped: its number is not free.
/// Nobody is waited for before the next look: what forks on while it is killed would win otherwise.
///
/// - Returns: the names of those that were killed.
public func killStrayChildren(sparing spared: (ProcessID) -> Bool) -> [String] {
    var killed: [ProcessID: String] = [:]
    let deadline = monotonicNanoseconds() + longestSweep
    while monotonicNanoseconds() < deadline {
        let strays = ProcessTable.ownChildren().filter { $0 > 1 && !spared($0) }
        if strays.isEmpty { break }
        for stray in strays {
            if killed[stray] == nil { killed[stray] = ProcessTable.name(of: stray) ?? "?" }
            Glibc.kill(stray, SIGKILL)
        }
        // A killed process needs some microseconds; there is no descriptor to wait on for so many.
        if !reapEnded(strays) { pauseBriefly() }
    }
    return killed.values.sorted()
}

private let longestSweep: UInt64 = 3_000_000_000

/// Reaps those that have ended. Returns whether there was one.
private func reapEnded(_ pids: [ProcessID]) -> Bool {
    var found = false
    for pid in pids {
        var exit = celeriac_exit()
        if celeriac_wait_pid(pid, 0, &exit) == 0, exit.pid != 0 { found = true }
    }
    return found
}
