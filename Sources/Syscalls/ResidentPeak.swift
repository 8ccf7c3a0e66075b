import Glibc

/// The resident-set high-water mark of this process, which ``ownUsage()`` tells.
public enum ResidentPeak {
    /// A growth in bytes from which on it is worth the 3 µs.
    public static let worthResetting: UInt64 = 1 << 20

    /// Opened once, as long as it can be: a sandbox may forbid it later. Closed on exec.
    private static let file = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC)

    /// Opens what ``reset()`` needs.
    public static func prepare() { _ = self.file }

    /// Has it start anew from what is resident now (`/proc/self/clear_refs`).
    public static func reset() { _ = Glibc.write(self.file, "5", 1) }
}
