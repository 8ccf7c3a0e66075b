import Syscalls
import SystemPackage

/// The files of control groups: everything that is read and written of them goes through here.
///
/// Not final so that a test can do what the kernel does in a directory of the test's own.
package class GroupFiles {
    package init() {}

    /// The kernel's groups.
    package static var real: GroupFiles { GroupFiles() }

    /// Where this process stands.
    package func location() -> GroupLocation {
        GroupLocation(
            membership: (try? readTextFile("/proc/self/cgroup")) ?? "",
            mountInfo: (try? readTextFile("/proc/self/mountinfo")) ?? "")
    }

    package func makeGroup(_ path: String) throws(Errno) { try makeDirectory(path) }

    package func removeGroup(_ path: String) throws(Errno) { try removeDirectory(path) }

    package func write(_ text: String, to path: String) throws(Errno) { try writeText(text, to: path) }

    package final func read(_ path: String) -> String? { try? readTextFile(path) }

    /// A number; `max` of version 2, and version 1's largest, are none.
    package final func number(_ path: String) -> UInt64? {
        guard let text = self.read(path), let number = UInt64(text.prefix { $0 != "\n" }), number < 1 << 62 else {
            return nil
        }
        return number
    }

    /// The number behind a name in a file of lines such as `oom_kill 1`.
    package final func number(_ name: String, in path: String) -> UInt64? {
        guard let text = self.read(path) else { return nil }
        for line in text.split(separator: "\n") {
            let fields = line.split(separator: " ")
            if fields.count == 2, fields[0] == name { return UInt64(fields[1]) }
        }
        return nil
    }

    /// Processes in a group, those of groups below it not counted.
    package final func processes(_ group: String) -> [ProcessID] {
        (self.read(group + "/cgroup.procs") ?? "").split(separator: "\n").compactMap { ProcessID($0) }
    }

    /// Groups in a group.
    package final func groups(in path: String) -> [String] {
        directoryEntries(path).filter { isDirectory(path + "/" + $0) }
    }
}
