import SandboxPolicy
import Syscalls
import SystemPackage

/// No rights by executing programs, and memory that no sibling reads.
extension Sandbox {
    func dropPrivileges() throws(SandboxFailure) {
        try taking(.privileges, "no_new_privs") { () throws(Errno) in try Confinement.setNoNewPrivileges() }
        try taking(.privileges, "dumpable") { () throws(Errno) in try Confinement.hideMemory() }
    }
}
