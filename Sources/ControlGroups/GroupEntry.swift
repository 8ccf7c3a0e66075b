import Syscalls
import SystemPackage

/// What a template and a freshly forked child do with the descriptors of the child's groups.
public enum GroupEntry {
    /// Puts this process into the groups: the first thing that a child does.
    public static func enter(_ directories: [CInt]) throws(Errno) {
        for directory in directories { try writeText("0", to: "cgroup.procs", in: directory) }
    }

    /// How long a storm of forks is fought.
    private static let patience: UInt64 = 2_000_000_000

    /// Kills every process of a group, forks in progress included, and returns the names of those that it found.
    ///
    /// Version 2 does it in one step. Otherwise the group may have no further process from now on, and the list is read
    /// and killed until it is empty. Who ended between the list and the look at its name was not killed, and is not named.
    public static func killAll(_ directory: CInt) -> [String] {
        let found = Self.processes(directory)
        if found.isEmpty { return [] }
        var names: [ProcessID: String] = [:]
        for pid in found { names[pid] = ProcessTable.name(of: pid) }
        do throws(Errno) {
            try writeText("1", to: "cgroup.kill", in: directory)
        } catch {
            Self.killEach(directory, &names)
        }
        return names.values.sorted()
    }

    private static func killEach(_ directory: CInt, _ names: inout [ProcessID: String]) {
        let deadline = monotonicNanoseconds() + Self.patience
        try? writeText("0", to: "pids.max", in: directory)
        while monotonicNanoseconds() < deadline {
            let found = Self.processes(directory)
            if found.isEmpty { return }
            for pid in found {
                if names[pid] == nil { names[pid] = ProcessTable.name(of: pid) }
                Self.kill(pid, directory)
            }
            pauseBriefly()
        }
    }

    /// A number in the list may be another process's by the time it is signalled; a descriptor of one that is in the
    /// list after it was opened is not.
    private static func kill(_ pid: ProcessID, _ directory: CInt) {
        guard pid > 1, let process = try? ProcessDescriptor(child: pid) else { return }
        if Self.processes(directory).contains(pid) { process.send(.kill) }
    }

    private static func processes(_ directory: CInt) -> [ProcessID] {
        ((try? readText("cgroup.procs", in: directory)) ?? "").split(separator: "\n").compactMap { ProcessID($0) }
    }
}
