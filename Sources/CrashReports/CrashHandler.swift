import CCrash

/// Reports a crash of this process to its parent.
public enum CrashHandler {
    /// The most bytes that can precede a record.
    public static let longestPrefix = Int(CELERIAC_CRASH_PREFIX)

    /// Has a crash of this process write `prefix` and a ``CrashRecord`` to `descriptor`, in one piece.
    ///
    /// Covers SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV and SIGSYS; the signal still ends the process. Call it after
    /// fork, in the child: a process forked later from this one crashes without a record. Calling it again, from the
    /// same thread, replaces descriptor and prefix.
    ///
    /// - Parameters:
    ///   - descriptor: The writing end of a pipe, open as long as the process lives. When it does not block, a full
    ///     pipe loses the record.
    ///   - prefix: At most ``longestPrefix`` bytes that frame the record, whose size is ``CrashRecord/byteCount``.
    public static func install(descriptor: CInt, prefix: [UInt8] = []) {
        precondition(prefix.count <= longestPrefix, "The prefix of a crash record has at most \(longestPrefix) bytes.")
        let error = celeriac_crash_install(descriptor, prefix, prefix.count)
        precondition(error == 0, "The crash handler could not be installed: errno \(error).")
    }

    /// Lets a stack overflow of the calling thread be reported, too. The installing thread needs no such call.
    ///
    /// Cheap when it was called on this thread before. Without memory for the stack nothing changes.
    public static func prepareThread() {
        _ = celeriac_crash_prepare_thread()
    }

    /// Lets a crash end the process without a record.
    public static func disable() {
        celeriac_crash_disable()
    }
}
