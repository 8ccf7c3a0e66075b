import Syscalls
import SystemPackage

/// Takes the hierarchies of version 1: the memory controller must be there, the others are welcome.
struct LegacySetup {
    private let files: GroupFiles
    private let location: GroupLocation

    init(_ files: GroupFiles, _ location: GroupLocation) {
        self.files = files
        self.location = location
    }

    /// The freezer comes first: a child's tree is killed by its first group.
    private static let order: [GroupLocation.Controller] = [.freezer, .memory, .pids, .cpu]

    /// The group whose memory controller would be used. Changes nothing.
    func check() throws(GroupError) -> String {
        guard let memory = self.location.legacy[.memory] else {
            throw GroupError(description: "version 1 has no memory controller")
        }
        guard isChangeable(memory.directory) else {
            throw GroupError(description: "\(memory.directory) is not writable")
        }
        return memory.directory
    }

    func run() throws(GroupError) -> ControlGroups {
        _ = try self.check()
        var homes: [WorkerGroup] = []
        var byController: [GroupLocation.Controller: Int] = [:]
        var parents: [String: Int] = [:]
        for controller in Self.order {
            guard let parent = self.location.legacy[controller]?.directory else { continue }
            if let index = parents[parent] {
                byController[controller] = index
                continue
            }
            WorkerGroup.sweep(parent, self.files)
            do throws(Errno) {
                homes.append(try WorkerGroup(in: parent, self.files))
            } catch {
                guard controller == .memory else { continue }
                for home in homes { home.remove() }
                throw GroupError(description: "cannot make a group in \(parent): \(error)")
            }
            parents[parent] = homes.count - 1
            byController[controller] = homes.count - 1
        }
        return ControlGroups(.v1, self.files, homes, byController)
    }
}
