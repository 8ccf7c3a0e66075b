import CShims

/// What this process holds. About 12 µs together, more with a heap of many free pieces.
public enum OwnHoldings {
    /// Bytes that are allocated and not freed (`mallinfo2(3)`).
    public static var heap: UInt64 { celeriac_heap_in_use() }

    /// Resident memory in bytes without files and shared memory.
    public static var privateMemory: UInt64 { ProcessTable.ownAnonymousMemory() ?? 0 }

    /// Open descriptors. Since Linux 6.2 the size of their directory; counted before.
    public static var descriptors: Int {
        let size = self.status(of: "/proc/self/fd").size
        return size > 0 ? Int(size) : ProcessTable.ownDescriptors().count
    }

    /// Threads: their directory has a link for each, and two of its own.
    public static var threads: Int { max(1, Int(self.status(of: "/proc/self/task").links) - 2) }

    private static func status(of path: String) -> (size: UInt64, links: UInt64) {
        var (size, links) = (UInt64(0), UInt64(0))
        return celeriac_size_and_links(path, &size, &links) == 0 ? (size, links) : (0, 0)
    }
}
