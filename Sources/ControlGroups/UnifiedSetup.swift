import Syscalls
import SystemPackage

/// Takes the hierarchy of version 2, when this process's group is delegated to it: writable, and no stranger in it.
///
/// A group of version 2 has either processes or controllers below it. So the worker moves into a group of its own
/// below the one that it was started in:
///
/// ```
/// G                     where the worker was started; afterwards without processes
///  └ celeriac-PID       the worker's directory
///     ├ master          master and template
///     └ child-N         each child
/// ```
struct UnifiedSetup {
    private let files: GroupFiles
    private let location: GroupLocation

    init(_ files: GroupFiles, _ location: GroupLocation) {
        self.files = files
        self.location = location
    }

    /// Controllers to hand down; memory must be among them.
    private static let wanted: [GroupLocation.Controller] = [.memory, .pids, .cpu]

    /// This process's group, and the controllers that it could hand down. Changes nothing.
    func check() throws(GroupError) -> (group: String, controllers: [GroupLocation.Controller]) {
        let parent = try self.delegatedGroup()
        let offered = (self.files.read(parent + "/cgroup.controllers") ?? "").split { $0 == " " || $0 == "\n" }
        let controllers = Self.wanted.filter { offered.contains(Substring($0.rawValue)) }
        guard controllers.contains(.memory) else {
            throw GroupError(description: "version 2 has no memory controller in \(parent)")
        }
        return (parent, controllers)
    }

    func run() throws(GroupError) -> ControlGroups {
        let (parent, controllers) = try self.check()
        WorkerGroup.sweep(parent, self.files)
        let text = controllers.map { "+\($0.rawValue)" }.joined(separator: " ")
        let undo = controllers.map { "-\($0.rawValue)" }.joined(separator: " ")
        let files = self.files
        do throws(Errno) {
            let home = try WorkerGroup(in: parent, files) { Self.moveBack(from: $0, to: parent, undo, files) }
            do throws(Errno) {
                try self.moveIn(home, parent, text)
            } catch {
                home.remove()
                throw error
            }
            return ControlGroups(.v2, files, [home], Dictionary(uniqueKeysWithValues: controllers.map { ($0, 0) }))
        } catch {
            throw GroupError(description: "\(parent) cannot be used: \(error)")
        }
    }

    /// This process's group, once it is sure that only this process is in it.
    private func delegatedGroup() throws(GroupError) -> String {
        guard let group = self.location.unified?.directory else {
            throw GroupError(description: "version 2 is not mounted")
        }
        guard isChangeable(group), isChangeable(group + "/cgroup.procs"),
            isChangeable(group + "/cgroup.subtree_control")
        else { throw GroupError(description: "\(group) is not delegated to this user") }
        let strangers = self.files.processes(group).filter { $0 != ownProcessID }
        guard strangers.isEmpty else {
            let some = strangers.prefix(3).map { "\(ProcessTable.name(of: $0) ?? "?") (\($0))" }
            throw GroupError(
                description: "other processes are in \(group): \(some.joined(separator: ", "))")
        }
        return group
    }

    private func moveIn(_ home: WorkerGroup, _ parent: String, _ controllers: String) throws(Errno) {
        let own = home.directory + "/master"
        try self.files.makeGroup(own)
        try self.files.write("0", to: own + "/cgroup.procs")
        try self.files.write(controllers, to: parent + "/cgroup.subtree_control")
        try self.files.write(controllers, to: home.directory + "/cgroup.subtree_control")
    }

    /// As far as it can be done: another worker may have its directory beside this one, and keeps the controllers.
    private static func moveBack(from own: String, to parent: String, _ controllers: String, _ files: GroupFiles) {
        try? files.write(controllers, to: own + "/cgroup.subtree_control")
        try? files.write(controllers, to: parent + "/cgroup.subtree_control")
        try? files.write("0", to: parent + "/cgroup.procs")
    }
}
