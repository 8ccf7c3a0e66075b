import Supervision
import Syscalls
import SystemPackage

/// A loop in one thread, as what runs on it sees it: descriptors to wait for, and the time.
///
/// The ``Reactor`` is the one of programs. Another one can let the same code run in virtual time.
public protocol EventLoop: AnyObject {
    /// The time on the monotonic clock, which waits, limits and leases follow.
    var now: Instant { get }

    /// Seconds since 1970 on the wall clock, which `eta`, `expires` and stored times follow.
    var wallSeconds: Double { get }

    /// Watches a descriptor. Throws `EPERM` for a regular file, which is always ready.
    func register(
        _ descriptor: CInt, for interest: Readiness, handler: any ReadinessHandler, token: Int
    ) throws(Errno) -> LoopRegistration

    /// Changes what is waited for.
    func update(_ registration: LoopRegistration, for interest: Readiness)

    /// Forgets a descriptor; must come before it is closed.
    func remove(_ registration: LoopRegistration)

    /// Waits for a ready descriptor or until the deadline, then tells the handlers. Returns at once for a deadline
    /// that has passed.
    func wait(until deadline: Instant) throws(Errno)
}

/// Who is told that a descriptor is ready.
public protocol ReadinessHandler: AnyObject {
    /// The descriptor registered with `token` is ready.
    func descriptorReady(token: Int, readiness: Readiness)
}

/// Names one registration of a descriptor with a loop.
public struct LoopRegistration: Hashable, Sendable {
    /// Its place in the loop's table; a later registration may get the same place.
    package let slot: UInt32
    /// Its number among all registrations of the loop.
    package let serial: UInt32

    /// A registration's name.
    package init(slot: UInt32, serial: UInt32) {
        self.slot = slot
        self.serial = serial
    }
}
