import EngineSupport
import Syscalls
import SystemPackage

@testable import ControlGroups

/// A hierarchy of version 2 in a directory: files appear with a group, and the rules of the kernel hold that the setup
/// depends on. Processes are what is written to `cgroup.procs`.
final class FakeHierarchy: GroupFiles {
    let scratch: ScratchDirectory
    /// Everything that was written, as `path text`, below the top.
    private(set) var writes: [String] = []
    /// Paths, below the top, that refuse to be written.
    var refused: Set<String> = []
    private let controllers: String

    var top: String { self.scratch.path }

    init(controllers: String = "cpuset cpu io memory pids") throws {
        self.scratch = try ScratchDirectory()
        self.controllers = controllers
        super.init()
        try self.fill(self.top)
        try self.scratch.write("\(ownProcessID)\n", to: "cgroup.procs")
    }

    override func location() -> GroupLocation {
        GroupLocation(membership: "0::/\n", mountInfo: "41 31 0:38 / \(self.top) rw - cgroup2 cgroup rw")
    }

    private func fill(_ path: String) throws {
        let files = [
            "cgroup.controllers": self.controllers, "cgroup.procs": "", "cgroup.subtree_control": "",
            "memory.high": "max", "memory.max": "max", "memory.current": "0", "memory.peak": "0",
            "memory.events": "low 0\nhigh 0\nmax 0\noom 0\noom_kill 0\noom_group_kill 0", "memory.swap.max": "max",
            "memory.oom.group": "0", "pids.max": "max", "cpu.max": "max 100000",
        ]
        for (name, text) in files { try (text + "\n").write(toPath: path + "/" + name) }
    }

    override func makeGroup(_ path: String) throws(Errno) {
        try super.makeGroup(path)
        do { try self.fill(path) } catch { throw .ioError }
    }

    override func removeGroup(_ path: String) throws(Errno) {
        guard self.processes(path).isEmpty, self.groups(in: path).isEmpty else { throw .resourceBusy }
        try? removeTree(path)
        guard !isDirectory(path) else { throw .resourceBusy }
    }

    override func write(_ text: String, to path: String) throws(Errno) {
        let name = String(path.dropFirst(self.top.count + 1))
        if self.refused.contains(name) { throw .permissionDenied }
        let group = path.split(separator: "/").dropLast().map { "/" + $0 }.joined()
        if path.hasSuffix("/cgroup.subtree_control"), text.hasPrefix("+"), !self.processes(group).isEmpty {
            throw .resourceBusy
        }
        if path.hasSuffix("/cgroup.procs") { try self.move(to: path) } else { try super.write(text + "\n", to: path) }
        self.writes.append("\(name) \(text)")
    }

    /// One process moves: this one.
    private func move(to path: String) throws(Errno) {
        try self.empty(self.top)
        do { try "\(ownProcessID)\n".write(toPath: path) } catch { throw .ioError }
    }

    private func empty(_ group: String) throws(Errno) {
        do { try "".write(toPath: group + "/cgroup.procs") } catch { throw .ioError }
        for child in self.groups(in: group) { try self.empty("\(group)/\(child)") }
    }

    /// Lets the kernel change a file.
    func set(_ text: String, _ path: String) throws { try text.write(toPath: path) }
}
