import SandboxPolicy
import Syscalls
import SystemPackage

/// A network, System V objects and a host name of its own.
extension Sandbox {
    /// Making a network takes most of a millisecond, moving into one some microseconds: the template makes an empty one
    /// for all children of a profile. They have no sockets to meet there. Without the right to, `nil`.
    static func makeEmptyNetwork() -> CInt? {
        guard let own = try? openForReading("/proc/self/ns/net") else { return nil }
        defer { closeAll([own]) }
        guard (try? Namespace.network.unshare()) != nil else { return nil }
        let empty = try? openForReading("/proc/self/ns/net")
        // The template stays where it was; it has the right, since it could leave.
        try? Namespace.network.enter(own)
        return empty.flatMap { try? duplicate($0, atLeast: 16) }
    }

    /// Where the worker is not root, it becomes its own master of a namespace of users first.
    func enterNamespaces(_ network: CInt?) throws(SandboxFailure) {
        if Confinement.user != 0 { try self.enterUserNamespace() }
        if let network {
            defer { closeAll([network]) }
            try taking(.namespaces, "network") { () throws(Errno) in try Namespace.network.enter(network) }
        } else if self.profile.hasOwnNetwork {
            try taking(.namespaces, "network") { () throws(Errno) in try Namespace.network.unshare() }
        }
        guard self.profile.hasOwnIPC else { return }
        try taking(.namespaces, "IPC") { () throws(Errno) in try Namespace.ipc.unshare() }
        try taking(.namespaces, "host name") { () throws(Errno) in try Namespace.uts.unshare() }
    }

    private func enterUserNamespace() throws(SandboxFailure) {
        let (user, group) = (Confinement.user, Confinement.group)
        try taking(.namespaces, "users") { () throws(Errno) in
            try Namespace.user.unshare()
            try writeFile("/proc/self/setgroups", "deny")
            try writeFile("/proc/self/uid_map", "\(user) \(user) 1")
            try writeFile("/proc/self/gid_map", "\(group) \(group) 1")
        }
    }
}
