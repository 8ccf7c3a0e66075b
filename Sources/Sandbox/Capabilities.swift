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
        guard Self.mayChangeBounds else { return }
        for number in 0..<cap_max_bits() where self.profile.keptCapabilities & 1 << UInt64(number) == 0 {
            if cap_drop_bound(cap_value_t(number)) != 0 { throw Self.failure(.boundingSet, "capability \(number)") }
        }
        // A program that root executes has what is left, unless it is to have nothing of it.
        guard self.profile.user != .same else { return }
        try taking(.boundingSet, "secure bits") { () throws(Errno) in try Confinement.setSecureBits(Self.secureBits) }
    }

    private static var mayChangeBounds: Bool {
        guard let own = cap_get_proc() else { return false }
        defer { cap_free(UnsafeMutableRawPointer(own)) }
        var value = CAP_CLEAR
        return cap_get_flag(own, cap_value_t(CAP_SETPCAP), CAP_EFFECTIVE, &value) == 0 && value == CAP_SET
    }

    /// After the user has changed: exactly the kept ones, of those that there are.
    func dropCapabilities() throws(SandboxFailure) {
        guard let own = cap_get_proc(), let next = cap_init() else { throw Self.failure(.capabilities, "memory") }
        defer {
            cap_free(UnsafeMutableRawPointer(own))
            cap_free(UnsafeMutableRawPointer(next))
        }
        for number in 0..<cap_max_bits() where self.profile.keptCapabilities & 1 << UInt64(number) != 0 {
            var (capability, value) = (cap_value_t(number), CAP_CLEAR)
            guard cap_get_flag(own, capability, CAP_PERMITTED, &value) == 0, value == CAP_SET else { continue }
            cap_set_flag(next, CAP_PERMITTED, 1, &capability, CAP_SET)
            cap_set_flag(next, CAP_EFFECTIVE, 1, &capability, CAP_SET)
        }
        cap_reset_ambient()
        if cap_set_proc(next) != 0 { throw Self.failure(.capabilities, "the kept ones") }
    }

    private static func failure(_ step: SandboxStep, _ what: String) -> SandboxFailure {
        SandboxFailure(step, "\(what): \(Errno(rawValue: errno))")
    }
}
