import Syscalls
import SystemPackage

/// A worker's directory in one hierarchy, locked.
final class WorkerGroup {
    let directory: String
    private let files: GroupFiles
    private let lock: Descriptor
    /// Undoes the changes to the group above.
    private let leave: (_ directory: String) -> Void

    private static let prefix = "celeriac-"

    /// Makes and locks a directory. One that somebody sweeps at this moment, or that another worker in another
    /// process namespace has by the same number, is not taken.
    init(in parent: String, _ files: GroupFiles, leave: @escaping (String) -> Void = { _ in }) throws(Errno) {
        self.files = files
        self.leave = leave
        var attempt = 0
        while true {
            let path = "\(parent)/\(Self.prefix)\(ownProcessID)" + (attempt == 0 ? "" : ".\(attempt)")
            if let lock = try Self.make(path, files) {
                self.directory = path
                self.lock = lock
                return
            }
            attempt += 1
            if attempt == 100 { throw .fileExists }
        }
    }

    private static func make(_ path: String, _ files: GroupFiles) throws(Errno) -> Descriptor? {
        do throws(Errno) {
            try files.makeGroup(path)
        } catch {
            guard error == .fileExists else { throw error }
            return nil
        }
        guard let directory = try? openDirectory(path), Syscalls.lock(directory) else { return nil }
        // Whoever swept it in between has removed what was locked here.
        if fileNumber(path) != fileNumber(of: directory) { return nil }
        return directory
    }

    func remove() {
        self.leave(self.directory)
        Self.removeGroups(self.directory, self.files)
        try? self.files.removeGroup(self.directory)
    }

    /// Ends and removes what workers left that are dead: their directories are not locked.
    static func sweep(_ parent: String, _ files: GroupFiles) {
        for name in files.groups(in: parent) where name.hasPrefix(Self.prefix) {
            let path = "\(parent)/\(name)"
            guard let directory = try? openDirectory(path), Syscalls.lock(directory) else { continue }
            Self.empty(path, files)
            Self.removeGroups(path, files)
            try? files.removeGroup(path)
        }
    }

    /// Kills what is in a dead worker's groups.
    private static func empty(_ path: String, _ files: GroupFiles) {
        for group in files.groups(in: path).map({ "\(path)/\($0)" }) + [path] {
            guard let directory = try? openDirectory(group) else { continue }
            _ = GroupEntry.killAll(directory.number)
            let deadline = monotonicNanoseconds() + 1_000_000_000
            while !files.processes(group).isEmpty, monotonicNanoseconds() < deadline { pauseBriefly() }
        }
    }

    private static func removeGroups(_ path: String, _ files: GroupFiles) {
        for name in files.groups(in: path) { try? files.removeGroup("\(path)/\(name)") }
    }
}
