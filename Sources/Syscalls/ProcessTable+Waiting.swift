import CShims
import Glibc

/// What a process waits in, and what shows that it does something.
extension ProcessTable {
    /// The state of a process as a word: `running`, `sleeping`, `stopped`, … (`/proc/<pid>/stat`).
    public static func state(of pid: ProcessID) -> String? {
        guard let text = contents("/proc/\(pid)/stat", capacity: 1_024),
            let nameEnd = text.lastIndex(of: UInt8(ascii: ")")), nameEnd + 2 < text.count
        else { return nil }
        switch text[nameEnd + 2] {
        case UInt8(ascii: "R"): return "running"
        case UInt8(ascii: "S"): return "sleeping"
        case UInt8(ascii: "D"): return "waiting for a device"
        case UInt8(ascii: "T"): return "stopped"
        case UInt8(ascii: "t"): return "traced"
        case UInt8(ascii: "Z"): return "dead"
        case UInt8(ascii: "I"): return "idle"
        default: return nil
        }
    }

    /// The system call that the first thread of a process waits in, and the kernel's function, as far as this process
    /// may know them (`/proc/<pid>/syscall`, `wchan`).
    public static func wait(of pid: ProcessID) -> String? {
        let function = contents("/proc/\(pid)/wchan", capacity: 128).map { String(decoding: $0, as: UTF8.self) }
        let parts = [self.systemCall(of: pid), function.flatMap { $0 == "0" ? nil : "(\($0))" }].compactMap(\.self)
        return parts.isEmpty ? nil : parts.joined(separator: " ")
    }

    private static func systemCall(of pid: ProcessID) -> String? {
        guard let text = contents("/proc/\(pid)/syscall", capacity: 256),
            let field = text.split(whereSeparator: { $0 == UInt8(ascii: " ") || $0 == 10 }).first,
            let call = number(field)
        else { return nil }
        return celeriac_waiting_call_name(Int(clamping: call)).map { String(cString: $0) } ?? "system call \(call)"
    }

    /// How often the threads of a process have given up the processor by themselves.
    public static func voluntarySwitches(of pid: ProcessID) -> UInt64 {
        self.threads(of: pid).reduce(0) { sum, thread in
            sum &+ (self.field("voluntary_ctxt_switches:", of: "/proc/\(pid)/task/\(thread)/status") ?? 0)
        }
    }

    /// Bytes that a process has read and written by system calls; `nil` where this process may not know.
    public static func movedBytes(of pid: ProcessID) -> UInt64? {
        guard let read = self.field("rchar:", of: "/proc/\(pid)/io"),
            let written = self.field("wchar:", of: "/proc/\(pid)/io")
        else { return nil }
        return read &+ written
    }

    private static func field(_ name: String, of path: String) -> UInt64? {
        guard let text = contents(path, capacity: 4_096) else { return nil }
        for line in text.split(separator: UInt8(ascii: "\n")) where line.starts(with: name.utf8) {
            return number(line.dropFirst(name.utf8.count).drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") })
        }
        return nil
    }
}
