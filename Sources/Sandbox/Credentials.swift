import SandboxPolicy
import Syscalls
import SystemPackage

/// User and group: groups first, the user last, and then the way back is tried.
extension Sandbox {
    func changeUser(_ child: UInt64) throws(SandboxFailure) {
        guard let account = self.profile.user == .perChild ? .ofChild(child) : self.account else { return }
        try taking(.credentials, "groups") { () throws(Errno) in
            // Only root has groups to lose, and the right to.
            if Confinement.user == 0 { try Confinement.clearGroups() }
        }
        try taking(.credentials, "group \(account.group)") { () throws(Errno) in
            if Confinement.group != account.group { try Confinement.setGroup(account.group) }
        }
        try taking(.credentials, "user \(account.user)") { () throws(Errno) in
            if Confinement.user != account.user { try Confinement.setUser(account.user) }
        }
    }
}
