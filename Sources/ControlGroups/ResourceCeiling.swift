import Syscalls

/// What this process and all that it starts may use: the machine's, cut by the quotas of its control groups.
public struct ResourceCeiling: Equatable, Sendable {
    /// Processors, in hundredths: the affinity mask, and CPU quotas.
    public let processorPercent: Int
    /// Memory in bytes.
    public let memory: UInt64

    /// Whole processors, at least one.
    public var processors: Int { max(1, self.processorPercent / 100) }

    /// What holds now. A quota can change while a process runs.
    public static func current() -> ResourceCeiling { ResourceCeiling(.real) }

    package init(_ files: GroupFiles, location: GroupLocation? = nil) {
        let location = location ?? files.location()
        self.processorPercent = min(100 * availableProcessors(), Self.quotas(files, location).min() ?? .max)
        self.memory =
            Self.memoryLimits(files, location).map(\.limit).min().map { min($0, machineMemory()) } ?? machineMemory()
    }

    /// CPU quotas in percent of one processor.
    private static func quotas(_ files: GroupFiles, _ location: GroupLocation) -> [Int] {
        let unified = (location.unified?.chain ?? []).compactMap { group -> Int? in
            let fields = (files.read(group + "/cpu.max") ?? "").split { $0 == " " || $0 == "\n" }
            guard fields.count == 2, let quota = UInt64(fields[0]), let period = UInt64(fields[1]) else { return nil }
            return Self.percent(quota, of: period)
        }
        let legacy = (location.legacy[.cpu]?.chain ?? []).compactMap { group -> Int? in
            guard let quota = files.number(group + "/cpu.cfs_quota_us"),
                let period = files.number(group + "/cpu.cfs_period_us")
            else { return nil }
            return Self.percent(quota, of: period)
        }
        return unified + legacy
    }

    private static func percent(_ quota: UInt64, of period: UInt64) -> Int? {
        period == 0 ? nil : max(1, Int(clamping: quota / (period / 100 == 0 ? 1 : period / 100)))
    }

    /// Groups of this process that have a memory limit, with it.
    static func memoryLimits(_ files: GroupFiles, _ location: GroupLocation) -> [LimitedGroup] {
        let unified = (location.unified?.chain ?? []).compactMap { group in
            files.number(group + "/memory.max").map { LimitedGroup(directory: group, limit: $0, version: .v2) }
        }
        let legacy = (location.legacy[.memory]?.chain ?? []).compactMap { group in
            files.number(group + "/memory.limit_in_bytes").map {
                LimitedGroup(directory: group, limit: $0, version: .v1)
            }
        }
        return unified + legacy
    }
}

/// A group above this process that has a memory limit.
struct LimitedGroup: Equatable {
    let directory: String
    let limit: UInt64
    let version: GroupVersion
}

/// The two versions of control groups.
public enum GroupVersion: Sendable {
    case v1
    case v2
}
