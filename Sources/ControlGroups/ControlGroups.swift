import Supervision
import Syscalls
import SystemPackage

/// How the limits of attempts are kept.
public enum ProtectionMode: String, Sendable {
    /// Each child is born into a control group of its own (version 2, delegated to the worker).
    case v2
    /// Each child enters a group in each hierarchy of version 1 before it does anything else.
    case v1
    /// No groups: the master measures, and the kernel keeps what `setrlimit` can.
    case bare
}

/// Why the control groups that were asked for cannot be had.
public struct GroupError: Error, Equatable, CustomStringConvertible {
    public let description: String
}

/// The worker's control groups: a directory of its own in each hierarchy, and in it a group for each child.
///
/// The directory is locked as long as the worker lives. One that is there and not locked is a dead worker's: whoever
/// starts next kills what is left in it, and removes it.
public final class ControlGroups {
    /// How limits are kept.
    public let mode: ProtectionMode
    /// What there is, or why there is nothing better, for people.
    public let detail: String
    /// Controllers that children's groups have.
    public let controllers: [GroupLocation.Controller]

    private let files: GroupFiles
    private var homes: [WorkerGroup] = []
    private let byController: [GroupLocation.Controller: Int]
    /// Groups of dead children in which a process still dies.
    private var doomed: [ChildGroup] = []
    private var lastNumber = 0

    /// Sets up what the choice asks for, or tells why it cannot be had. Sweeps what dead workers left.
    ///
    /// - Parameter rationsProcessors: whether any task has a ration of CPU.
    public static func setUp(
        _ choice: GroupChoice, rationsProcessors: Bool
    ) throws(GroupError) -> ControlGroups {
        try self.setUp(choice, .real, rationsProcessors: rationsProcessors)
    }

    package static func setUp(
        _ choice: GroupChoice, _ files: GroupFiles, rationsProcessors: Bool = true
    ) throws(GroupError) -> ControlGroups {
        let location = files.location()
        var obstacles: [String] = []
        if choice == .auto || choice == .v2 {
            do throws(GroupError) { return try UnifiedSetup(files, location).run() } catch {
                if choice == .v2 { throw error }
                obstacles.append(error.description)
            }
        }
        if choice == .auto || choice == .v1 {
            do throws(GroupError) {
                return try LegacySetup(files, location, rationsProcessors: rationsProcessors).run()
            } catch {
                if choice == .v1 { throw error }
                obstacles.append(error.description)
            }
        }
        return ControlGroups(bare: choice == .off ? "control_groups is off" : obstacles.joined(separator: "; "))
    }

    /// No groups.
    public init(bare detail: String) {
        self.mode = .bare
        self.detail = detail
        self.controllers = []
        self.files = .real
        self.byController = [:]
    }

    init(
        _ mode: ProtectionMode, _ files: GroupFiles, _ homes: [WorkerGroup],
        _ byController: [GroupLocation.Controller: Int]
    ) {
        self.mode = mode
        self.files = files
        self.homes = homes
        self.byController = byController
        self.controllers = GroupLocation.Controller.allCases.filter { byController[$0] != nil }
        let names = self.controllers.map(\.rawValue).joined(separator: ", ")
        self.detail = "\(names) in \(homes.map(\.directory).joined(separator: ", "))"
    }

    /// One line: `v1 (memory, pids in /sys/fs/cgroup/memory/celeriac-7, …)`.
    public var description: String { "\(self.mode.rawValue) (\(self.detail))" }

    // MARK: Children

    /// Makes the groups of a child that is about to be forked; `nil` where there are none.
    public func makeGroup() throws(Errno) -> ChildGroup? {
        if self.homes.isEmpty { return nil }
        self.lastNumber += 1
        let directories = self.homes.map { "\($0.directory)/child-\(self.lastNumber)" }
        let version: GroupVersion = self.mode == .v2 ? .v2 : .v1
        let group = ChildGroup(version, self.files, directories, self.byController.mapValues { directories[$0] })
        do {
            for directory in directories { try self.files.makeGroup(directory) }
        } catch {
            self.remove(group)
            throw error
        }
        group.prepare()
        return group
    }

    /// Removes the groups of a child whose tree is gone. What the kernel has not let go yet is removed later.
    public func remove(_ group: ChildGroup) {
        self.doomed.append(group)
        self.doomed.removeAll { $0.remove() }
    }

    /// Removes everything, once all children are gone.
    public func close() {
        self.doomed.removeAll { $0.remove() }
        for home in self.homes { home.remove() }
        self.homes = []
    }
}
