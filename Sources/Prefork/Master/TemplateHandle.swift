import Reactor
import SandboxPolicy
import Syscalls
import Wire

/// A template as the master holds it.
final class TemplateHandle {
    let generation: Int
    let pid: ProcessID
    let process: ProcessDescriptor
    let control: MessageSocket
    var registrations: [Reactor.Registration] = []
    var channel: TemplateChannel?
    /// What the children of each pool may do, once it is ready.
    var sandboxes: [SandboxProfile] = []
    /// What a child of each pool reported that was found good: the next one says the same, mostly.
    var goodReports: [Int: Bytes] = [:]
    /// Whether it was told to exit.
    var isStopping = false
    /// Whether it was reaped, and its children are not yet all gone.
    var isLost = false
    /// Private memory of a child that has just become ready; every child of this template starts with the same.
    var childBaseline: MemoryBaseline?
    /// Memory that is charged to the control group of such a child.
    var groupBaseline: UInt64?

    init(generation: Int, pid: ProcessID, process: consuming ProcessDescriptor, control: consuming MessageSocket) {
        self.generation = generation
        self.pid = pid
        self.process = process
        self.control = control
    }
}

/// A fresh child's memory, which its limit does not count: what it shares with its template, and what booting took.
struct MemoryBaseline: Equatable {
    /// Anonymous resident memory, shared by copy-on-write or not.
    let anonymous: UInt64
    /// Memory that only the child uses.
    let privateBytes: UInt64
    /// All resident memory, files included.
    let resident: UInt64
}
