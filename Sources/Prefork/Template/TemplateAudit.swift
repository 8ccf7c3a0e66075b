import Syscalls

/// Looks for what must not be in a template when children are forked from it.
enum TemplateAudit {
    /// What was found. The worker does not start with it.
    struct Finding: Error, CustomStringConvertible {
        let description: String
    }

    /// Throws when `preload` left a thread or a socket: a forked child would have neither the thread nor the right
    /// to share the socket.
    static func check(control: CInt) throws(Finding) {
        let threads = ProcessTable.ownThreads()
        guard threads.count == 1 else {
            throw Finding(
                description:
                    "the template has \(threads.count) threads after preload (\(threads.joined(separator: ", "))), "
                    + "and a forked child would hang waiting for them: start threads in prepareChild instead")
        }
        let sockets = ProcessTable.ownDescriptors().filter { $0.number != control && $0.target.hasPrefix("socket:") }
        guard sockets.isEmpty else {
            let names = sockets.map { "descriptor \($0.number) (\($0.target))" }.joined(separator: ", ")
            throw Finding(
                description: "the template holds sockets after preload: \(names); all children would share them: "
                    + "open connections in prepareChild instead")
        }
    }
}
