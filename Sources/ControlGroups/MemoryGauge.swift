import Supervision
import Syscalls

/// Reads how much memory is left for this process and all that it started: in its control groups and in the machine.
public struct MemoryGauge {
    private let files: GroupFiles
    private let limited: [LimitedGroup]
    private let pressureFile: String

    /// A gauge for the groups that this process is in now.
    public init() { self.init(.real) }

    package init(_ files: GroupFiles) {
        let location = files.location()
        self.files = files
        self.limited = ResourceCeiling.memoryLimits(files, location)
        let own = location.unified.map { $0.directory + "/memory.pressure" }
        self.pressureFile = own.flatMap { files.read($0) == nil ? nil : $0 } ?? "/proc/pressure/memory"
    }

    /// What is left where the least is left.
    public func read() -> MemoryReading? {
        let places = self.limited.compactMap(self.reading) + [Self.machine].compactMap(\.self)
        guard var scarcest = places.min(by: { $0.available < $1.available }) else { return nil }
        scarcest.stalledPercent = self.stalledPercent
        return scarcest
    }

    /// Pages of files that nobody uses just now can be had back at once.
    private func reading(_ group: LimitedGroup) -> MemoryReading? {
        let (usage, cache) =
            group.version == .v2
            ? ("/memory.current", "inactive_file") : ("/memory.usage_in_bytes", "total_inactive_file")
        guard let used = self.files.number(group.directory + usage) else { return nil }
        let idle = self.files.number(cache, in: group.directory + "/memory.stat") ?? 0
        let inUse = used - min(used, idle)
        return MemoryReading(total: group.limit, available: group.limit - min(group.limit, inUse))
    }

    private static var machine: MemoryReading? {
        machineMemoryAvailable().map { MemoryReading(total: machineMemory(), available: $0) }
    }

    /// Part of the last ten seconds in which all work waited for memory: `full avg10=1.23 …`.
    private var stalledPercent: Int {
        guard let text = self.files.read(self.pressureFile), let line = text.split(separator: "\n").last,
            line.hasPrefix("full avg10=")
        else { return 0 }
        return Int(line.dropFirst(11).prefix { $0 != "." }) ?? 0
    }
}
