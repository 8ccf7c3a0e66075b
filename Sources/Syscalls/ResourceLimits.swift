import CShims
import SystemPackage

/// A limit that the kernel keeps for a process (`setrlimit(2)`).
public enum Resource: Sendable {
    /// Open descriptors (`RLIMIT_NOFILE`).
    case openFiles
    /// Largest file written (`RLIMIT_FSIZE`).
    case fileSize
    /// Core dump size (`RLIMIT_CORE`).
    case core
    /// Private writable memory (`RLIMIT_DATA`).
    case data
    /// CPU time in seconds (`RLIMIT_CPU`).
    case cpuTime

    private var number: celeriac_resource {
        switch self {
        case .openFiles: CELERIAC_OPEN_FILES
        case .fileSize: CELERIAC_FILE_SIZE
        case .core: CELERIAC_CORE
        case .data: CELERIAC_DATA
        case .cpuTime: CELERIAC_CPU_TIME
        }
    }

    /// The soft limit in force; `UInt64.max` is none.
    public var softLimit: UInt64 { self.limits.soft }

    private var limits: (soft: UInt64, hard: UInt64) {
        var soft: UInt64 = 0
        var hard: UInt64 = 0
        _ = celeriac_get_limit(self.number, &soft, &hard)
        return (soft, hard)
    }

    /// The hard limit in force; `UInt64.max` is none.
    public var hardLimit: UInt64 { self.limits.hard }

    /// Sets the soft limit, which can be raised again up to the hard limit; a value above that sets the hard limit.
    public func setSoftLimit(_ limit: UInt64) throws(Errno) {
        let hard = self.limits.hard
        try check(celeriac_set_limit(self.number, min(limit, hard), hard))
    }
}
