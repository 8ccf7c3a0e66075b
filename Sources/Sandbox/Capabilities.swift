import CCap
import Glibc
import SandboxPolicy
import Syscalls
import SystemPackage

/// What the child may do beyond what its user may (`capabilities(7)`, libcap).
extension Sandbox {
    /// `SECBIT_NOROOT`, `NO_SETUID_FIXUP`, `NO_CAP_AMBIENT_RAISE`, each with its lock, and the lock of `KEEP_CAPS`: user 0
    /// means nothing any more, and a change of user neither gives nor takes.
    private static let secureBits: UInt32 = 0b1110_1111

    /// Before the user changes: an executed program gets no capability. A worker that is not root has no right to
    /// this, and nothing that a program could get, once it gains no rights by executing one.
    func limitCapabilities() throws(SandboxFailure) {
        guard self.held.mayChangeBounds else { return }
        try Self.dropBounds(self.held.bounding & ~self.profile.keptCapabilities)
        // A program that root executes has what is left, unless it is to have nothing of it.
        guard self.profile.user != .same else { return }
        try taking(.boundingSet, "secure bits") { () throws(Errno) in try Confinement.setSecureBits(Self.secureBits) }
    }

    /// Takes out of what every program could get what no child of these profiles may have: the template does it once,
    /// instead of each child.
    public static func limitCapabilities(to profiles: [SandboxProfile]) throws(SandboxFailure) {
        let held = HeldCapabilities()
        guard held.mayChangeBounds else { return }
        try self.dropBounds(held.bounding & ~profiles.reduce(0) { $0 | $1.keptCapabilities })
    }

    private static func dropBounds(_ bits: UInt64) throws(SandboxFailure) {
        for number in 0..<64 where bits & 1 << UInt64(number) != 0 {
            if cap_drop_bound(cap_value_t(number)) != 0 {
                throw SandboxFailure(.boundingSet, "capability \(number): \(Errno(rawValue: errno))")
            }
        }
    }

    /// After the user has changed: exactly the kept ones, of those that there are. Without inheritable ones there are
    /// no ambient ones.
    func dropCapabilities() throws(SandboxFailure) {
        guard let next = cap_init() else { throw SandboxFailure(.capabilities, "memory") }
        defer { cap_free(UnsafeMutableRawPointer(next)) }
        let kept = self.held.permitted & self.profile.keptCapabilities
        for number in 0..<64 where kept & 1 << UInt64(number) != 0 {
            var capability = cap_value_t(number)
            cap_set_flag(next, CAP_PERMITTED, 1, &capability, CAP_SET)
            cap_set_flag(next, CAP_EFFECTIVE, 1, &capability, CAP_SET)
        }
        if cap_set_proc(next) != 0 {
            throw SandboxFailure(.capabilities, "the kept ones: \(Errno(rawValue: errno))")
        }
    }
}

/// The capabilities that a process has, and could get.
struct HeldCapabilities: Sendable {
    private(set) var permitted: UInt64 = 0
    private(set) var bounding: UInt64 = 0
    private(set) var mayChangeBounds = false

    /// Those of this process.
    init() {
        guard let own = cap_get_proc() else { return }
        defer { cap_free(UnsafeMutableRawPointer(own)) }
        for number in 0..<cap_max_bits() {
            var value = CAP_CLEAR
            if cap_get_flag(own, number, CAP_PERMITTED, &value) == 0, value == CAP_SET {
                self.permitted |= 1 << UInt64(number)
            }
            if cap_get_bound(number) == 1 { self.bounding |= 1 << UInt64(number) }
        }
        var value = CAP_CLEAR
        self.mayChangeBounds =
            cap_get_flag(own, cap_value_t(CAP_SETPCAP), CAP_EFFECTIVE, &value) == 0 && value == CAP_SET
    }
}
