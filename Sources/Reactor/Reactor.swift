import Supervision
import Syscalls
import SystemPackage

/// The single-threaded `epoll(7)` loop of a process: who waits for which descriptor.
///
/// A descriptor may be closed and its number reused while events for it are still in the batch; each registration
/// therefore carries a serial number in the kernel's event data, and events of an older serial are dropped.
public final class Reactor: EventLoop {
    /// Names one registration.
    public typealias Registration = LoopRegistration

    private struct Slot {
        var serial: UInt32
        var descriptor: CInt
        var interest: Readiness
        unowned var handler: any ReadinessHandler
        var token: Int
    }

    private var poll: EventPoll
    private var slots: [Slot?] = []
    private var free: [UInt32] = []
    private var lastSerial: UInt32 = 0

    /// Opens the epoll instance.
    public init() throws(Errno) { self.poll = try EventPoll() }

    public var now: Instant { Instant(nanoseconds: monotonicNanoseconds()) }

    public var wallSeconds: Double { Double(wallNanoseconds()) / 1e9 }

    /// Watches a descriptor. Throws `EPERM` for a regular file, which is always ready.
    public func register(
        _ descriptor: CInt, for interest: Readiness, handler: any ReadinessHandler, token: Int
    ) throws(Errno) -> Registration {
        self.lastSerial &+= 1
        let index = self.free.popLast() ?? self.appendSlot()
        let registration = Registration(slot: index, serial: self.lastSerial)
        do {
            try self.poll.add(descriptor, interest, data: registration.data)
        } catch {
            self.free.append(index)
            throw error
        }
        self.slots[Int(index)] = Slot(
            serial: self.lastSerial, descriptor: descriptor, interest: interest, handler: handler, token: token)
        return registration
    }

    /// Changes what is waited for.
    public func update(_ registration: Registration, for interest: Readiness) {
        guard let slot = self.slots[Int(registration.slot)], slot.serial == registration.serial else {
            preconditionFailure("A registration is updated before it is removed.")
        }
        guard slot.interest != interest else { return }
        self.slots[Int(registration.slot)]!.interest = interest
        do {
            try self.poll.modify(slot.descriptor, interest, data: registration.data)
        } catch {
            preconditionFailure("The descriptor of a registration is open: \(error)")
        }
    }

    /// Forgets a descriptor; must come before it is closed.
    public func remove(_ registration: Registration) {
        guard let slot = self.slots[Int(registration.slot)], slot.serial == registration.serial else { return }
        try? self.poll.remove(slot.descriptor)
        self.slots[Int(registration.slot)] = nil
        self.free.append(registration.slot)
    }

    /// Waits for a ready descriptor or until the deadline, then tells the handlers. Returns at once for a deadline
    /// that has passed.
    public func wait(until deadline: Instant) throws(Errno) {
        let count = try self.poll.wait(timeout: Self.timeout(until: deadline))
        for index in 0..<count {
            let (data, readiness) = self.poll.event(index)
            guard let slot = self.slots[Int(data >> 32)], slot.serial == UInt32(truncatingIfNeeded: data) else {
                continue
            }
            slot.handler.descriptorReady(token: slot.token, readiness: readiness)
        }
    }

    private static func timeout(until deadline: Instant) -> Int64 {
        if deadline == .distantFuture { return -1 }
        let now = monotonicNanoseconds()
        if deadline.nanoseconds <= now { return 0 }
        // An hour at most: a longer wait would overflow the kernel's milliseconds.
        return Int64(min(deadline.nanoseconds - now, 3_600_000_000_000))
    }

    private func appendSlot() -> UInt32 {
        self.slots.append(nil)
        return UInt32(self.slots.count - 1)
    }
}

extension LoopRegistration {
    /// What the kernel returns with an event.
    fileprivate var data: UInt64 { UInt64(self.slot) << 32 | UInt64(self.serial) }
}
