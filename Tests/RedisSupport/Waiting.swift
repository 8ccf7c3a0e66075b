import Glibc
import Syscalls

/// Looks again and again until `condition` holds; throws ``NeverHappened`` when that takes too long.
package func wait(for what: String, within seconds: Double = 10, until condition: () throws -> Bool) throws {
    let deadline = monotonicNanoseconds() + UInt64(seconds * 1e9)
    while !(try condition()) {
        guard monotonicNanoseconds() < deadline else { throw NeverHappened(what: what, seconds: seconds) }
        usleep(1_000)
    }
}

/// Something that a test waited for in vain.
package struct NeverHappened: Error {
    package let what: String
    package let seconds: Double

    package init(what: String, seconds: Double) { (self.what, self.seconds) = (what, seconds) }
}
