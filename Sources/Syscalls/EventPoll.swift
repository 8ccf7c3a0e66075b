import CShims
import Glibc
import SystemPackage

/// What a descriptor is ready for.
public struct Readiness: OptionSet, Sendable {
    public let rawValue: UInt32
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// A read yields bytes, or the end.
    public static let readable = Readiness(rawValue: EPOLLIN.rawValue)
    /// A write is taken.
    public static let writable = Readiness(rawValue: EPOLLOUT.rawValue)
    /// The other side is gone. Always reported, never asked for.
    public static let hungUp = Readiness(rawValue: EPOLLHUP.rawValue | EPOLLERR.rawValue)
}

/// A set of watched descriptors (`epoll(7)`), each with 64 bits of the caller's.
public struct EventPoll: ~Copyable {
    private let descriptor: Descriptor
    private var ready = [celeriac_event](repeating: celeriac_event(), count: 256)

    /// Opens an empty set.
    public init() throws(Errno) {
        self.descriptor = Descriptor(owning: try check(celeriac_epoll_create()))
    }

    /// Watches a descriptor. Throws `EPERM` for a regular file, which is always ready.
    public borrowing func add(_ descriptor: CInt, _ interest: Readiness, data: UInt64) throws(Errno) {
        try self.control(EPOLL_CTL_ADD, descriptor, interest, data)
    }

    /// Changes what is waited for.
    public borrowing func modify(_ descriptor: CInt, _ interest: Readiness, data: UInt64) throws(Errno) {
        try self.control(EPOLL_CTL_MOD, descriptor, interest, data)
    }

    /// Stops watching a descriptor.
    public borrowing func remove(_ descriptor: CInt) throws(Errno) {
        try self.control(EPOLL_CTL_DEL, descriptor, [], 0)
    }

    private borrowing func control(
        _ operation: CInt, _ descriptor: CInt, _ interest: Readiness, _ data: UInt64
    ) throws(Errno) {
        try check(celeriac_epoll_control(self.descriptor.number, operation, descriptor, interest.rawValue, data))
    }

    /// Waits up to `timeout` nanoseconds (negative: without end) and returns how many descriptors are ready; an
    /// interrupted wait returns 0. Read them with ``event(_:)``.
    public mutating func wait(timeout: Int64) throws(Errno) -> Int {
        let count = celeriac_epoll_wait(self.descriptor.number, &self.ready, CInt(self.ready.count), timeout)
        if count < 0 && errno == EINTR { return 0 }
        return Int(try check(count))
    }

    /// One of the events of the last wait.
    public borrowing func event(_ index: Int) -> (data: UInt64, readiness: Readiness) {
        (self.ready[index].data, Readiness(rawValue: self.ready[index].events))
    }
}
