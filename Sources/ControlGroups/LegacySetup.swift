import Syscalls
import SystemPackage

/// Takes the hierarchies of version 1: the memory controller must be there, the others are welcome.
struct LegacySetup {
    private let files: GroupFiles
    private let location: GroupLocation

    private let controllers: [GroupLocation.Controller]

    /// - Parameter rationsProcessors: whether any task has a ration of CPU. To enter a group costs some 100 µs in each
    ///   hierarchy, and holds up every fork of the machine meanwhile.
    init(_ files: GroupFiles, _ location: GroupLocation, rationsProcessors: Bool) {
        self.files = files
        // A child's tree is killed by its first group, which then takes no further process.
        self.controllers = [.pids, .memory] + (rationsProcessors ? [.cpu] : [])
        self.location = location
    }

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
        for controller in self.controllers {
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
