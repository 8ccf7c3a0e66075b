import Glibc
import SystemPackage

/// Starts a thread that runs `body` and then ends (`pthread_create(3)`). The name has at most 15 bytes.
///
/// No signal that is sent to the process reaches it, and writing to a closed socket raises none; what its own mistakes
/// raise (`SIGSEGV` and its like) is not blocked. Throws `EAGAIN` when there can be no more threads.
public func startThread(named name: String, _ body: @escaping @Sendable () -> Void) throws(Errno) {
    let start = Unmanaged.passRetained(ThreadStart(name: name, body: body))
    var thread = pthread_t()
    var before = sigset_t()
    var blocked = asynchronousSignals()
    // A thread begins with the mask of the one that starts it.
    pthread_sigmask(SIG_SETMASK, &blocked, &before)
    let result = pthread_create(&thread, nil, runThread, start.toOpaque())
    pthread_sigmask(SIG_SETMASK, &before, nil)
    guard result == 0 else {
        start.release()
        throw Errno(rawValue: result)
    }
    pthread_detach(thread)
}

/// What a thread is to do.
private final class ThreadStart {
    let name: String
    let body: @Sendable () -> Void

    init(name: String, body: @escaping @Sendable () -> Void) {
        self.name = name
        self.body = body
    }
}

private func runThread(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let argument else { preconditionFailure("A thread gets what it is to do.") }
    let start = Unmanaged<ThreadStart>.fromOpaque(argument).takeRetainedValue()
    // The kernel names threads; a process shows the name of its first one.
    setProcessName(start.name)
    start.body()
    return nil
}

/// All signals but those that a thread raises itself by a mistake.
private func asynchronousSignals() -> sigset_t {
    var set = sigset_t()
    sigfillset(&set)
    for signal in [SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGABRT] { sigdelset(&set, signal) }
    return set
}
