import Glibc
import Syscalls

/// What another process of this machine holds, as `/proc` shows it.
enum ProcessMemory {
    /// Names of the texts that stand in the process's memory, environment or command line.
    static func findings(of texts: [String], in pid: ProcessID) throws -> [String] {
        var found: [String] = []
        for file in ["environ", "cmdline"] {
            let descriptor = Descriptor(owning: try openForReading("/proc/\(pid)/\(file)"))
            let bytes = try readAll(descriptor.number)
            found += texts.filter { self.contains(bytes, $0) }.map { "\(file) of \(pid): \($0)" }
        }
        let memory = Descriptor(owning: try openForReading("/proc/\(pid)/mem"))
        for region in try self.regions(pid) {
            let bytes = self.read(region, of: memory.number)
            found += texts.filter { self.contains(bytes, $0) }.map { "memory of \(pid) at \(region.lowerBound): \($0)" }
        }
        return found
    }

    /// Whether bytes stand in the process's memory.
    static func holds(_ bytes: [UInt8], in pid: ProcessID) throws -> Bool {
        let memory = Descriptor(owning: try openForReading("/proc/\(pid)/mem"))
        return try self.regions(pid).contains { self.contains(self.read($0, of: memory.number), bytes) }
    }

    /// Bytes of memory that were looked at.
    static func size(of pid: ProcessID) throws -> Int { try self.regions(pid).reduce(0) { $0 + $1.count } }

    private static func contains(_ bytes: [UInt8], _ text: String) -> Bool { self.contains(bytes, Array(text.utf8)) }

    private static func contains(_ bytes: [UInt8], _ text: [UInt8]) -> Bool {
        bytes.withUnsafeBytes { bytes in
            var rest = bytes[...]
            let (first, length) = (CInt(text[0]), text.count)
            while rest.count >= length, let found = memchr(bytes.baseAddress! + rest.startIndex, first, rest.count) {
                let index = bytes.baseAddress!.distance(to: UnsafeRawPointer(found))
                guard index + length <= rest.endIndex else { return false }
                if memcmp(found, text, length) == 0 { return true }
                rest = bytes[(index + 1)...]
            }
            return false
        }
    }

    private static func regions(_ pid: ProcessID) throws -> [Range<Int>] {
        try readTextFile("/proc/\(pid)/maps").split(separator: "\n").compactMap { line in
            let fields = line.split(separator: " ", omittingEmptySubsequences: true)
            guard fields[1].hasPrefix("r"), !line.contains("[v") else { return nil }
            let bounds = fields[0].split(separator: "-").compactMap { Int($0, radix: 16) }
            return bounds.count == 2 ? bounds[0]..<bounds[1] : nil
        }
    }

    private static func read(_ region: Range<Int>, of memory: CInt) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: region.count) { buffer, count in
            while count < region.count {
                let read = pread(memory, buffer.baseAddress! + count, region.count - count, region.lowerBound + count)
                guard read > 0 else { return }
                count += read
            }
        }
    }
}
