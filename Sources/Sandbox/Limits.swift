import SandboxPolicy
import Syscalls
import SystemPackage

/// Limits that no task lifts again: the hard ones.
extension Sandbox {
    func setLimits() throws(SandboxFailure) {
        if self.profile.forbidsCoreDumps {
            try taking(.limits, "core dumps") { () throws(Errno) in try Confinement.forbidCoreDumps() }
        }
        guard self.profile.forbidsKernelMemory else { return }
        try taking(.limits, "locked memory") { () throws(Errno) in try Confinement.forbidLockedMemory() }
        try taking(.limits, "message queues") { () throws(Errno) in try Confinement.forbidMessageQueues() }
    }
}
