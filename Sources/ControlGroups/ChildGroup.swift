import Syscalls
import SystemPackage

/// The control groups of one child: one in version 2, one in each hierarchy of version 1.
public final class ChildGroup {
    private let dialect: GroupDialect
    private let files: GroupFiles
    /// Directories; the first is the one that all of it is killed by.
    let directories: [String]
    private let byController: [GroupLocation.Controller: String]
    private var limits = GroupLimits()
    /// Kills by the kernel that have been heard of.
    private var knownKills: UInt64 = 0

    init(
        _ version: GroupVersion, _ files: GroupFiles, _ directories: [String],
        _ byController: [GroupLocation.Controller: String]
    ) {
        self.dialect = GroupDialect(version: version)
        self.files = files
        self.directories = directories
        self.byController = byController
    }

    /// Has the kernel kill all of the group when it kills any of it, and keeps it from going beyond its limit by
    /// swapping. Version 1 can do neither.
    func prepare() {
        guard self.dialect.version == .v2, let directory = self.byController[.memory] else { return }
        try? self.files.write("1", to: directory + "/memory.oom.group")
        try? self.files.write("0", to: directory + "/memory.swap.max")
    }

    /// Descriptors by which a template and its child can enter and empty the groups.
    public func open() throws(Errno) -> [CInt] {
        var opened: [CInt] = []
        do {
            for directory in self.directories { opened.append(try openDirectory(directory).release()) }
        } catch {
            closeAll(opened)
            throw error
        }
        return opened
    }

    /// Sets the limits that differ from those in force; a fresh child's memory does not count. One that the kernel
    /// refuses, as version 1 does below what is in use, stays as it was: the master measures as well.
    public func apply(_ limits: GroupLimits, baseline: UInt64) {
        guard limits != self.limits else { return }
        let before = self.dialect.settings(self.limits, over: baseline)
        self.limits = limits
        for (old, new) in zip(before, self.dialect.settings(limits, over: baseline)) where old.text != new.text {
            guard let directory = self.byController[new.controller] else { continue }
            try? self.files.write(new.text, to: directory + "/" + new.file)
        }
    }

    /// The limits in force.
    public var appliedLimits: GroupLimits { self.limits }

    /// Lets no further process start in it: it is about to be killed.
    public func close() {
        guard let directory = self.byController[.pids] else { return }
        try? self.files.write("0", to: directory + "/pids.max")
    }

    /// Memory charged to it now.
    public var memory: UInt64 { self.memoryFile(self.dialect.usageFile) ?? 0 }

    /// Memory charged to it at its peak; `nil` where the kernel does not tell.
    public var peakMemory: UInt64? { self.memoryFile(self.dialect.peakFile) }

    private func memoryFile(_ name: String) -> UInt64? {
        self.byController[.memory].flatMap { self.files.number($0 + "/" + name) }
    }

    /// Whether the kernel has killed a process of it for its memory since the last time that this was asked.
    public func wasKilledForMemory() -> Bool {
        guard let directory = self.byController[.memory],
            let kills = self.files.number("oom_kill", in: directory + "/" + self.dialect.eventsFile)
        else { return false }
        defer { self.knownKills = kills }
        return kills > self.knownKills
    }

    /// Removes what is empty of it. Returns whether nothing is left.
    func remove() -> Bool {
        for directory in self.directories { try? self.files.removeGroup(directory) }
        return self.directories.allSatisfy { !isDirectory($0) }
    }
}
