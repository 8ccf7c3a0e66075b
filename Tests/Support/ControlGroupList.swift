import Glibc

/// Control groups of workers that are there now.
package enum ControlGroupList {
    /// As directories.
    package static var workers: Set<String> {
        let locations = ["cpu", "memory", "pids", "freezer", "unified", ""].map { "/sys/fs/cgroup/\($0)" }
        return Set(locations.flatMap { self.below($0, depth: 4) })
    }

    private static func below(_ path: String, depth: Int) -> [String] {
        guard depth > 0, let directory = opendir(path) else { return [] }
        defer { closedir(directory) }
        var found: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: entry.pointee.d_name) {
                String(cString: UnsafeRawPointer($0).assumingMemoryBound(to: CChar.self))
            }
            guard entry.pointee.d_type == UInt8(DT_DIR), !name.hasPrefix(".") else { continue }
            let inner = "\(path)/\(name)"
            found += name.hasPrefix("celeriac-") ? [inner] : self.below(inner, depth: depth - 1)
        }
        return found
    }
}
