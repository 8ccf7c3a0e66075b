import CShims
import Glibc
import SystemPackage

/// A signal by its number, with the names that the engine uses.
public struct Signal: Hashable, Sendable {
    /// The kernel's number.
    public let number: CInt

    /// The signal with that number.
    public init(_ number: CInt) { self.number = number }

    /// Asks for a warm shutdown.
    public static let terminate = Signal(SIGTERM)
    /// Typed at a terminal.
    public static let interrupt = Signal(SIGINT)
    /// Asks for a cold shutdown.
    public static let quit = Signal(SIGQUIT)
    /// Asks for new configuration.
    public static let hangUp = Signal(SIGHUP)
    /// Asks for a state dump.
    public static let user1 = Signal(SIGUSR1)
    /// The notice to a child that a soft limit has passed.
    public static let notice = Signal(SIGUSR2)
    /// Asks for one more child.
    public static let terminalInput = Signal(SIGTTIN)
    /// Asks for one child fewer.
    public static let terminalOutput = Signal(SIGTTOU)
    /// A child has changed state.
    public static let child = Signal(SIGCHLD)
    /// Nobody reads the pipe.
    public static let brokenPipe = Signal(SIGPIPE)
    /// A file grew beyond its limit.
    public static let fileSize = Signal(SIGXFSZ)
    /// Lets a stopped process go on; does nothing to another.
    public static let goOn = Signal(SIGCONT)
    /// Ends a process at once.
    public static let kill = Signal(SIGKILL)

    /// The name as in the manual: `SIGTERM`.
    public var name: String {
        if let name = Signal.names[self.number] { return name }
        return "signal \(self.number)"
    }

    private static let names: [CInt: String] = [
        SIGHUP: "SIGHUP", SIGINT: "SIGINT", SIGQUIT: "SIGQUIT", SIGILL: "SIGILL", SIGTRAP: "SIGTRAP",
        SIGABRT: "SIGABRT", SIGBUS: "SIGBUS", SIGFPE: "SIGFPE", SIGKILL: "SIGKILL", SIGUSR1: "SIGUSR1",
        SIGSEGV: "SIGSEGV", SIGUSR2: "SIGUSR2", SIGPIPE: "SIGPIPE", SIGALRM: "SIGALRM", SIGTERM: "SIGTERM",
        SIGCHLD: "SIGCHLD", SIGSTOP: "SIGSTOP", SIGTSTP: "SIGTSTP", SIGTTIN: "SIGTTIN", SIGTTOU: "SIGTTOU",
        SIGXCPU: "SIGXCPU", SIGXFSZ: "SIGXFSZ", SIGVTALRM: "SIGVTALRM", SIGSYS: "SIGSYS",
    ]
}

/// A set of signals as a bit per number.
public struct SignalSet: Sendable {
    fileprivate(set) var bits: UInt64 = 0

    /// The given signals.
    public init(_ signals: [Signal] = []) {
        for signal in signals { self.bits |= 1 << UInt64(signal.number) }
    }
}

/// Blocks exactly the given signals in this thread (`sigprocmask(2)`).
public func blockSignals(_ signals: SignalSet) throws(Errno) { try check(celeriac_signal_block(signals.bits)) }

/// What a signal does in this process when it is not blocked (`sigaction(2)`).
public enum SignalDisposition: Sendable {
    /// The kernel's default action.
    case standard
    /// Nothing, and the default action again after exec: what a child wants for signals meant for the master.
    case discarded
    /// Nothing, also after exec.
    case ignored
}

/// Sets the disposition of one signal.
public func setDisposition(of signal: Signal, to disposition: SignalDisposition) throws(Errno) {
    switch disposition {
    case .standard: try check(celeriac_signal_default(signal.number))
    case .discarded: try check(celeriac_signal_discard(signal.number))
    case .ignored: try check(celeriac_signal_ignore(signal.number))
    }
}

/// Signals as events on a descriptor (`signalfd(2)`). They must be blocked.
public struct SignalDescriptor: ~Copyable {
    /// Readable when a signal is pending.
    public let descriptor: Descriptor

    /// Opens a descriptor for the given signals.
    public init(_ signals: SignalSet) throws(Errno) {
        self.descriptor = Descriptor(owning: try check(celeriac_signal_descriptor(signals.bits)))
    }

    /// The next pending signal.
    public borrowing func next() -> Signal? {
        var received = celeriac_signal()
        return celeriac_signal_read(self.descriptor.number, &received) == 0 ? Signal(received.number) : nil
    }
}

/// The signal by which the master tells a child that a task must stop, with 32 bits of its own.
public enum NoticeSignal {
    /// Handles the signal from now on: keeps the last value and writes each to `pipe`, which must not block.
    public static func install(pipe: CInt) throws(Errno) {
        try check(celeriac_notice_install(Signal.notice.number, pipe))
    }

    /// The next value in the pipe; `nil` when there is none.
    public static func next(from pipe: CInt) -> UInt32? {
        var value: UInt32 = 0
        return Glibc.read(pipe, &value, 4) == 4 ? value : nil
    }

    /// The last value received; 0 before the first.
    public static var lastValue: UInt32 { celeriac_notice_value() }
}
