import SandboxPolicy
import Syscalls
import SystemPackage

/// A `/tmp` of its own, in memory and bounded: gone with the child.
extension Sandbox {
    func mountPrivateTmp() throws(SandboxFailure) {
        guard let size = self.profile.privateTmp else { return }
        try taking(.privateTmp, "mounts") { () throws(Errno) in
            try Namespace.mount.unshare()
            try Mounts.makePrivate()
        }
        try taking(.privateTmp, "/tmp") { () throws(Errno) in
            try Mounts.mountMemory(at: "/tmp", options: "size=\(size.bytes),mode=1777")
        }
    }
}
