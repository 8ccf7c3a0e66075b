import CShims
import Glibc
import SystemPackage

/// Wakes a thread that polls: a counter that is readable while it is not zero (`eventfd(2)`).
public final class EventCounter: Sendable {
    /// Readable after ``signal()``, until ``clear()``.
    public let descriptor: CInt

    /// A counter at zero.
    public init() throws(Errno) { self.descriptor = try check(celeriac_event_counter()) }

    deinit { close(self.descriptor) }

    /// Raises the counter. Safe from any thread.
    public func signal() {
        var one: UInt64 = 1
        _ = Glibc.write(self.descriptor, &one, 8)
    }

    /// Sets the counter to zero.
    public func clear() {
        var count: UInt64 = 0
        _ = Glibc.read(self.descriptor, &count, 8)
    }
}

/// The standard output of the C library, which `print` writes to.
public enum StandardOutput {
    /// Sends each line on its own, so that a killed process has shown what it printed.
    public static func bufferByLine() { celeriac_line_buffer_output() }

    /// Sends what waits in the buffer. Returns whether all that was ever printed is out.
    @discardableResult
    public static func flush() -> Bool { celeriac_flush_output() == 0 }
}
