/// Where this process stands in the hierarchies of control groups.
public struct GroupLocation: Equatable, Sendable {
    /// A controller that a child's group uses.
    public enum Controller: String, CaseIterable, Sendable {
        case memory
        case pids
        case cpu
    }

    /// A group, as a directory.
    public struct Place: Hashable, Sendable {
        /// The group's directory.
        public let directory: String
        /// Where its hierarchy is mounted: the highest directory that this process can see of it.
        public let top: String

        /// The group and those above it, as far as they can be seen.
        var chain: [String] {
            var found = [self.directory]
            while let last = found.last, last != self.top, let slash = last.lastIndex(of: "/"), slash > last.startIndex
            {
                found.append(String(last[..<slash]))
            }
            return found
        }
    }

    /// This process's group in the hierarchy of version 2; `nil` when it is not mounted.
    public let unified: Place?
    /// Its groups in hierarchies of version 1, by controller.
    public let legacy: [Controller: Place]

    /// Understands the texts of `/proc/self/cgroup` and `/proc/self/mountinfo`.
    public init(membership: String, mountInfo: String) {
        let mounts = ControlGroupMount.all(mountInfo)
        var unified: Place?
        var legacy: [Controller: Place] = [:]
        for line in membership.split(separator: "\n") {
            // `4:memory:/group`, and `0::/group` for version 2; a path may have colons.
            let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3 else { continue }
            if fields[0] == "0", fields[1].isEmpty {
                unified = Self.place(fields[2], mounts.first(where: \.isUnified))
                continue
            }
            for name in fields[1].split(separator: ",") {
                guard let controller = Controller(rawValue: String(name)) else { continue }
                let mount = mounts.first { !$0.isUnified && $0.options.contains(name) }
                if let place = Self.place(fields[2], mount) { legacy[controller] = place }
            }
        }
        self.unified = unified
        self.legacy = legacy
    }

    /// The directory of a group; `nil` when it is outside of what is mounted.
    private static func place(_ path: Substring, _ mount: ControlGroupMount?) -> Place? {
        guard let mount, path.hasPrefix("/"), !path.hasPrefix("/..") else { return nil }
        var below = path
        if mount.root != "/" {
            guard path == mount.root || path.hasPrefix(mount.root + "/") else { return nil }
            below = path.dropFirst(mount.root.count)
        }
        let directory = below == "/" || below.isEmpty ? mount.directory : mount.directory + below
        return Place(directory: directory, top: mount.directory)
    }
}
