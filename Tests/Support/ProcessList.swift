import Glibc
import Syscalls

/// Readings of `/proc` that only tests need.
package enum ProcessList {
    /// All processes.
    package static var all: [ProcessID] {
        guard let directory = opendir("/proc") else { return [] }
        defer { closedir(directory) }
        var found: [ProcessID] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: entry.pointee.d_name) {
                String(cString: UnsafeRawPointer($0).assumingMemoryBound(to: CChar.self))
            }
            if let pid = ProcessID(name) { found.append(pid) }
        }
        return found
    }

    /// The environment that a process was started with; empty for one that is gone or a zombie.
    package static func environment(of pid: ProcessID) -> [String] {
        contents("/proc/\(pid)/environ").split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
    }

    /// The kernel's letter for what a process does: `R`, `S`, `T` (stopped), `Z` (zombie); `nil` when it is gone.
    package static func state(of pid: ProcessID) -> Character? { status(of: pid).first?.first }

    /// When a process started, in the kernel's ticks; `nil` when it is gone or a zombie. With its number it names a
    /// process for ever.
    package static func start(of pid: ProcessID) -> UInt64? {
        let fields = status(of: pid)
        return fields.count > 19 && fields[0] != "Z" ? UInt64(fields[19]) : nil
    }

    /// What follows the name in `/proc/<pid>/stat`.
    private static func status(of pid: ProcessID) -> [Substring] {
        let text = String(decoding: contents("/proc/\(pid)/stat"), as: UTF8.self)
        return text.split(separator: ")").last?.split(separator: " ") ?? []
    }

    private static func contents(_ path: String) -> [UInt8] {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return [] }
        defer { close(file) }
        var all: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = Glibc.read(file, &buffer, buffer.count)
            if count <= 0 { return all }
            all += buffer[..<count]
        }
    }
}
