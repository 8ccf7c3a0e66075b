import Glibc

/// A signal that a crash raises.
struct Signal: Equatable {
    let number: Int32

    /// The usual name, such as `SIGSEGV`, or "signal 42".
    var name: String {
        switch self.number {
        case SIGILL: "SIGILL"
        case SIGTRAP: "SIGTRAP"
        case SIGABRT: "SIGABRT"
        case SIGBUS: "SIGBUS"
        case SIGFPE: "SIGFPE"
        case SIGSEGV: "SIGSEGV"
        case SIGSYS: "SIGSYS"
        default: "signal \(self.number)"
        }
    }

    /// Whether the signal says that a memory access failed.
    var concernsMemory: Bool { self.number == SIGSEGV || self.number == SIGBUS }
}
